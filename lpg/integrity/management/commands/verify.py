import sys
from typing import Any

from django.core.management.base import BaseCommand

from lpg import work
from lpg.integrity import services


class Command(BaseCommand):
    help = "Proves that the books agree with themselves; exits with 1 if they do not."

    def handle(self, *args: Any, **options: Any) -> None:
        run = services.verify()
        work.run(lambda: services.keep(run))
        for check in run.checks:
            self.stdout.write(f"{'ok ' if check['ok'] else 'NOT'} {check['name']}")
            for row in check["rows"]:
                self.stdout.write(f"      {row}")
        if not run.ok:
            sys.exit(1)
