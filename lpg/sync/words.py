"""How the desk calls what phones send: what was recorded, by names in the place of ids, and what has become of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from lpg.customers.selectors import customers_seen_by
from lpg.day_close.selectors import day_closes_seen_by
from lpg.depots.selectors import depots_seen_by, vehicles_seen_by
from lpg.desk import shown
from lpg.distribution.models import SPELLINGS, Distribution, DistributionItem
from lpg.distribution.selectors import distributions_seen_by
from lpg.equipment.selectors import equipment_seen_by
from lpg.inventory.models import Condition
from lpg.invoices.selectors import invoices_seen_by
from lpg.meters.models import MeterReading
from lpg.meters.selectors import meters_seen_by
from lpg.payments.models import Payment
from lpg.payments.selectors import payments_seen_by
from lpg.roles import Actor
from lpg.sync.models import Operation
from lpg.sync.others import key_named
from lpg.transactions.models import TransactionItem
from lpg.transactions.selectors import transactions_seen_by

TYPES = {
    "distribution.create": "Distribution",
    "distribution.confirm": "Confirmation of a distribution",
    "distribution.cancel": "Cancellation of a distribution",
    "transaction.create": "Sale",
    "payment.create": "Payment",
    "meter.read": "Meter reading",
    "invoice.email": "Email of an invoice",
    "day.close": "Day close",
}
LABELS = {
    "vehicle": "Truck",
    "to_depot": "To depot",
    "items": "What was moved",
    "counts": "What was counted",
    "current_meter_reading": "Meter shows",
    "is_rollover": "Began again at zero",
    "previous": "Meter before",
    "reading": "Read as",
    "payment": "Paid",
    "method": "Paid by",
    "send_email": "Email the invoice",
    "occurred_at": "When",
    "original": "Said to have happened",
    "captured_before": "Captured before the switch-off",
    "switched_off_at": "Switched off",
    "waits_for": "Waits for",
    "depends_on": "It depends on",
    "errors": "What is wrong",
    "seq": "Its number",
    "others": "Other operations of that number",
    "status": "It was",
}
ORDER = (  # as people would say it; the rest follows
    *("customer", "distribution", "invoice", "meter", "date", "depot", "vehicle", "to_depot", "items", "counts"),
    *("current_meter_reading", "reading", "previous", "is_rollover", "method", "amount", "payment", "money"),
    *("direction", "condition", "rate", "reference"),
)
SPELLED = {"vehicle_no": "vehicle", "current_meter": "current_meter_reading"}  # what older phones say
CODES: dict[str, dict[str, str]] = {
    "item_type": {str(key): str(words) for key, words in TransactionItem.Type.choices},
    "condition": {str(key): str(words).lower() for key, words in Condition.choices},
    "direction": {str(key): str(words) for key, words in DistributionItem.Direction.choices},
    "movement_type": {str(name): str(name).replace("_", " ").capitalize() for name in SPELLINGS if name},
    "method": {str(key): str(words) for key, words in Payment.Method.choices},
    "status": {str(key): str(words) for key, words in Distribution.Status.choices},
}
MONEY, RATES = {"amount"}, {"rate"}
READINGS = {"current_meter_reading", "reading", "previous"}
UNSAID = {"client_temp_id", "shortages"}  # a number that says nothing to people; what has a table of its own
KEYS = {"waits_for", "depends_on", "others"}  # which other operations
LONGEST, LONGEST_KEY, MOST_LINES, DEEPEST = 300, 36, 100, 4
BIGGEST = 15  # digits: what is longer stands as it came


class Thing(NamedTuple):
    """What an id may stand for: how it is called, which of them one may see, and where its page is."""

    noun: str
    rows: Callable[[Actor], QuerySet[Any]]
    page: str


CUSTOMER = Thing("Customer", customers_seen_by, "customers_customer")
DEPOT = Thing("Depot", depots_seen_by, "depots_depot")
INVOICE = Thing("Invoice", invoices_seen_by, "invoices_invoice")
DISTRIBUTION = Thing("Distribution", distributions_seen_by, "distribution_distribution")
METER = Thing("Meter", meters_seen_by, "meters_meter")
DAY_CLOSE = Thing("Day close", lambda actor: day_closes_seen_by(actor).select_related("vehicle"), "day_close_dayclose")
REFERS = {
    "customer": CUSTOMER,
    "equipment": Thing("Equipment", equipment_seen_by, "equipment_equipment"),
    "depot": DEPOT,
    "to_depot": DEPOT,
    "vehicle": Thing("Truck", vehicles_seen_by, "depots_vehicle"),
    "meter": METER,
    "distribution": DISTRIBUTION,
    "invoice": INVOICE,
    "invoices": INVOICE,
    "day_close": DAY_CLOSE,
}
MADE = {
    "transaction": Thing("Sale", transactions_seen_by, "transactions_transaction"),
    "payment": Thing("Payment", payments_seen_by, "payments_payment"),
    "distribution": DISTRIBUTION,
    "invoice": INVOICE,
    "day_close": DAY_CLOSE,
}


@dataclass
class Told:
    """One thing that was said: in a word or two, or as lines. With the page of what it names."""

    label: str
    words: str = ""
    link: str = ""
    lines: list[str] = field(default_factory=list)


def type_words(operation: Operation) -> str:
    if not operation.type:
        return "Something that cannot be read"
    return TYPES.get(operation.type, f"“{operation.type}”")


def customer_in(operation: Operation) -> int | None:
    """The customer that was named."""
    payload = operation.payload
    named = payload.get("customer", payload.get("customer_id")) if isinstance(payload, Mapping) else None
    return named if _is_id(named) else None


def page_of(thing: Thing, id: int) -> str:
    return reverse(f"admin:{thing.page}_change", args=[id])


def made(actor: Actor, operation: Operation) -> Told | None:
    """What it has made, with its page when the actor may see that."""
    if not operation.is_done or operation.entity_id is None:
        return None
    if operation.entity == "reading":
        reading = MeterReading.objects.filter(pk=operation.entity_id, meter__in=meters_seen_by(actor)).first()
        words = "Kept with the meter, and not billed" if reading and reading.kind == reading.Kind.OUTSIDE else "Kept"
        return Told("Reading", words, page_of(METER, reading.meter_id) if reading else "")
    thing = MADE.get(operation.entity)
    if thing is None:
        return None
    row = thing.rows(actor).filter(pk=operation.entity_id).first()
    words = str(row) if row else operation.number or str(operation.entity_id)
    return Told(thing.noun, words, page_of(thing, row.pk) if row else "")


def gaps_words(gaps: list[list[int]]) -> str:
    """3 operations missing: 411-413; nothing when everything has come."""
    if not gaps:
        return ""
    count = sum(last - first + 1 for first, last in gaps)
    ranges = [str(first) if first == last else f"{first}–{last}" for first, last in gaps[:10]]
    more = ", …" if len(gaps) > len(ranges) else ""
    return f"{shown.number(count)} operation{'s' if count > 1 else ''} missing: {', '.join(ranges)}{more}"


def clock_words(seconds: int | None) -> str:
    """How far the clock of a phone is off, by its last push."""
    if seconds is None:
        return shown.NOTHING
    off = abs(seconds)
    if off < timedelta(minutes=1).total_seconds():
        return "Right"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if off >= length:
            count = off // length
            return f"{shown.number(count)} {unit}{'s' if count > 1 else ''} {'ahead' if seconds > 0 else 'behind'}"
    return shown.NOTHING


def moment_in(text: str | None) -> datetime | None:
    """The moment that a phone names, if that is one."""
    try:
        at = parse_datetime(text or "")
        return at if at is None or timezone.is_aware(at) else timezone.make_aware(at)
    except (ValueError, OverflowError):
        return None


class Reader:
    """Reads what one operation says, and what was found, for somebody. Names are looked up once for all of it."""

    def __init__(self, actor: Actor, user_id: int, *values: Any):
        wanted: dict[str, set[int]] = {}
        keys: set[str] = set()
        for value in values:
            for name, one in _named_in(value):
                if isinstance(one, str):
                    keys.update({one} if one.isascii() and len(one) <= LONGEST_KEY else ())
                else:
                    wanted.setdefault(name, set()).add(one)
        self.names: dict[str, dict[int, Any]] = {name: _called(actor, name, ids) for name, ids in wanted.items()}
        there = Operation.objects.filter(user=user_id, client_temp_id__in=keys) if keys else Operation.objects.none()
        self.others = {row.client_temp_id: row for row in there}

    def read(self, value: Any) -> list[Told]:
        """Each thing that is said. What is no object stands as it came."""
        if not isinstance(value, Mapping):
            return [Told("What came", _cut(json.dumps(value, ensure_ascii=False)))]
        told = (self._told(name, part) for name, part in _in_order(value))
        return [one for one in told if one is not None]

    def _told(self, name: str, value: Any) -> Told | None:
        if value in (None, "", [], {}):
            return None
        label = _label(name)
        if isinstance(value, list) and (name in KEYS or any(isinstance(one, Mapping) for one in value)):
            lines = [self._words(name, one, DEEPEST) for one in value[:MOST_LINES]]
            left = len(value) - len(lines)
            return Told(label, lines=[*lines, f"and {left} more"] if left else lines)
        if name == "errors" and isinstance(value, Mapping):
            wrong = list(value.items())[:MOST_LINES]
            return Told(label, lines=[f"{_label(key)}: {self._words('', one, DEEPEST)}" for key, one in wrong])
        thing = REFERS.get(name)
        seen = _is_id(value) and value in self.names.get(name, {})
        return Told(label, self._words(name, value, DEEPEST), page_of(thing, value) if thing and seen else "")

    def _words(self, name: str, value: Any, depth: int) -> str:
        key = key_named(value) or (value if name in KEYS else None)
        if isinstance(key, str):
            return self._other(key)
        if depth and isinstance(value, Mapping):
            return self._line(value, depth - 1)
        if depth and isinstance(value, list):
            return ", ".join(self._words(name, one, depth - 1) for one in value[:MOST_LINES])
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if name in REFERS and _is_id(value):
            found = self.names.get(name, {}).get(value)
            return str(found) if found else f"{REFERS[name].noun} number {value}: not known, or of another depot"
        if isinstance(value, str) and value in CODES.get(name, {}):
            return CODES[name][value]
        return _cut(_figure(name, value) or (value if isinstance(value, str) else json.dumps(value)))

    def _line(self, line: Mapping[str, Any], depth: int) -> str:
        """Delivered: so many of what, at S$38.00."""
        parts = {name: part for name, part in _in_order(line) if part not in (None, "")}
        if "type" in parts and "quantity" in parts:
            parts["item_type"] = parts.pop("type")
        said = {name: self._words(name, part, depth) for name, part in parts.items()}
        kind = next((said.pop(name) for name in ("item_type", "movement_type", "method") if name in said), "")
        what = said.pop("equipment", "") or said.pop("description", "")
        if quantity := said.pop("quantity", ""):
            what = f"{quantity} × {what}" if what else quantity
        known = {"condition", "direction", "depot"}
        rest = [_in_line(name, words, is_known=name in known) for name, words in said.items()]
        whole = ", ".join(part for part in (what, *rest) if part)
        return f"{kind}: {whole}" if kind and whole else kind or whole

    def _other(self, key: str) -> str:
        """Another operation of the same person, that this one names."""
        row = self.others.get(key)
        if row is None:
            return "something that has not come yet"
        number = f" {row.number}" if row.number else f" {row.seq}" if row.seq else ""
        return f"{type_words(row)}{number} ({Operation.State(row.state).label.lower()})"


def _label(name: str) -> str:
    return LABELS.get(name) or _cut(name.replace("_", " ").capitalize())


def _in_order(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Phones' words are kept sorted by the alphabet, which is nobody's order."""
    parts = [(_spelled(name), part) for name, part in said.items() if name not in UNSAID]
    return sorted(parts, key=lambda pair: ORDER.index(pair[0]) if pair[0] in ORDER else len(ORDER))


def _in_line(name: str, words: str, *, is_known: bool) -> str:
    if name in RATES:
        return f"at {words}"
    return words if is_known or name in MONEY else f"{LABELS.get(name, name.replace('_', ' ')).lower()} {words}"


def _figure(name: str, value: Any) -> str:
    """Money, rates, readings, days and moments as they are written; nothing for what is none."""
    if name in MONEY | RATES | READINGS:
        return _number(name, value)
    if not isinstance(value, str):
        return ""
    try:
        if name.endswith("_at") or name == "original":
            at = moment_in(value)
            return shown.moment(at) if at else ""
        on = parse_date(value) if name == "date" else None
        return shown.day(on) if on else ""
    except (ValueError, OverflowError):
        return ""


def _number(name: str, value: Any) -> str:
    try:
        number = Decimal(str(value))
        if not number.is_finite() or abs(number.adjusted()) > BIGGEST:
            return ""
        if name in MONEY:
            return shown.money(number)
        return shown.rate(number) if name in RATES else shown.reading(number)
    except (InvalidOperation, ValueError):
        return ""


def _called(actor: Actor, name: str, ids: set[int]) -> dict[int, Any]:
    rows: dict[int, Any] = REFERS[name].rows(actor).in_bulk(sorted(ids)[:MOST_LINES])
    return rows


def _named_in(value: Any, name: str = "", depth: int = DEEPEST) -> Iterator[tuple[str, int | str]]:
    """Ids by the field that they stand in, and keys of other operations."""
    if key := key_named(value):
        yield "", key
    elif depth and isinstance(value, Mapping):
        for key, part in value.items():
            yield from _named_in(part, _spelled(key), depth - 1)
    elif depth and isinstance(value, list):
        for part in value[:MOST_LINES]:
            yield from _named_in(part, name, depth - 1)
    elif name in KEYS and isinstance(value, str):
        yield "", value
    elif name in REFERS and _is_id(value):
        yield name, value


def _spelled(name: str) -> str:
    plain = name.removesuffix("_id")
    return plain if plain in REFERS else SPELLED.get(name, name)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
