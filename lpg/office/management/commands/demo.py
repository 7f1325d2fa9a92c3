from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lpg import work
from lpg.accounts.models import User
from lpg.office import demo


class Command(BaseCommand):
    help = "Fills an empty database with a small company to look at. Never with DEBUG=false."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="say nothing when there is data already")

    def handle(self, *args: Any, if_empty: bool, **options: Any) -> None:
        if not settings.DEBUG:
            if if_empty:
                return
            raise CommandError("Demo data is not loaded with DEBUG=false.")
        if not User.objects.exists():
            work.run(demo.load)
        elif not if_empty:
            raise CommandError("There is data already. Demo data goes into an empty database only.")
        names = User.objects.filter(username__in=["admin", "supervisor", "driver", "driver2"], is_active=True)
        known = [user.username for user in names.order_by("pk") if user.check_password(demo.PASSWORD)]
        if known:
            self.stdout.write(f"Demo sign-ins: {', '.join(known)} (password {demo.PASSWORD})")
