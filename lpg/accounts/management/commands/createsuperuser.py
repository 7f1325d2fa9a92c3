import os
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lpg import work
from lpg.accounts import services
from lpg.errors import Refused
from lpg.roles import Role


class Command(BaseCommand):
    help = "Makes an administrator: the first one, or one more. Audited like everything else."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default=os.environ.get("DJANGO_SUPERUSER_USERNAME"))
        parser.add_argument("--employee-id", default=os.environ.get("DJANGO_SUPERUSER_EMPLOYEE_ID"))
        parser.add_argument("--email", default=os.environ.get("DJANGO_SUPERUSER_EMAIL", ""))
        parser.add_argument(
            "--noinput", "--no-input", action="store_true", help="ask nothing; take DJANGO_SUPERUSER_PASSWORD"
        )

    def handle(self, *args: Any, noinput: bool, **options: Any) -> None:
        values: services.UserValues = {
            "username": options["username"] or self._ask("User name", noinput=noinput),
            "employee_id": options["employee_id"] or self._ask("Employee id", noinput=noinput),
            "email": options["email"],
            "role": Role.ADMIN,
            "password": os.environ.get("DJANGO_SUPERUSER_PASSWORD") or self._password(noinput=noinput),
        }
        try:
            user = work.run(lambda: services.create_user(actor=None, values=values))
        except Refused as refused:
            raise CommandError(refused.detail) from refused
        self.stdout.write(f"{user.username} is an administrator now.")

    def _ask(self, what: str, *, noinput: bool) -> str:
        if noinput:
            raise CommandError(f"{what}: give it as an option or in the environment.")
        return input(f"{what}: ").strip()

    def _password(self, *, noinput: bool) -> str:
        if noinput:
            raise CommandError("Password: set DJANGO_SUPERUSER_PASSWORD.")
        password = getpass("Password: ")
        if password != getpass("The same again: "):
            raise CommandError("The two passwords differ. Nothing was made; try again.")
        return password
