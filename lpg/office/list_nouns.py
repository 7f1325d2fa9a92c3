"""The three lists that go out and come in as files: customers, equipment, rates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from lpg.customers import services as customers
from lpg.customers.models import Rate
from lpg.customers.selectors import customers_seen_by, with_meter_rate
from lpg.customers.serializers import CustomerInput, CustomerRateInput
from lpg.depots.selectors import depots_seen_by
from lpg.equipment import services as equipment
from lpg.equipment.models import DefaultRate
from lpg.equipment.selectors import equipment_seen_by, with_default_rate
from lpg.equipment.serializers import DefaultRateInput, EquipmentInput
from lpg.errors import Errors
from lpg.office.list_kinds import Done, Keyed, Line, Listing, Outcome, found_by_key, keys_in
from lpg.office.row_inputs import RowInput
from lpg.roles import Actor

type Priced = tuple[int | None, int | None, date]  # customer, equipment, from which day


class CustomerList(Keyed):
    noun, title, one, many = "customers", "Customers", "customer", "customers"
    about = "A known customer code changes that customer, a new one adds a customer."
    bodies = (CustomerInput,)
    columns = tuple(CustomerInput().fields)
    key = "customer_code"
    needed = (key,)
    renamed: ClassVar = CustomerInput.renamed
    example: ClassVar = {**CustomerInput.example, "customer_code": "EXAMPLE-1"}

    def __init__(self, actor: Actor):
        super().__init__(actor)
        self._depots = dict(depots_seen_by(actor).values_list("code", "pk"))
        self._codes = {pk: code for code, pk in self._depots.items()}

    def seen(self) -> QuerySet[Any]:
        return with_meter_rate(customers_seen_by(self.actor))

    def find(self, cells: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
        return found_by_key(cells, {"depot": self._depots})

    def current(self, entry: Any, name: str) -> Any:
        return entry.depot_id if name == "depot" else super().current(entry, name)

    def spelled(self, name: str, value: Any) -> Any:
        return self._codes.get(value, value) if name == "depot" else value

    def create(self, values: Any) -> Model:
        return customers.create_customer(actor=self.actor, values=values)

    def change(self, id: int, values: Any) -> Model:
        return customers.change_customer(actor=self.actor, customer_id=id, values=values)


class EquipmentList(Keyed):
    noun, title, one, many = "equipment", "Equipment", "piece of equipment", "pieces of equipment"
    about = "A known SKU changes that equipment, a new one adds equipment."
    bodies = (EquipmentInput,)
    columns = tuple(EquipmentInput().fields)
    key = "sku"
    needed = (key,)
    renamed: ClassVar = EquipmentInput.renamed
    example: ClassVar = {**EquipmentInput.example, "sku": "EXAMPLE-1"}

    def seen(self) -> QuerySet[Any]:
        return with_default_rate(equipment_seen_by(self.actor))

    def create(self, values: Any) -> Model:
        return equipment.create_equipment(actor=self.actor, values=values)

    def change(self, id: int, values: Any) -> Model:
        return equipment.change_equipment(actor=self.actor, equipment_id=id, values=values)


class RateList(Listing):
    """Dated rates: of a customer for equipment or (without equipment) for metered gas; without a customer the default
    rate of equipment. They are only ever added; one that is there already, to the cent and the day, is left alone."""

    noun, title, one, many = "rates", "Rates", "rate", "rates"
    about = (
        "Rates are added, never overwritten. No equipment: the customer's rate for metered gas. "
        "No customer: the default rate of the equipment."
    )
    bodies = (CustomerRateInput, DefaultRateInput)
    columns = ("customer", "equipment", "rate", "effective_from")
    needed = columns
    renamed: ClassVar = {**CustomerRateInput.renamed, "customer_code": "customer", "sku": "equipment"}
    example: ClassVar = {**CustomerRateInput.example, "customer": "EXAMPLE-1", "equipment": "EXAMPLE-1"}

    def __init__(self, actor: Actor):
        super().__init__(actor)
        self._inputs = {body: RowInput(body) for body in self.bodies}
        self._known: dict[str, dict[str, int]] = {}
        self._there: set[tuple[Priced, Decimal]] = set()
        self._added: dict[Priced, Decimal] = {}

    def count(self) -> int:
        return self._defaults().count() + self._own().count()

    def rows(self) -> Iterable[Sequence[Any]]:
        """Default rates first; in the order in which they were entered, because of two for one day the later counts."""
        defaults = self._defaults().values_list("equipment__sku", "rate", "effective_from")
        for row in defaults.iterator(2000):
            yield [None, *row]
        own = self._own().values_list("customer__customer_code", "equipment__sku", "rate", "effective_from")
        yield from own.iterator(2000)

    def look_up(self, lines: Sequence[Line]) -> None:
        buyers = customers_seen_by(self.actor).filter(customer_code__in=keys_in(lines, "customer"))
        goods = equipment_seen_by(self.actor).filter(sku__in=keys_in(lines, "equipment"))
        self._known = {
            "customer": dict(buyers.values_list("customer_code", "pk")),
            "equipment": dict(goods.values_list("sku", "pk")),
        }
        own = self._own().filter(customer__in=self._known["customer"].values())
        defaults = self._defaults().filter(equipment__in=self._known["equipment"].values())
        self._there = {
            ((customer, item, day), rate)
            for customer, item, day, rate in own.values_list("customer", "equipment", "effective_from", "rate")
        } | {
            ((None, item, day), rate) for item, day, rate in defaults.values_list("equipment", "effective_from", "rate")
        }

    def take(self, line: Line) -> Outcome:
        found, wrong = found_by_key(line.cells, self._known)
        priced = {name: cell for name, cell in line.cells.items() if name in {"rate", "effective_from"}}
        if "customer" in line.cells:
            given: dict[str, Any] = {"equipment": found.get("equipment")}
            values = self._inputs[CustomerRateInput].values(priced, partial=False, found=given, wrong=wrong)
        else:
            if "equipment" not in line.cells:
                wrong["customer"] = ["Write a customer, equipment, or both."]
            values = self._inputs[DefaultRateInput].values(priced, partial=False, found={}, wrong=wrong)
        rate, since = values["rate"], values["effective_from"]
        key = (found.get("customer"), found.get("equipment"), since)
        if (key, rate) in self._there or self._added.get(key) == rate:
            return Outcome(Done.UNCHANGED)
        self._add(*key, rate)
        self._added[key] = rate
        return Outcome(Done.CREATED)

    def _add(self, customer_id: int | None, equipment_id: int | None, since: date, rate: Decimal) -> None:
        if customer_id is not None:
            customers.add_rate(
                actor=self.actor, customer_id=customer_id, equipment_id=equipment_id, rate=rate, effective_from=since
            )
        elif equipment_id is not None:
            equipment.add_default_rate(actor=self.actor, equipment_id=equipment_id, rate=rate, effective_from=since)

    def _own(self) -> QuerySet[Rate]:
        return Rate.objects.filter(customer__in=customers_seen_by(self.actor)).order_by("pk")

    def _defaults(self) -> QuerySet[DefaultRate]:
        return DefaultRate.objects.filter(equipment__in=equipment_seen_by(self.actor)).order_by("pk")


LISTS: dict[str, type[Listing]] = {kind.noun: kind for kind in (CustomerList, EquipmentList, RateList)}
