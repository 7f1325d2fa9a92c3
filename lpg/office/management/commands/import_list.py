from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lpg.accounts.models import User
from lpg.errors import Refused
from lpg.office import lists
from lpg.office.list_nouns import LISTS
from lpg.office.list_views import in_words


class Command(BaseCommand):
    help = "Imports a CSV or XLSX file into a list: all of it, or nothing and a list of what is wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("noun", choices=list(LISTS))
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")
        parser.add_argument("--as", required=True, dest="username", help="the administrator who answers for it")

    def handle(self, *args: Any, noun: str, file: Path, dry_run: bool, username: str, **options: Any) -> None:
        actor = User.objects.filter(username=username, is_active=True).first()
        if actor is None:
            raise CommandError(f"There is no active user {username}.")
        try:
            report = lists.run(noun, file.read_bytes(), actor=actor, dry=dry_run)
        except (OSError, Refused) as error:
            raise CommandError(str(error)) from error
        for fault in report.faults:
            self.stderr.write(f"row {fault.row}, {fault.column or 'as a whole'}: {fault.message}")
        if report.faults:
            raise CommandError("Nothing was imported.")
        self.stdout.write(f"{'It would be' if dry_run else 'Imported'}: {in_words(report)}.")
