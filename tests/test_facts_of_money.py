"""What happened already cannot be refused: rates of last week, credit, payments, post, and times that cannot be."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from lpg import sql
from lpg.customers.services import change_customer
from lpg.facts import Fact
from lpg.invoices import deliveries
from lpg.invoices.models import Delivery
from lpg.payments import services as payments
from lpg.payments.selectors import balance_of
from lpg.payments.services import Money
from lpg.transactions import services as sales
from tests import make
from tests.sales import answer, delivered, full_back, refused, served
from tests.stock import fill
from tests.told import Told, is_a_no_without_a_fact, noted_in_audit, tell

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def cylinder(shop, admin):
    """Without any rate."""
    made = make.some_equipment(admin, rate=None)
    for place in (shop.truck, shop.depot):
        fill(admin, place, made, 50)
    return made


def days_ago(days: int):
    return timezone.localdate() - timedelta(days=days)


def sold(shop, *items, **more):
    return shop.sell(*items, by=shop.driver, **more)


# --- rates -----------------------------------------------------------------------------------------------------------


def own(shop, cylinder, rate, since, entered=None):
    entered = entered or timezone.now() - timedelta(days=100)
    columns = ("customer_id", "equipment_id", "rate", "effective_from", "created_at")
    kept = (shop.customer.pk, cylinder.pk, int(Decimal(rate) * 10_000), since.isoformat(), sql.moment(entered))
    sql.insert("customers_rate", columns, [kept])


def default(shop, cylinder, rate, since, entered=None):
    entered = entered or timezone.now() - timedelta(days=100)
    columns = ("equipment_id", "rate", "effective_from", "created_at")
    kept = (cylinder.pk, int(Decimal(rate) * 10_000), since.isoformat(), sql.moment(entered))
    sql.insert("equipment_defaultrate", columns, [kept])


@pytest.mark.parametrize("set_rate", [own, default])
@pytest.mark.parametrize(("until", "honoured"), [(0, True), (1, True), (6, True), (7, True), (8, False), (30, False)])
def test_a_rate_that_was_the_customers_within_a_week_is_honoured(shop, cylinder, set_rate, until, honoured):
    """The old rate was in force up to the day before the new one."""
    set_rate(shop, cylinder, "40", days_ago(90))
    set_rate(shop, cylinder, "50", days_ago(until - 1))
    at = timezone.now()
    plain, _ = answer(sold(shop, delivered(cylinder, 1, "40")))
    assert plain["holds"] == ([] if until == 0 else ["rate_override"])
    sale, fact = tell(sold, shop, delivered(cylinder, 2, "40"), at=at)
    told, _ = answer(sale)
    assert (told["total_amount"], told["holds"]) == ("80.00", [] if honoured else ["rate_override"])
    assert fact.kinds == []


def test_a_rate_that_was_replaced_the_same_day_or_backwards_is_honoured(shop, cylinder):
    """A rate entered for days past was not known to the phone before; one entered after the sale counts for nothing."""
    at = timezone.now()
    own(shop, cylinder, "40", days_ago(90))
    own(shop, cylinder, "43", days_ago(0), at - timedelta(minutes=2))
    own(shop, cylinder, "44", days_ago(0), at - timedelta(minutes=1))
    own(shop, cylinder, "50", days_ago(30), at + timedelta(seconds=1))
    own(shop, cylinder, "54", days_ago(0), at + timedelta(seconds=2))
    own(shop, cylinder, "55", days_ago(0), at + timedelta(seconds=3))
    rates = {"40": True, "43": True, "44": True, "50": True, "54": False, "55": True, "41": False}
    for rate, honoured in rates.items():
        sale, _ = tell(sold, shop, delivered(cylinder, 1, rate), at=at)
        assert sale.transaction.holds == ([] if honoured else ["rate_override"]), rate


def test_a_rate_that_came_and_went_within_the_week_is_honoured(shop, cylinder):
    for rate, since in (("40", 90), ("45", 5), ("50", 2)):
        own(shop, cylinder, rate, days_ago(since))
    for rate in ("40", "45", "50"):
        sale, _ = tell(sold, shop, delivered(cylinder, 1, rate))
        assert sale.transaction.status == "CONFIRMED", rate


def test_the_default_rate_was_not_the_rate_of_a_customer_with_an_own_one(shop, cylinder):
    default(shop, cylinder, "30", days_ago(90))
    own(shop, cylinder, "40", days_ago(90))
    sale, _ = tell(sold, shop, delivered(cylinder, 1, "30"))
    assert sale.transaction.holds == ["rate_override"]
    default(shop, cylinder, "60", days_ago(3))
    sale, _ = tell(sold, shop, delivered(cylinder, 1, "60"))
    assert sale.transaction.holds == ["rate_override"]


def test_any_other_rate_applies_as_shown_and_waits(shop, cylinder):
    own(shop, cylinder, "40", days_ago(90))
    sale, fact = tell(sold, shop, delivered(cylinder, 2, "39.99"), full_back(cylinder, 1, "40"), paid="5.00")
    told, document = answer(sale)
    assert (told["status"], told["holds"], told["total_amount"]) == ("PENDING", ["rate_override"], "39.98")
    assert (document, fact.kinds) == ({}, [])


def test_no_rate_at_all_is_refused_and_one_that_was_sent_waits(shop, cylinder):
    refused("no_rate", sold, shop, delivered(cylinder), fact=Told())
    sale, _ = tell(sold, shop, delivered(cylinder, 1, "40"))
    assert (sale.transaction.holds, sale.transaction.total_amount) == (["rate_override"], Decimal(40))


def test_credit_over_the_limit_waits_as_ever(shop, cylinder):
    own_limit = {"payment_type": "CREDIT", "credit_limit": Decimal(50)}
    limited = shop.another(**own_limit)
    sale, fact = tell(sold, shop, served("60"), customer=limited)
    assert (sale.transaction.holds, fact.kinds) == (["credit_limit"], [])


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ago", "kind"),
    [
        (timedelta(0), None),
        (WEEK - timedelta(minutes=1), None),
        (WEEK + timedelta(minutes=1), "late"),
        (timedelta(days=4000), "late"),
        (-timedelta(minutes=4), None),
        (-timedelta(minutes=6), "early"),
        (-timedelta(days=4000), "early"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_time_that_cannot_count_is_today_and_the_original_is_kept(shop, cylinder, ago, kind, named):
    own(shop, cylinder, "40", days_ago(5000))
    own(shop, cylinder, "50", days_ago(0))
    now = timezone.now()
    at = now - ago
    more = {"occurred_at": at} if named else {"at": at}
    sale, fact = tell(sold, shop, delivered(cylinder), now=now, **more)
    row = sale.transaction
    assert fact.kinds == noted_in_audit(row) == ([kind] if kind else [])
    if kind:
        assert (row.occurred_at, row.total_amount) == (now, Decimal(50))
        assert fact.noted[0].facts["original"] == timezone.localtime(at).isoformat()
    else:
        assert row.occurred_at == at
        assert row.total_amount == (50 if timezone.localdate(at) >= days_ago(0) else 40)


def test_what_happened_on_a_closed_day_counts_today():
    now = timezone.now()
    at = now - timedelta(days=2)
    asked = []
    fact = Fact(at)
    assert fact.counts_at(None, now, lambda day: bool(asked.append(day)) or True) == now
    assert asked == [timezone.localdate(at)]
    assert [one.kind for one in fact.noted] == ["closed_day"]
    assert Fact(at).counts_at(None, now, lambda day: False) == at


# --- payments --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pay(shop):
    money = Money("CASH", Decimal("25.00"))
    return partial(payments.record, actor=shop.driver, customer_id=shop.customer.pk, money=money)


def test_a_payment_of_a_customer_that_was_retired_since(shop, pay):
    sold(shop, served("60"))
    change_customer(actor=shop.admin, customer_id=shop.customer.pk, values={"is_active": False})
    made, fact = tell(pay, now=timezone.now())
    assert fact.kinds == noted_in_audit(made) == ["inactive_customer"]
    assert balance_of(shop.customer.pk) == Decimal(35)


@pytest.mark.parametrize(("ago", "kind"), [(timedelta(days=9), "late"), (-timedelta(hours=1), "early")])
@pytest.mark.parametrize("named", [True, False])
def test_a_payment_of_a_time_that_cannot_count(pay, ago, kind, named):
    now = timezone.now()
    more = {"received_at": now - ago} if named else {"at": now - ago}
    made, fact = tell(pay, now=now, **more)
    assert (made.received_at, fact.kinds, noted_in_audit(made)) == (now, [kind], [kind])


def test_a_payment_is_received_when_it_was_captured(pay):
    at = timezone.now() - timedelta(hours=5)
    made, fact = tell(pay, now=timezone.now(), at=at)
    assert (made.received_at, fact.kinds) == (at, [])


def test_money_for_an_invoice_that_the_customer_does_not_have_is_kept(shop, pay):
    mine = sold(shop, served("10")).invoice
    sold(shop, served("10"))
    theirs = sold(shop, served("10"), customer=shop.another()).invoice
    asked = {"invoice_ids": [theirs.pk, mine.pk, 10**9], "now": timezone.now()}
    is_a_no_without_a_fact("invalid", pay, **asked)
    made, fact = tell(pay, **asked)
    assert fact.kinds == noted_in_audit(made) == ["unknown_invoice"]
    assert fact.noted[0].facts["invoices"] == [theirs.pk, 10**9]
    assert made.unallocated == Decimal(15)  # what was named and is theirs is paid; nothing else is guessed


def test_a_payment_of_an_unknown_customer_is_refused(pay):
    refused("invalid", pay, customer_id=10**9, now=timezone.now(), fact=Told())


# --- post ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["", "a@b..example"])
def test_a_document_without_an_address_is_noted_and_its_delivery_has_failed(shop, to):
    invoice = sold(shop, served("10")).invoice
    asked = {"actor": shop.driver, "invoice_id": invoice.pk, "to": to, "now": timezone.now()}
    is_a_no_without_a_fact("invalid" if to else "no_address", deliveries.email, **asked)
    made, fact = tell(deliveries.email, **asked)
    [delivery] = made.posted
    assert (delivery.state, fact.kinds) == (Delivery.State.FAILED, ["no_address"])
    assert noted_in_audit(delivery) == ["no_address"]


def test_a_document_with_an_address_goes(shop):
    invoice = sold(shop, served("10")).invoice
    asked = {"actor": shop.driver, "invoice_id": invoice.pk, "to": "shop@example.com", "now": timezone.now()}
    made, fact = tell(deliveries.email, **asked)
    assert (made.posted[0].state, fact.kinds) == (Delivery.State.QUEUED, [])


def test_a_plain_sale_asks_nothing_more_than_before(shop, cylinder, monkeypatch):
    """No statement of a fact is made without one."""
    own(shop, cylinder, "40", days_ago(1))
    for name in ("rows", "run"):
        kept = getattr(sql, name)
        monkeypatch.setattr(sql, name, lambda statement, *more, kept=kept: kept(_plain(statement), *more))
    assert sales.sell(
        actor=shop.driver, customer_id=shop.customer.pk, items=[delivered(cylinder)], now=timezone.now()
    ).invoice


def _plain(statement: str) -> str:
    assert "audit_auditlog" not in statement or statement.startswith("INSERT"), statement
    assert "day_close" not in statement, statement
    return statement
