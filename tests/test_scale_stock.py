"""A million movements behind it: verify stays fast, and a page of the ledger costs what it cost on the first day."""

import statistics
import time

import pytest

from lpg.api.pages import Cursor
from lpg.integrity.services import verify
from lpg.inventory.models import Movement
from tests.history import LINES, History


def seconds(do) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


@pytest.mark.django_db(transaction=True)
def test_verify_reads_a_history_and_finds_nothing_wrong(admin, driver, singgas):
    History(admin, driver, singgas).make(1_000)
    run = verify()
    assert run.ok, run.checks
    assert Movement.objects.count() == 1_000 * LINES + LINES


@pytest.mark.scale
@pytest.mark.django_db(transaction=True)
def test_a_million_movements(admin, driver, singgas, signed_in, capsys):
    History(admin, driver, singgas).make(100_000)
    assert Movement.objects.count() > 1_000_000
    took = seconds(lambda: verify().ok or pytest.fail("the books disagree"))
    client = signed_in(admin)
    ledger = f"/api/v1/inventories/movements/?type=depot&id={singgas.pk}&page_size=50"
    first = client.get(ledger).json()["next"]
    middle = _far_in(client, ledger)
    for url in (first, middle):
        client.get(url)
    pages = {url: [] for url in (first, middle)}
    for _ in range(15):
        for url, times in pages.items():
            times.append(seconds(lambda url=url: client.get(url)))
    near, far = (statistics.median(times) for times in pages.values())
    with capsys.disabled():
        print(f"\nverify over {Movement.objects.count()} movements took {took:.1f} s")
        print(f"page 2: {near * 1000:.1f} ms, page 10,000: {far * 1000:.1f} ms, ratio {far / near:.2f}")
    assert took < 20
    assert far / near < 1.3


def _far_in(client, ledger: str) -> str:
    """The address of a page half a million rows in, made the way the list makes it."""
    row = Movement.objects.order_by("-pk")[500_000]
    return f"{ledger}&cursor={Cursor('movements-list', '-id', False, row.pk, row.pk).encode()}"
