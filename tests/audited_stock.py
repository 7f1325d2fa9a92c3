"""What every change of stock, and every distribution, leaves in the audit."""

from typing import Any

from django.utils import timezone

from lpg.day_close import services as day_closes
from lpg.depots.models import Depot
from lpg.distribution import services as distributions
from lpg.inventory import counts
from lpg.inventory import services as stock
from lpg.inventory.models import Balance, Count, Place
from lpg.inventory.places import SCRAP, place_of
from tests.audited import Row, World, case, in_the_row, new
from tests.day_closes import a_day_close, approved


@case(stock.change_quantity)
def stock_that_is_set_right(world: World) -> list[Row]:
    balance = change_stock(world, quantity=97)
    return [Row("UPDATE_INVENTORY", balance, {"quantity": (100, 97)}, depot=world.depot, partial=True)]


@case(stock.change_quantity)
def stock_that_comes_to_a_truck(world: World) -> list[Row]:
    balance = change_stock(world, place=world.truck, condition="DAMAGED", delta=2)
    return [Row("UPDATE_INVENTORY", balance, {"quantity": (0, 2)}, depot=world.depot, partial=True)]


def change_stock(world: World, **given: Any) -> Balance:
    usual = {"actor": world.admin, "place": world.store, "condition": "FULL", "reason": "Counted again"}
    return stock.change_quantity(
        **{**usual, "equipment_id": world.equipment.pk, "now": timezone.now(), **given}  # type: ignore[arg-type]
    )


@case(stock.transfer)
def a_delivery_of_the_supplier(world: World) -> list[Row]:
    items = [stock.Item(world.equipment.pk, 5), stock.Item(world.equipment.pk, 6, "EMPTY")]
    return [transferred(world, world.supplier, world.store, items, depot=world.depot)]


@case(stock.transfer)
def stock_that_goes_to_another_depot(world: World) -> list[Row]:
    items = [stock.Item(world.equipment.pk, 5, "FULL", "DAMAGED")]
    return [transferred(world, world.store, world.other_store, items, depot=world.union)]


@case(stock.transfer)
def stock_that_is_scrapped(world: World) -> list[Row]:
    return [transferred(world, world.store, place_of(SCRAP), [stock.Item(world.equipment.pk, 1)], depot=world.depot)]


def transferred(world: World, origin: Place, goal: Place, items: list[stock.Item], depot: Depot) -> Row:
    made = stock.transfer(
        actor=world.admin, origin=origin, destination=goal, items=items, remarks="A note", now=timezone.now()
    )
    return Row("CREATE_TRANSFER", made, new(made), depot=depot, lines=[item._asdict() for item in items])


@case(counts.record)
def a_count_of_a_depot(world: World) -> list[Row]:
    lines = [counts.Counted(world.equipment.pk, condition, 98) for condition in ("FULL", "EMPTY")]
    made = counts.record(actor=world.admin, place=world.store, lines=lines, remarks="", now=timezone.now())
    return [Row("CREATE_COUNT", made, new(made), depot=world.depot, lines=[line._asdict() for line in lines])]


@case(counts.approve)
def a_count_that_is_approved(world: World) -> list[Row]:
    made = counts.approve(actor=world.admin, count_id=world.count.pk, reason="Lent", now=timezone.now())
    return [Row("APPROVE_COUNT", made, decided(world, made, "APPROVED"), depot=world.depot)]


@case(counts.cancel)
def a_count_that_is_put_aside(world: World) -> list[Row]:
    made = counts.cancel(actor=world.admin, count_id=world.count.pk, reason="Lent", now=timezone.now())
    return [Row("CANCEL_COUNT", made, decided(world, made, "CANCELLED"), depot=world.depot)]


def decided(world: World, count: Count, status: str) -> dict[str, tuple[Any, Any]]:
    when = in_the_row(count)["decided_at"]
    return {
        "status": ("PENDING", status),
        "decided_by": (None, world.admin.pk),
        "decided_at": (None, when),
        "reason": ("", "Lent"),
    }


@case(distributions.create)
def a_new_distribution(world: World) -> list[Row]:
    items = [
        distributions.Item(world.equipment.pk, 5, "OUT", "FULL"),
        distributions.Item(world.equipment.pk, 3, "IN", "EMPTY", world.union.pk),
    ]
    made = distributions.create(
        actor=world.admin,
        depot_id=world.depot.pk,
        items=items,
        other_side=distributions.OtherSide(vehicle_id=world.vehicle.pk),
        remarks="Morning",
        client_temp_id="phone-1",
        now=timezone.now(),
    )
    lines = [item._asdict() for item in items]
    return [Row("CREATE_DISTRIBUTION", made, new(made), depot=world.depot, lines=lines)]


@case(distributions.confirm)
def a_distribution_that_is_confirmed(world: World) -> list[Row]:
    made = distributions.confirm(actor=world.admin, distribution_id=world.distribution.pk, now=timezone.now())
    changed = {"status": ("PENDING", "CONFIRMED"), "confirmed_at": (None, in_the_row(made)["confirmed_at"])}
    return [Row("CONFIRM_DISTRIBUTION", made, changed, depot=world.depot)]


@case(distributions.cancel)
def a_distribution_that_is_cancelled(world: World) -> list[Row]:
    made = distributions.cancel(actor=world.admin, distribution_id=world.distribution.pk, now=timezone.now())
    changed = {"status": ("PENDING", "CANCELLED"), "cancelled_at": (None, in_the_row(made)["cancelled_at"])}
    return [Row("CANCEL_DISTRIBUTION", made, changed, depot=world.depot)]


@case(day_closes.close)
def the_end_of_a_trucks_day(world: World) -> list[Row]:
    made = a_day_close(world.admin, world.vehicle.pk, (world.equipment, "FULL", 3), money={"CASH": "5.00"})
    counted = {"equipment_id": world.equipment.pk, "condition": "FULL", "quantity": 3}
    lines = [counted, {"method": "CASH", "amount": "5.00"}]
    return [Row("CREATE_DAY_CLOSE", made, new(made), depot=world.depot, lines=lines)]


class Counted(World):
    """A truck's day that somebody else has closed, with more on it than the books hold."""

    def __init__(self) -> None:
        super().__init__()
        self.close = a_day_close(self.second, self.vehicle.pk, (self.equipment, "FULL", 3))


@case(day_closes.approve, Counted)
def the_end_of_a_day_that_is_approved(world: Counted) -> list[Row]:
    made = approved(world.admin, world.close, "Lent")
    changed = {
        "status": ("PENDING", "APPROVED"),
        "approved_by": (None, world.admin.pk),
        "approved_at": (None, in_the_row(made)["approved_at"]),
        "reason": ("", "Lent"),
    }
    return [Row("APPROVE_DAY_CLOSE", made, changed, depot=world.depot)]
