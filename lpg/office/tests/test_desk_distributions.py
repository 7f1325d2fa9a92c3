"""Distributions at the desk: added by a form, confirmed or cancelled by a button, refused in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg import work
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.inventory.models import Movement
from lpg.inventory.places import Owner
from lpg.office.tests.desk import audited, books, key_on, list_of, page_of, said, send
from tests import make
from tests.stock import a_distribution, disagreements, fill, held

pytestmark = pytest.mark.django_db
ADD = "/admin/distribution/distribution/add/"


@pytest.fixture
def waiting(admin, filled, truck, cylinder):
    return a_distribution(admin, filled.pk, (cylinder, 4), vehicle_id=truck.pk)


def test_confirm_and_its_button(own, waiting, filled, truck, cylinder):
    page = page_of("distribution_distribution", waiting.pk)
    assert "Confirm distribution" in said(own.get(page))
    assert audited(lambda: own.post(page, {"do": "confirm"})) == ["CONFIRM_DISTRIBUTION"]
    assert (held(Owner("depot", filled.pk), cylinder), held(Owner("truck", truck.pk), cylinder)) == (6, 4)
    shown = said(own.get(page))
    assert "Confirmed distribution" in shown
    assert "is confirmed: the stock has moved." in shown
    assert "Cancel distribution" not in shown
    before = books()
    assert "was confirmed before" in said(own.post(page, {"do": "confirm"}))
    assert "is confirmed already; only a pending one can be cancelled" in said(own.post(page, {"do": "cancel"}))
    assert books() == before
    assert disagreements() == {}


def test_cancel_and_its_button(own, waiting):
    page = page_of("distribution_distribution", waiting.pk)
    assert "put aside for good and no stock moves" in said(own.get(page))
    moved = Movement.objects.count()
    assert audited(lambda: own.post(page, {"do": "cancel"})) == ["CANCEL_DISTRIBUTION"]
    assert (Distribution.objects.get().status, Movement.objects.count()) == ("CANCELLED", moved)
    assert "was cancelled. Make a new one" in said(own.post(page, {"do": "confirm"}))


def test_a_refused_confirmation_shows_all_that_is_short_and_changes_nothing(own, admin, filled, truck, cylinder):
    other = make.some_equipment(admin)
    made = a_distribution(admin, filled.pk, (cylinder, 40), (other, 3), vehicle_id=truck.pk)
    before = books()
    answer = own.post(page_of("distribution_distribution", made.pk), {"do": "confirm"})
    page = said(answer)
    assert answer.status_code == 200
    assert f"Depot SINGGAS {cylinder.name}, full 40 10" in page
    assert f"Depot SINGGAS {other.name}, full 3 0" in page
    assert "Confirm distribution" in page
    assert books() == before


def test_what_is_no_decision_is_none(own, waiting, monkeypatch):
    page = page_of("distribution_distribution", waiting.pk)
    assert own.post(page, {"do": "delete"}).status_code == 403
    assert own.post(page).status_code == 403

    def busy(**given):
        raise work.Busy

    monkeypatch.setattr(distributions, "confirm", busy)
    assert "Nothing was changed; try again." in said(own.post(page, {"do": "confirm"}))


def test_distributions_are_found_by_number_status_depot_and_day(desk, admin, waiting, union, cylinder):
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    other = a_distribution(admin, union.pk, (cylinder, 1), to_depot_id=waiting.depot_id)
    distributions.confirm(actor=admin, distribution_id=other.pk, now=timezone.now())

    def found(**asked):
        answer = desk.get(list_of("distribution_distribution"), asked)
        return [row.pk for row in answer.context["cl"].result_list]

    assert found() == [other.pk, waiting.pk]
    assert found(q=waiting.distribution_number.lower()) == [waiting.pk]
    assert found(q="00000") == []
    assert found(status="CONFIRMED") == [other.pk]
    assert found(depot=union.pk) == [other.pk]
    assert found(since=(timezone.localdate() + timedelta(days=1)).isoformat()) == []
    page = said(desk.get(list_of("distribution_distribution")))
    assert f"Truck {waiting.vehicle.plate_no}" in page
    assert "Depot SINGGAS" in page


def test_a_distribution_is_added_by_its_form(own, filled, truck, cylinder):
    assert f'<option value="{filled.pk}" selected>' in own.get(ADD).content.decode()
    sent = {"depot": filled.pk, "other": f"truck:{truck.pk}", "remarks": "Morning"}
    lines = {f"n_{cylinder.pk}_OUT-FULL": "4", f"n_{cylinder.pk}_IN-EMPTY": "2", f"n_{cylinder.pk}_IN-FULL": "0"}
    assert audited(lambda: send(own, ADD, {**sent, **lines})) == ["CREATE_DISTRIBUTION"]
    made = Distribution.objects.get()
    assert own.get(page_of("distribution_distribution", made.pk)).status_code == 200
    items = made.items.order_by("pk").values_list("equipment", "quantity", "direction", "condition", "depot")
    assert list(items) == [(cylinder.pk, 4, "OUT", "FULL", filled.pk), (cylinder.pk, 2, "IN", "EMPTY", filled.pk)]
    assert (made.status, made.vehicle_id, made.remarks) == ("PENDING", truck.pk, "Morning")


def test_a_distribution_that_cannot_be_is_refused_in_words_with_the_input_kept(desk, filled, truck, cylinder):
    cell = f"n_{cylinder.pk}_OUT-FULL"
    sent = {"depot": filled.pk, "other": f"depot:{filled.pk}", cell: "4"}
    before = books()
    answer = send(desk, ADD, sent)
    assert "The stock is there already. Name another depot." in said(answer)
    assert f'name="{cell}" value="4"' in answer.content.decode()
    truck_of = {**sent, "other": f"truck:{truck.pk}"}
    for wrong, words in (
        ("1.5", "Full, out: Write a whole number."),
        ("-1", "Full, out: Write 0 or more."),
        ("1000000000000", "Full, out: This is more than 100,000."),
        ("0", "Enter how many go out of the depot"),
        ("", "Enter how many go out of the depot"),
    ):
        assert words in said(send(desk, ADD, {**truck_of, cell: wrong}))
    assert "Fill this in." in said(send(desk, ADD, {cell: "1"}))
    assert books() == before


# --- to a customer


def test_a_customer_is_the_other_side(own, admin, filled, cylinder):
    customer = make.a_customer(admin, filled)
    page = own.get(ADD, {"customer": customer.pk}).content.decode()
    assert f'<option value="{customer.pk}" selected>{customer}</option>' in page
    sent = {"depot": filled.pk, "customer": customer.pk, f"n_{cylinder.pk}_OUT-FULL": "4"}
    assert audited(lambda: send(own, ADD, sent)) == ["CREATE_DISTRIBUTION"]
    made = Distribution.objects.get()
    assert (made.customer, made.vehicle, made.to_depot) == (customer, None, None)
    page = page_of("distribution_distribution", made.pk)
    assert f"Other side {customer}" in said(own.get(page))
    own.post(page, {"do": "confirm"})
    assert held(Owner("customer", customer.pk), cylinder, "") == 4
    assert disagreements() == {}


def test_there_is_one_other_side(own, admin, filled, truck, cylinder):
    sent = {"depot": filled.pk, f"n_{cylinder.pk}_OUT-FULL": "4"}
    before = books()
    assert "Choose a truck, another depot or a customer." in said(send(own, ADD, sent))
    both = {**sent, "other": f"truck:{truck.pk}", "customer": make.a_customer(admin, filled).pk}
    before = books()
    assert "Choose one: this customer, or the truck or depot." in said(send(own, ADD, both))
    assert books() == before


@pytest.mark.parametrize("nonsense", ["x", "0", "9" * 30, "１", "-1"])
def test_what_is_no_customer_is_none(own, filled, cylinder, nonsense):
    sent = {"depot": filled.pk, "customer": nonsense, f"n_{cylinder.pk}_OUT-FULL": "4"}
    assert "There is no such entry. Choose one from the list." in said(send(own, ADD, sent))
    assert own.get(ADD, {"customer": nonsense, "depot": nonsense, "other": nonsense}).status_code == 200


def test_a_customer_of_another_depot_or_a_retired_one_is_refused_in_words(own, admin, filled, union, cylinder):
    foreign, retired = make.a_customer(admin, union), make.a_customer(admin, filled, is_active=False)
    sent = {"depot": filled.pk, f"n_{cylinder.pk}_OUT-FULL": "4"}
    before = books()
    answer = said(send(own, ADD, {**sent, "customer": foreign.pk}))
    assert "There is no such entry. Choose one from the list." in answer
    assert foreign.name not in answer
    words = f"Customer {retired.customer_code} is no longer in use. Choose another customer."
    assert words in said(send(own, ADD, {**sent, "customer": retired.pk}))
    assert books() == before


def test_customers_are_found_as_one_types_within_sight_and_in_use(own, desk, admin, filled, union):
    make.a_customer(admin, filled, customer_code="AB-1", name="Kopi", phone="+65 1")
    make.a_customer(admin, filled, customer_code="AB-2", name="Toast", is_active=False)
    make.a_customer(admin, union, customer_code="AB-3", name="Far")
    asked = {"app_label": "distribution", "model_name": "distribution", "field_name": "customer"}

    def found(client, term):
        answer = client.get("/admin/autocomplete/", {**asked, "term": term})
        return [one["text"] for one in answer.json()["results"]]

    assert found(own, "ab-") == found(own, "kop") == found(own, "+65") == ["AB-1 Kopi"]
    assert found(own, "opi") == []
    assert found(desk, "ab-") == ["AB-1 Kopi", "AB-3 Far"]
    page = own.get(ADD).content.decode()
    for name, value in asked.items():
        assert f'data-{name.replace("_", "-")}="{value}"' in page


# --- from several depots


@pytest.fixture
def two_depots(admin, filled, union, truck, cylinder):
    """What the form says of a distribution out of both: 4 from one, 3 from the other and 2 back into it."""
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    return {
        "depot": filled.pk,
        "other": f"truck:{truck.pk}",
        f"n_{cylinder.pk}_OUT-FULL": "4",
        "depot2-depot": union.pk,
        f"depot2-n_{cylinder.pk}_OUT-FULL": "3",
        f"depot2-n_{cylinder.pk}_IN-FULL": "2",
    }


def test_lines_come_from_several_depots(desk, filled, union, truck, cylinder, two_depots):
    assert audited(lambda: send(desk, ADD, two_depots)) == ["CREATE_DISTRIBUTION"]
    made = Distribution.objects.get()
    lines = made.items.order_by("pk").values_list("depot", "direction", "quantity")
    assert list(lines) == [(filled.pk, "OUT", 4), (union.pk, "OUT", 3), (union.pk, "IN", 2)]
    assert made.depot == filled
    page = page_of("distribution_distribution", made.pk)
    assert "Out of UNION 3" in said(desk.get(page))
    desk.post(page, {"do": "confirm"})
    left = [held(Owner("depot", depot.pk), cylinder) for depot in (filled, union)]
    assert (left, held(Owner("truck", truck.pk), cylinder)) == ([6, 4], 5)
    assert disagreements() == {}


def test_a_grid_for_another_depot_is_added_with_all_that_is_written_kept(
    desk, admin, filled, union, cylinder, two_depots
):
    first, second = f"n_{cylinder.pk}_OUT-FULL", f"depot2-n_{cylinder.pk}_OUT-FULL"
    opened = desk.get(ADD)
    assert "Lines of another depot too" in said(opened)
    assert "Another depot" not in said(opened)
    before, typed = books(), {"depot": filled.pk, first: "4x", "remarks": "Early", **key_on(opened)}
    answer = desk.post(ADD, {**typed, "another": "1"})
    page = answer.content.decode()
    assert f'name="{second}"' in page
    assert f'name="{first}" value="4x"' in page
    assert "Early</textarea>" in page
    assert "Write a whole number." not in said(answer)  # nothing is judged before it is sent
    assert (key_on(answer), books()) == (key_on(opened), before)
    assert "Lines of another depot too" not in page  # there are two depots
    make.a_depot(admin, "THIRD")
    page = desk.post(ADD, {**two_depots, "another": "1"}).content.decode()
    assert f'name="{second}" value="3"' in page
    assert f'<option value="{union.pk}" selected>UNION</option>' in page
    assert 'name="depot3-depot"' in page


def test_what_is_not_right_of_another_depot_stands_there(desk, filled, union, cylinder, two_depots):
    second, before = f"depot2-n_{cylinder.pk}_OUT-FULL", books()
    for wrong, words in (
        ({"depot2-depot": filled.pk}, "The lines of this depot stand above. Add these to them."),
        ({"depot2-depot": ""}, "Fill this in."),
        ({second: "1.5"}, "Full, out: Write a whole number."),
        ({second: "", f"depot2-n_{cylinder.pk}_IN-FULL": ""}, "Enter how many go out of the depot"),
        ({f"n_{cylinder.pk}_OUT-FULL": ""}, "Enter how many go out of the depot"),
    ):
        answer = send(desk, ADD, {**two_depots, **wrong})
        assert words in said(answer), wrong
        assert f'name="n_{cylinder.pk}_OUT-FULL"' in answer.content.decode()
    assert books() == before


def test_a_grid_left_empty_says_nothing(desk, filled, two_depots):
    empty = {name: "" for name in two_depots if name.startswith("depot2-")}
    assert send(desk, ADD, {**two_depots, **empty}).status_code == 302
    assert list(Distribution.objects.get().items.values_list("depot", "quantity")) == [(filled.pk, 4)]


def test_who_has_one_depot_is_offered_no_other_and_reaches_none(own, two_depots):
    assert "Lines of another depot too" not in said(own.get(ADD))
    before = books()
    assert "There is no such entry. Choose one from the list." in said(send(own, ADD, two_depots))
    assert books() == before
