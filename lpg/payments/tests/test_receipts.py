"""A receipt is drawn when somebody first asks for it, is kept, and says so when the payment was reversed."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.paper import store
from lpg.payments import receipts, services
from lpg.payments.models import Payment, ReceiptPdf
from tests import make
from tests.papers import documents, files, the_file
from tests.races import all_well, together
from tests.sales import Shop
from tests.stock import disagreements


def versions(payment: Payment) -> list[tuple[int, str]]:
    rows = ReceiptPdf.objects.filter(payment=payment.pk).order_by("version")
    return list(rows.values_list("version", "content_hash"))


def given_out(payment: Payment, later: float = 0) -> receipts.Paper[ReceiptPdf]:
    return receipts.ensure(payment.pk, now=timezone.now() + timedelta(seconds=later))


def reverse(shop: Shop, payment: Payment, later: float = 0) -> None:
    now = timezone.now() + timedelta(seconds=later)
    services.reverse(actor=shop.admin, payment_id=payment.pk, reason="The cheque came back", now=now)


@pytest.mark.django_db
def test_it_is_made_kept_and_told_once(shop, singgas):
    documents(shop)
    payment = shop.pay("50.00")
    paper = given_out(payment)
    assert paper.content.startswith(b"%PDF-")
    assert given_out(payment, 60) == paper
    assert versions(payment) == [(1, paper.pdf.content_hash)]
    assert files() == [paper.pdf.content_hash]
    row = AuditLog.objects.get(entity_type="ReceiptPdf")
    assert (row.action, row.user, row.entity_id, row.depot) == ("CREATE_RECEIPT_PDF", None, paper.pdf.pk, singgas)
    assert disagreements() == {}


@pytest.mark.django_db
def test_a_lost_one_comes_out_as_it_was_though_more_was_settled_since(shop):
    payment = shop.pay("50.00")  # nothing is open yet
    first = given_out(payment)
    documents(shop)
    services.allocate(actor=shop.admin, payment_id=payment.pk, now=timezone.now() + timedelta(seconds=1))
    Path(the_file(first.pdf.content_hash)).unlink()
    assert given_out(payment, 60) == first
    assert versions(payment) == [(1, first.pdf.content_hash)]
    assert receipts.facts_of(payment, first.pdf.made_at)["allocations"] == []
    later = receipts.facts_of(payment, timezone.now() + timedelta(seconds=2))
    assert [str(amount) for _, amount in later["allocations"]] == ["20.00"]
    assert str(later["unallocated"]) == "30.00"


@pytest.mark.django_db
@pytest.mark.parametrize("behind", [0, -30], ids=["in order", "by a clock that is behind"])
def test_a_reversed_payment_gets_another_that_says_so(shop, behind):
    documents(shop)
    payment = shop.pay("15.00")
    first = given_out(payment)
    reverse(shop, payment, behind)
    payment.refresh_from_db()
    assert payment.reversed_at > first.pdf.made_at
    assert receipts.latest_of(payment) is None
    second = given_out(payment, behind)
    assert second.pdf.version == 2
    assert second.content != first.content
    assert given_out(payment, 60) == second
    facts = receipts.facts_of(payment, second.pdf.made_at)
    assert (facts["reverse_reason"], facts["allocations"], str(facts["unallocated"])) == (
        "The cheque came back",
        [],
        "0.00",
    )
    told = AuditLog.objects.get(action="UPDATE_RECEIPT_PDF")
    assert told.payload["before"]["content_hash"] == first.pdf.content_hash
    the_file(second.pdf.content_hash).unlink()
    assert given_out(payment, 90) == second
    assert len(versions(payment)) == 2
    assert disagreements() == {}


@pytest.mark.django_db
def test_one_reversed_before_anybody_asked_has_one(shop):
    payment = shop.pay("15.00")
    reverse(shop, payment, 5)  # by a clock that is ahead
    paper = given_out(payment)
    assert (paper.pdf.version, receipts.latest_of(Payment.objects.get(pk=payment.pk))) == (1, paper.pdf)
    assert given_out(payment) == paper
    assert disagreements() == {}


@pytest.mark.django_db
def test_one_reversed_while_its_receipt_is_drawn_is_drawn_again(shop, monkeypatch):
    payment, draw, drawn = shop.pay("15.00"), receipts.render, []

    def slow(template, facts):
        made = draw(template, facts)
        if not drawn:
            reverse(shop, payment)
        drawn.append(made)
        return made

    monkeypatch.setattr(receipts, "render", slow)
    paper = given_out(payment, 1)
    assert len(drawn) == 2
    assert paper.content == drawn[1].content != drawn[0].content
    assert versions(payment) == [(1, paper.pdf.content_hash)]


@pytest.mark.django_db(transaction=True)
def test_four_who_ask_at_once_get_the_same(shop):
    payment = shop.pay("15.00")
    papers = all_well(together(*[partial(given_out, payment, number) for number in range(4)]))
    assert len({paper.pdf.content_hash for paper in papers}) == 1
    assert [version for version, _ in versions(payment)] == [1]
    assert len(files()) == 1


@pytest.mark.django_db
def test_over_the_api_it_has_its_number_and_is_sent_once(shop, other_driver):
    payment = shop.pay("15.00")
    client, address = make.a_client(shop.admin), f"/api/v1/payments/{payment.pk}/receipt/"
    assert make.a_client(other_driver).get(address).status_code == 404
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == f'inline; filename="{payment.payment_number}.pdf"'
    assert answer["ETag"] == f'"{store.sha256(answer.content).hexdigest()}"'
    assert client.get(address, headers={"If-None-Match": answer["ETag"]}).status_code == 304
    reverse(shop, payment)
    changed = client.get(address, headers={"If-None-Match": answer["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != answer["ETag"]
