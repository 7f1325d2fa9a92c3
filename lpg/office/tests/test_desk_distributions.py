"""Distributions at the desk: added by a form, confirmed or cancelled by a button, refused in words."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg import work
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.inventory.models import Movement
from lpg.inventory.places import Owner
from lpg.office.tests.desk import audited, books, list_of, page_of, said
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
    assert audited(lambda: own.post(ADD, {**sent, **lines})) == ["CREATE_DISTRIBUTION"]
    made = Distribution.objects.get()
    assert own.get(page_of("distribution_distribution", made.pk)).status_code == 200
    items = made.items.order_by("pk").values_list("equipment", "quantity", "direction", "condition", "depot")
    assert list(items) == [(cylinder.pk, 4, "OUT", "FULL", filled.pk), (cylinder.pk, 2, "IN", "EMPTY", filled.pk)]
    assert (made.status, made.vehicle_id, made.remarks) == ("PENDING", truck.pk, "Morning")


def test_a_distribution_that_cannot_be_is_refused_in_words_with_the_input_kept(desk, filled, truck, cylinder):
    cell = f"n_{cylinder.pk}_OUT-FULL"
    sent = {"depot": filled.pk, "other": f"depot:{filled.pk}", cell: "4"}
    before = books()
    answer = desk.post(ADD, sent)
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
        assert words in said(desk.post(ADD, {**truck_of, cell: wrong}))
    assert "Fill this in." in said(desk.post(ADD, {cell: "1"}))
    assert books() == before
