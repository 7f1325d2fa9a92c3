"""The desk's reports: who owes what since when, what was sold, what was taken, and whose site holds cylinders.

Each is one table, the same figures as at the API, with its period, and as a file for a spreadsheet.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.http import urlencode

from lpg.api.answers import shown as answered
from lpg.api.exports import as_file
from lpg.clock import Days, days_between
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import shown
from lpg.desk.admin import actor_of, id_in, only_with
from lpg.errors import Invalid
from lpg.inventory.report_views import CylindersRow
from lpg.inventory.reports import all_cylinders_out, cylinders_out
from lpg.invoices import report_views as sales_report
from lpg.invoices.reports import Sold, sales
from lpg.office.figures import NOTHING, address
from lpg.payments import report_views as takings_report
from lpg.payments.models import Payment
from lpg.payments.reports import Aged, Taken, all_aged, customers_with_something_open, takings
from lpg.sheets import MEDIA, Kind

PAGE = 100


class Cell(NamedTuple):
    """What stands in one cell, where it leads, and how it looks."""

    text: str
    link: str = ""
    style: str = ""
    about: str = ""


@dataclass
class Table:
    """One report as it is shown: columns (their words, and their style), rows, and a last row of sums."""

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]
    totals: list[Cell] = field(default_factory=list)
    more: bool = False  # than on this page


class Asked(NamedTuple):
    """What somebody asked for, as far as it makes sense, and what is wrong with the rest."""

    depots: list[Depot]  # all one may see
    depot: Depot | None
    days: Days
    by: str
    page: int
    wrong: str = ""

    @property
    def depot_ids(self) -> list[int]:
        return [self.depot.pk] if self.depot else [depot.pk for depot in self.depots]


@dataclass(frozen=True)
class Report:
    """One of the reports. `longest` days at most; 0: it is of now."""

    title: str
    note: str
    empty: str
    table: Callable[[Any, Asked], Table]
    file: Callable[[Any, Asked], tuple[str, Sequence[str], Callable[[], Iterable[Sequence[Any]]]]]
    longest: int = 0
    by: tuple[str, ...] = ()
    one_day: bool = False  # begins with today alone


NUMBER, ROOMY = "desk-number", "desk-number desk-roomy"
AGES = ("0–30 days", "31–60", "61–90", "Over 90")


def _ageing(actor: Any, asked: Asked) -> Table:
    """Those who are late first, the largest on top."""
    found = list(all_aged(_open(actor, asked), timezone.localdate(), None))
    found.sort(key=lambda row: (-row.overdue, -row.total, row.customer_code))
    codes = {depot.pk: depot.code for depot in asked.depots}
    first = asked.page * PAGE
    rows = [
        [
            Cell(row.name, address_of("customers_customer", row.id), about=f"{row.customer_code} · {codes[row.depot]}"),
            *(Cell(_some(amount), style=ROOMY) for amount in _ages(row)),
            Cell(_some(row.total), _invoices(row.id, "open") if row.total else "", ROOMY),
            Cell(_some(row.overdue), _invoices(row.id, "overdue"), f"{NUMBER} desk-late")
            if row.overdue
            else Cell(shown.NOTHING, style=NUMBER),
            Cell(_some(row.credit), style=ROOMY),
            Cell(shown.amount(row.net), style=f"{NUMBER} desk-sum"),
        ]
        for row in found[first : first + PAGE]
    ]
    sums = [sum((getattr(row, name) for row in found), NOTHING) for name in Aged._fields[4:]]
    styles = [*[ROOMY] * 5, f"{NUMBER} desk-late", ROOMY, NUMBER]
    totals = [Cell(f"{len(found):,} customer{'' if len(found) == 1 else 's'}")]
    totals += [Cell(shown.amount(amount), style=style) for amount, style in zip(sums, styles, strict=True)]
    heads = [("Customer", ""), *((age, ROOMY) for age in AGES)]
    heads += [("Open", ROOMY), ("Overdue", NUMBER), ("Credit", ROOMY), ("Owes", NUMBER)]
    return Table(heads, rows, totals, more=len(found) > first + PAGE)


def _ages(row: Aged) -> tuple[Decimal, ...]:
    return row.days_0_30, row.days_31_60, row.days_61_90, row.days_over_90


def _ageing_file(actor: Any, asked: Asked) -> tuple[str, Sequence[str], Callable[[], Iterable[Sequence[Any]]]]:
    today = timezone.localdate()
    return f"ageing-{today}", Aged._fields, lambda: all_aged(_open(actor, asked), today, None)


def _open(actor: Any, asked: Asked) -> Any:
    return customers_with_something_open(actor, None).filter(depot__in=asked.depot_ids)


def _sales(actor: Any, asked: Asked) -> Table:
    rows = sales(asked.by, asked.days, depot_ids=asked.depot_ids)  # type: ignore[arg-type]  # one of BY
    by_equipment = asked.by == "equipment"
    heads = [(asked.by.capitalize(), ""), ("Documents", ROOMY)]
    heads += [("Quantity", NUMBER)] if by_equipment else []
    heads += [("Invoiced (S$)", ROOMY), ("Credited (S$)", ROOMY), ("Net (S$)", NUMBER)]
    heads += [] if by_equipment else [("GST (S$)", ROOMY), ("With GST (S$)", NUMBER)]
    shown_rows = [_sold(row, asked) for row in rows]
    sums = {name: sum((getattr(row, name) or NOTHING for row in rows), NOTHING) for name in Sold._fields[4:]}
    whole = Sold("", "Together", sum(row.documents for row in rows), None, **sums)
    totals = _sold(whole, asked) if rows else []
    if by_equipment and totals:
        totals[1], totals[2] = Cell("", style=ROOMY), Cell("", style=NUMBER)  # one document has many lines
    return Table(heads, shown_rows, totals)


def _sold(row: Sold, asked: Asked) -> list[Cell]:
    name, link = row.name, ""
    within = {"since": asked.days.since, "until": asked.days.until}
    if row.key and asked.by == "day":
        day = date.fromisoformat(row.key)
        name, within = shown.day(day), {"since": day, "until": day}
    if row.key and asked.by == "day":
        link = address("invoices_invoice_changelist", depot=asked.depot.pk if asked.depot else "", **within)
    if row.key and asked.by == "depot":
        link = address("invoices_invoice_changelist", depot=row.key, **within)
    cells = [Cell(name, link), Cell(f"{row.documents:,}", style=ROOMY)]
    if asked.by == "equipment":
        quantity = "" if row.quantity is None else f"{row.quantity.normalize():,f}".replace("-", "−")
        cells.append(Cell(quantity, style=NUMBER))
    cells += [Cell(shown.amount(row.invoiced), style=ROOMY), Cell(_some(row.credited), style=ROOMY)]
    if asked.by == "equipment":
        return [*cells, Cell(shown.amount(row.net), style=f"{NUMBER} desk-sum")]
    cells.append(Cell(shown.amount(row.net), style=NUMBER))
    return [*cells, Cell(shown.amount(row.tax), style=ROOMY), Cell(shown.amount(row.total), style=f"{NUMBER} desk-sum")]


def _sales_file(actor: Any, asked: Asked) -> tuple[str, Sequence[str], Callable[[], Iterable[Sequence[Any]]]]:
    rows = sales(asked.by, asked.days, depot_ids=asked.depot_ids)  # type: ignore[arg-type]  # one of BY
    return f"sales-by-{asked.by}-{asked.days.since}-{asked.days.until}", Sold._fields, lambda: rows


def _takings(actor: Any, asked: Asked) -> Table:
    found = takings(asked.days, depot_ids=asked.depot_ids)
    heads = [("Day", ""), ("Taken by", ""), ("How", ""), ("Payments", ROOMY), ("Received (S$)", ROOMY)]
    heads += [("Reversed since (S$)", ROOMY), ("To be counted (S$)", NUMBER)]
    rows = [
        [
            Cell(shown.day(row.day), style="nowrap"),
            Cell(row.user_name),
            Cell(str(Payment.Method(row.method).label), style="nowrap"),
            Cell(f"{row.payments:,}", style=ROOMY),
            Cell(shown.amount(row.received), style=ROOMY),
            Cell(_some(row.reversed), style=ROOMY),
            Cell(shown.amount(row.net), _payments(row, asked), f"{NUMBER} desk-sum"),
        ]
        for row in found
    ]
    sums = [sum((getattr(row, name) for row in found), NOTHING) for name in ("received", "reversed", "net")]
    count = f"{sum(row.payments for row in found):,}"
    totals = [Cell("Together"), Cell(""), Cell(""), Cell(count, style=ROOMY)]
    totals += [Cell(shown.amount(one), style=how) for one, how in zip(sums, (ROOMY, ROOMY, NUMBER), strict=True)]
    return Table(heads, rows, totals if rows else [])


def _payments(row: Taken, asked: Asked) -> str:
    narrowed = {"depot": asked.depot.pk if asked.depot else "", "since": row.day, "until": row.day}
    return address("payments_payment_changelist", user=row.user, method=row.method, **narrowed)


def _takings_file(actor: Any, asked: Asked) -> tuple[str, Sequence[str], Callable[[], Iterable[Sequence[Any]]]]:
    rows = takings(asked.days, depot_ids=asked.depot_ids)
    return f"takings-{asked.days.since}-{asked.days.until}", Taken._fields, lambda: rows


def _cylinders(actor: Any, asked: Asked) -> Table:
    found = cylinders_out(actor, None).filter(place__customer__depot__in=asked.depot_ids)
    first = asked.page * PAGE
    page = list(found.order_by("place__customer__customer_code", "equipment__name", "pk")[first : first + PAGE + 1])
    rows = []
    for row in page[:PAGE]:
        customer = row.place.customer
        assert customer is not None  # noqa: S101  # by the filter
        ledger = reverse("admin:stock_ledger", args=[f"customer:{customer.pk}"])
        rows.append(
            [
                Cell(customer.name, address_of("customers_customer", customer.pk), about=customer.customer_code),
                Cell(row.equipment.name),
                Cell(shown.number(row.quantity), ledger, f"{NUMBER} desk-sum"),
            ]
        )
    return Table([("Customer", ""), ("Cylinder", ""), ("There", NUMBER)], rows, more=len(page) > PAGE)


def _cylinders_file(actor: Any, asked: Asked) -> tuple[str, Sequence[str], Callable[[], Iterable[Sequence[Any]]]]:
    found = cylinders_out(actor, None).filter(place__customer__depot__in=asked.depot_ids)
    cells = (tuple(answered(CylindersRow, row).values()) for row in all_cylinders_out(found, None))
    return f"cylinders-{timezone.localdate()}", CylindersRow.Meta.fields, lambda: cells


REPORTS = {
    "ageing": Report(
        "Ageing",
        "In S$. What is open stands by the days since the invoice was issued; overdue is what is past its due date. "
        "Owes is what is open less credit notes and money not used yet.",
        "Nobody owes anything and nobody has credit. An invoice stands here until it is paid.",
        _ageing,
        _ageing_file,
    ),
    "sales": Report(
        "Sales",
        "Invoices less credit notes, by the day they were issued.",
        "No document was issued in these days. Choose others.",
        _sales,
        _sales_file,
        longest=sales_report.MOST_DAYS,
        by=tuple(sales_report.BY),
    ),
    "takings": Report(
        "Takings",
        "By the day the money was received. What was reversed since counts no more.",
        "Nobody took money in these days. Choose others.",
        _takings,
        _takings_file,
        longest=takings_report.MOST_DAYS,
        one_day=True,
    ),
    "cylinders": Report(
        "Cylinders out",
        "What stands at customers’ sites now.",
        "No cylinder is at a customer’s site. What is delivered and not taken back stands here.",
        _cylinders,
        _cylinders_file,
    ),
}


def urls(site: AdminSite) -> list[URLPattern]:
    """The addresses under `reports/`, for the desk's site."""

    def view(name: str) -> Callable[..., Any]:
        return only_with(site, "reports.read", lambda request: _answer(site, request, name))

    return [path(f"reports/{name}/", view(name), name=f"reports_{name}") for name in REPORTS]


def _answer(site: AdminSite, request: HttpRequest, name: str) -> HttpResponseBase:
    report, actor = REPORTS[name], actor_of(request)
    asked = _asked(request, report)
    kind = request.GET.get("export", "")
    if kind in MEDIA and not asked.wrong:
        return as_file(_kind(kind), *report.file(actor, asked))
    table = Table([], []) if asked.wrong else report.table(actor, asked)
    given = {key: str(value) for key, value in request.GET.items() if key not in {"page", "export"} and value}
    request.current_app = site.name
    context = {
        **site.each_context(request),
        "title": report.title,
        "report": report,
        "name": name,
        "table": table,
        "asked": asked,
        "tabs": [(one.title, reverse(f"admin:reports_{key}"), key == name) for key, one in REPORTS.items()],
        "options": [(str(one.pk), str(one), one == asked.depot) for one in asked.depots],
        "ways": [(way, f"By {way}", way == asked.by) for way in report.by],
        "files": [(kind, f"?{urlencode({**given, 'export': kind})}") for kind in MEDIA],
        "before": f"?{urlencode({**given, 'page': str(asked.page - 1)})}" if asked.page else "",
        "after": f"?{urlencode({**given, 'page': str(asked.page + 1)})}" if table.more else "",
    }
    return TemplateResponse(request, "office/report.html", context)


def _kind(text: str) -> Kind:
    return "xlsx" if text == "xlsx" else "csv"


def _asked(request: HttpRequest, report: Report) -> Asked:
    """A depot that is not in sight narrows to nothing; a period that cannot be is said."""
    depots = list(depots_with(actor_of(request), "reports.read"))
    named = request.GET.get("depot", "")
    depot = next((one for one in depots if str(one.pk) == named), None)
    if named and depot is None:
        depots = []
    by = request.GET.get("by", "")
    page = min(id_in(request.GET.get("page", "")) or 0, 10_000)
    today = timezone.localdate()
    days, wrong = asked_days(request, longest=report.longest, one_day=report.one_day)
    return Asked(depots, depot, days or Days(today, today), by if by in report.by else "day", page, wrong)


def asked_days(request: HttpRequest, *, longest: int = 0, one_day: bool = False) -> tuple[Days | None, str]:
    """The days that an address names, or what is wrong with them."""
    given: dict[str, date | None] = {}
    for name in ("since", "until"):
        text = request.GET.get(name, "")
        try:
            given[name] = parse_date(text) if text else None
        except ValueError:
            given[name] = None
        if text and given[name] is None:
            return None, "This is no day. Write it as 2026-11-20."
    today = timezone.localdate()
    since = given["since"] or ((given["until"] or today) if one_day else None)
    try:
        return days_between(since, given["until"], today=today, longest=longest), ""
    except Invalid as wrong:
        return None, " ".join(message for messages in (wrong.errors or {}).values() for message in messages)


def address_of(name: str, pk: int) -> str:
    return reverse(f"admin:{name}_change", args=[pk])


def _invoices(customer_id: int, state: str) -> str:
    return address("invoices_invoice_changelist", customer=customer_id, state=state)


def _some(amount: Decimal) -> str:
    """An amount in a table with many; nothing is a dash."""
    return shown.amount(amount) if amount else shown.NOTHING
