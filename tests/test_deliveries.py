"""Asking for mail and printing, by API and with a sale: what is queued, for whom, and what is refused."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lpg.customers.services import change_customer
from lpg.invoices import deliveries
from lpg.invoices.models import Delivery, Invoice
from tests.bad import is_a_problem
from tests.post import ADDRESS, as_kept, emailed, failed, sent
from tests.sales import answer, delivered, full_back, served

pytestmark = pytest.mark.django_db
API = "/api/v1/invoices/"
DAY = timedelta(days=1)


@pytest.fixture
def reachable(shop):
    return shop.another(email=ADDRESS)


def post(client, path, body=None, **headers):
    return client.post(f"{API}{path}", body or {}, format="json", headers=headers)


def refused(client, path, status, code, body=None):
    before = list(Delivery.objects.order_by("pk").values())
    problem = is_a_problem(reply := post(client, path, body))
    assert (reply.status_code, problem["code"]) == (status, code), problem
    assert list(Delivery.objects.order_by("pk").values()) == before
    return problem


# --- asked for --------------------------------------------------------------------------------------------------------


def test_a_document_goes_to_the_customers_address_of_today(shop, reachable, signed_in):
    invoice = shop.sell(served("5"), customer=reachable).invoice
    change_customer(actor=shop.admin, customer_id=reachable.pk, values={"email": "new@example.com"})
    before = timezone.now()
    reply = post(signed_in(shop.admin), f"{invoice.pk}/email/")
    assert reply.status_code == 202
    (delivery,) = reply.json()["deliveries"]
    kept = Delivery.objects.get()
    assert delivery == {
        "id": kept.pk,
        "to": "new@example.com",
        "state": "queued",
        "attempts": 0,
        "next_try_at": delivery["next_try_at"],
        "last_error": "",
        "sent_at": None,
    }
    assert before <= kept.next_try_at <= timezone.now()
    assert kept.gives_up_at == kept.next_try_at + DAY
    assert (reply.json()["status"], reply.json()["emailed_at"]) == ("generated", None)
    assert reply.json() == signed_in(shop.admin).get(f"{API}{invoice.pk}/").json()


def test_it_goes_to_the_address_that_is_given_and_as_often_as_is_asked(shop, reachable, signed_in):
    invoice = shop.sell(served("5"), customer=reachable).invoice
    client = signed_in(shop.admin)
    for to in ("boss@example.com", None, "", "boss@example.com"):
        assert post(client, f"{invoice.pk}/email/", {"to": to}).status_code == 202
    log = client.get(f"{API}{invoice.pk}/").json()["deliveries"]
    assert [row["to"] for row in log] == ["boss@example.com", ADDRESS, ADDRESS, "boss@example.com"]
    assert len(set(Delivery.objects.values_list("message_id", flat=True))) == 4


def test_a_repeated_key_asks_once(shop, reachable, signed_in):
    invoice, client = shop.sell(served("5"), customer=reachable).invoice, signed_in(shop.admin)
    first, again = (post(client, f"{invoice.pk}/email/", **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert Delivery.objects.count() == 1


def test_without_any_address_it_is_refused_in_words_that_help(shop, signed_in):
    invoice = shop.sell(served("5")).invoice
    problem = refused(signed_in(shop.admin), f"{invoice.pk}/email/", 409, "no_address")
    assert str(shop.customer) in problem["detail"]
    assert "Enter one" in problem["detail"]


@pytest.mark.parametrize(
    "to",
    [
        "nobody",
        "a@b",
        "a@b.co, c@d.co",
        "A <a@b.co>",
        "a@b.co\r\nBcc: c@d.co",
        "陈@b.co",
        '"a b"@b.co',
        "x" * 250 + "@b.co",
        5,
        ["a@b.co"],
    ],
)
def test_what_is_no_single_address_is_refused(to, shop, reachable, signed_in):
    invoice = shop.sell(served("5"), customer=reachable).invoice
    problem = refused(signed_in(shop.admin), f"{invoice.pk}/email/", 400, "invalid", {"to": to})
    assert list(problem["errors"]) == ["to"]
    assert refused(signed_in(shop.admin), f"{invoice.pk}/email/", 400, "invalid", {"email": ADDRESS})["errors"] == {
        "email": ["This is called to here."]
    }


def test_message_ids_name_the_document_and_fit_whatever_the_sender(shop, reachable, settings):
    for sender, domain in (
        ("HSH LPG <noreply@hshlpg.com.sg>", "hshlpg.com.sg"),
        ("bills@例え.jp", "xn--r8jz45g.jp"),
        (f"a@{'long.' * 30}co", f"{'long.' * 9}co"),
    ):
        settings.DEFAULT_FROM_EMAIL = sender
        delivery = emailed(shop.admin, shop.sell(served("5"), customer=reachable).invoice)
        number, _, kept = as_kept(delivery).message_id.strip("<>").partition("@")
        assert number.startswith(f"{delivery.invoice.invoice_number}-")
        assert kept == domain


# --- with the sale ----------------------------------------------------------------------------------------------------


def test_a_sale_may_ask_for_it_and_then_it_is_there_at_once(shop, reachable, signed_in):
    body = {
        "customer": reachable.pk,
        "items": [{"item_type": "SERVICE", "quantity": 1, "rate": "5", "description": "Hose"}],
        "send_email": True,
    }
    client = signed_in(shop.driver)
    reply = client.post("/api/v1/transactions/", body, format="json")
    assert reply.status_code == 201, reply.content
    (delivery,) = reply.json()["invoice"]["deliveries"]
    assert (delivery["to"], delivery["state"]) == (ADDRESS, "queued")
    assert client.get(f"{API}{reply.json()['invoice']['id']}/").json() == reply.json()["invoice"]
    for plain in ({}, {"send_email": False}):
        reply = client.post("/api/v1/transactions/", {**body, "send_email": False, **plain}, format="json")
        assert reply.json()["invoice"]["deliveries"] == []
    for wrong in ("true", 1, None, ADDRESS):
        reply = client.post("/api/v1/transactions/", {**body, "send_email": wrong}, format="json")
        assert list(is_a_problem(reply)["errors"]) == ["send_email"]
    assert Delivery.objects.count() == 1


def test_for_a_customer_without_an_address_the_sale_stands_and_says_so(shop, signed_in):
    sold, invoice = answer(shop.sell(served("5"), send_email=True))
    assert sold["status"] == "CONFIRMED"
    (delivery,) = invoice["deliveries"]
    assert (delivery["to"], delivery["state"], delivery["last_error"]) == ("", "failed", "no_address")
    assert delivery["next_try_at"] is None
    retry = f"{invoice['id']}/deliveries/{delivery['id']}/retry/"
    problem = refused(signed_in(shop.admin), retry, 409, "no_address")
    assert "Email the document again" in problem["detail"]


def test_an_address_that_came_in_by_another_door_and_cannot_be_used_fails_at_once(shop, reachable, signed_in):
    type(reachable).objects.filter(pk=reachable.pk).update(email="a b@c\r\nBcc: d@e.co")
    _, invoice = answer(shop.sell(served("5"), customer=reachable, send_email=True))
    assert invoice["deliveries"][0]["state"] == "failed"
    assert "Correct it" in invoice["deliveries"][0]["last_error"]
    problem = refused(signed_in(shop.admin), f"{invoice['id']}/email/", 400, "invalid")
    assert list(problem["errors"]) == ["to"]


def test_a_sale_that_waits_is_mailed_when_it_is_approved_and_not_when_it_is_voided(shop, reachable):
    thing = shop.thing("40.0000", reachable)
    waits = [
        shop.sell(delivered(thing, 1, "1.0000"), customer=reachable, by=shop.driver, send_email=True) for _ in range(2)
    ]
    assert not Delivery.objects.exists()
    shop.void(waits[1])
    assert not Delivery.objects.exists()
    _, invoice = answer(shop.approve(waits[0]))
    assert [(row["to"], row["state"]) for row in invoice["deliveries"]] == [(ADDRESS, "queued")]
    assert Delivery.objects.get().user == shop.driver  # who asked for it


def test_below_zero_the_credit_note_is_mailed(shop, reachable):
    thing = shop.thing("40.0000", reachable)
    sale = shop.sell(full_back(thing), customer=reachable, send_email=True)
    assert Delivery.objects.get().invoice == sale.invoice
    assert sale.invoice.is_credit_note


def test_a_voided_sale_still_shows_what_was_mailed(shop, reachable):
    sale = shop.sell(served("5"), customer=reachable, send_email=True)
    _, invoice = answer(shop.void(sale))
    assert [row["to"] for row in invoice["deliveries"]] == [ADDRESS]


def test_a_sale_pays_one_statement_for_it_and_none_without(shop, reachable):
    def statements(**more):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            shop.sell(served("5"), customer=reachable, **more)
        return len(caught)

    statements()
    assert statements(send_email=True) == statements() + 1


# --- tried again ------------------------------------------------------------------------------------------------------


def test_what_has_failed_is_tried_again_for_another_day(shop, signed_in):
    delivery = failed(shop.admin, shop.sell(served("5")).invoice, now=timezone.now() - 3 * DAY)
    before = timezone.now()
    reply = post(signed_in(shop.admin), f"{delivery.invoice_id}/deliveries/{delivery.pk}/retry/")
    assert reply.status_code == 200
    (row,) = reply.json()["deliveries"]
    assert (row["state"], row["attempts"], row["last_error"]) == ("queued", 0, "")
    kept = as_kept(delivery)
    assert before <= kept.next_try_at <= timezone.now()
    assert kept.gives_up_at == kept.next_try_at + DAY
    assert kept.message_id == delivery.message_id
    assert reply.json() == signed_in(shop.admin).get(f"{API}{delivery.invoice_id}/").json()


def test_what_has_not_failed_is_not_tried_again_and_what_is_not_there_is_404(shop, signed_in):
    invoice, other = (shop.sell(served("5")).invoice for _ in range(2))
    client, way = signed_in(shop.admin), f"{invoice.pk}/deliveries/"
    assert (
        "on its way" in refused(client, f"{way}{emailed(shop.admin, invoice).pk}/retry/", 409, "not_failed")["detail"]
    )
    assert "arrived" in refused(client, f"{way}{sent(shop.admin, invoice).pk}/retry/", 409, "not_failed")["detail"]
    theirs = failed(shop.admin, other)
    for id in (theirs.pk, 987654321):
        refused(client, f"{way}{id}/retry/", 404, "not_found")
    for path in ("987654321/email/", "987654321/print/", f"987654321/deliveries/{theirs.pk}/retry/"):
        refused(client, path, 404, "not_found")


def test_a_driver_mails_and_prints_what_the_driver_sold_and_nothing_else(shop, reachable, other_driver, signed_in):
    mine = shop.sell(served("5"), customer=reachable, by=shop.driver).invoice
    bosses = shop.sell(served("5"), customer=reachable).invoice
    driver = signed_in(shop.driver)
    for client, invoice, status in (
        (driver, mine, (202, 200)),
        (driver, bosses, (404, 404)),
        (signed_in(other_driver), mine, (404, 404)),
    ):
        found = tuple(post(client, f"{invoice.pk}/{what}/").status_code for what in ("email", "print"))
        assert found == status


# --- printed, emailed -------------------------------------------------------------------------------------------------


def test_status_and_times_say_what_was_done_first(shop, reachable, signed_in):
    invoice, client = shop.sell(served("5"), customer=reachable).invoice, signed_in(shop.admin)

    def now():
        found = client.get(f"{API}{invoice.pk}/").json()
        return found["status"], found["printed_at"], found["emailed_at"]

    assert now() == ("generated", None, None)
    printed = post(client, f"{invoice.pk}/print/").json()["printed_at"]
    assert now() == ("printed", printed, None)
    assert printed
    assert post(client, f"{invoice.pk}/print/").json()["printed_at"] == printed
    sent(shop.admin, invoice)
    status, _, emailed_at = now()
    assert status == "emailed"
    assert emailed_at
    sent(shop.admin, invoice, timezone.now() + DAY)
    assert now() == ("emailed", printed, emailed_at)
    shop.pay("5.00", reachable)
    assert now() == ("paid", printed, emailed_at)


# --- the rules of trying ----------------------------------------------------------------------------------------------


def test_each_wait_is_about_twice_the_last_up_to_half_an_hour_and_a_day_later_it_is_given_up(shop):
    now = timezone.now()
    delivery = emailed(shop.admin, shop.sell(served("5")).invoice, now=now)
    waits = []
    while as_kept(delivery).state == "queued":
        assert deliveries.claim(delivery, now=now)
        deliveries.not_now(delivery, "The mail server did not answer in time.", now=now)
        delivery = as_kept(delivery)
        if delivery.next_try_at:
            waits.append((delivery.next_try_at - now).total_seconds())
            now = delivery.next_try_at
    for wait, about in zip(waits, (15, 30, 60, 120, 240, 480, 960, 1800, 1800), strict=False):
        assert about * 0.8 <= wait <= about
    assert max(waits) <= 1800
    assert len(waits) > 48
    assert now == delivery.gives_up_at
    assert delivery.last_error == "Given up after a day. The mail server did not answer in time."
    assert delivery.attempts == len(waits) + 1


def test_waits_differ_so_that_not_everything_comes_back_at_once(shop):
    now = timezone.now()
    found = set()
    for _ in range(5):
        delivery = emailed(shop.admin, shop.sell(served("5")).invoice, now=now)
        deliveries.claim(delivery, now=now)
        deliveries.not_now(delivery, "x", now=now)
        found.add(as_kept(delivery).next_try_at)
    assert len(found) == 5


def test_a_claim_is_good_for_less_than_a_minute_and_then_for_another(shop):
    now = timezone.now()
    delivery = emailed(shop.admin, shop.sell(served("5")).invoice, now=now)
    late = as_kept(delivery)
    assert deliveries.claim(delivery, now=now)
    assert not deliveries.claim(late, now=now)  # seen as it was before
    kept = as_kept(delivery)
    assert (kept.state, kept.attempts, kept.next_try_at) == ("sending", 1, now + deliveries.LEASE)
    assert timedelta(seconds=60) > deliveries.LEASE
    assert deliveries.claim(kept, now=now + deliveries.LEASE)
    deliveries.not_now(delivery, "too late to say so", now=now)  # of whom it was before
    deliveries.refused(delivery, "nor that")
    assert (as_kept(delivery).state, as_kept(delivery).attempts) == ("sending", 2)
    deliveries.arrived(delivery, now=now)  # but that the server has it is true whoever says it
    assert as_kept(delivery).state == "sent"
    deliveries.not_now(kept, "no more", now=now)
    deliveries.refused(kept, "no more")
    assert as_kept(delivery).state == "sent"


def test_one_that_no_worker_survives_is_given_up_after_a_day(shop):
    now = timezone.now()
    delivery = emailed(shop.admin, shop.sell(served("5")).invoice, now=now)
    assert deliveries.claim(delivery, now=now)
    assert deliveries.claim(delivery, now=now + DAY - timedelta(seconds=1))
    assert not deliveries.claim(delivery, now=now + DAY)
    kept = as_kept(delivery)
    assert (kept.state, kept.last_error) == ("failed", f"Given up after a day. {deliveries.DIED}")


def test_one_whose_worker_was_away_for_days_is_tried_before_it_is_given_up(shop):
    now = timezone.now()
    delivery = emailed(shop.admin, shop.sell(served("5")).invoice, now=now - 3 * DAY)
    assert deliveries.claim(delivery, now=now)
    deliveries.not_now(delivery, "The disk is full.", now=now)
    assert as_kept(delivery).last_error == "Given up after a day. The disk is full."


def test_the_words_fit_their_column():
    longest = Delivery._meta.get_field("last_error").max_length
    from lpg.mail import SAID  # noqa: PLC0415

    for words in (*(words for _, words in SAID), deliveries.DIED):
        assert len(deliveries.GIVEN_UP.format(words)) + len(" (code 550)") <= longest


def test_what_was_asked_for_is_kept(shop):
    assert str(emailed(shop.admin, shop.sell(served("5")).invoice)).endswith(f"to {ADDRESS}")
    assert str(Invoice.objects.get()).startswith("INV-")
