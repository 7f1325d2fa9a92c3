"""Verifying the books: every check of every app, all on one snapshot, so that selling goes on meanwhile."""

from django.utils import timezone

from lpg import work
from lpg.day_close.checks import CHECKS as OF_DAY_CLOSES
from lpg.distribution.checks import CHECKS as OF_DISTRIBUTIONS
from lpg.integrity.models import Run
from lpg.inventory.checks import CHECKS as OF_STOCK
from lpg.invoices.checks import CHECKS as OF_DOCUMENTS
from lpg.meters.checks import CHECKS as OF_METERS
from lpg.payments.checks import CHECKS as OF_MONEY
from lpg.transactions.checks import CHECKS as OF_SALES

CHECKS = {**OF_STOCK, **OF_DISTRIBUTIONS, **OF_METERS, **OF_SALES, **OF_DOCUMENTS, **OF_MONEY, **OF_DAY_CLOSES}


def verify() -> Run:
    """Run every check and say what disagrees; at most 20 rows each. Not kept yet: `keep` does that.

    Must not be within a transaction.
    """
    at = timezone.now()
    with work.snapshot():
        results = [(name, check()) for name, check in CHECKS.items()]
    checks = [{"name": name, "ok": not rows, "rows": rows} for name, rows in results]
    return Run(at=at, ok=all(check["ok"] for check in checks), checks=checks)


def keep(run: Run) -> Run:
    """Remember a run as the last one."""
    run.save(force_insert=True)
    return run
