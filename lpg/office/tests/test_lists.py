"""What an import does to the lists, row by row, and what an export writes."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer, Rate
from lpg.depots import services as depots
from lpg.depots.models import Depot
from lpg.equipment.models import DefaultRate, Equipment
from lpg.errors import Missing, NotAllowed
from lpg.office import lists
from lpg.office.list_kinds import Done
from lpg.office.lists import Fault, Report
from lpg.office.tests.files import HEAD, cells_of, csv_file, workbook
from tests import make

pytestmark = pytest.mark.django_db
KINDS = ["csv", "xlsx"]
MORNING = datetime(2026, 12, 1, 9, 30)  # noqa: DTZ001  # as a workbook has it


def count() -> list[int]:
    return [model.objects.count() for model in (Customer, Rate, Equipment, DefaultRate, AuditLog)]


def load(actor: User, data: bytes, noun: str = "customers", **options: Any) -> Report:
    return lists.run(noun, data, actor=actor, **{"dry": False, **options})


def faults(report: Report) -> list[tuple[int, str]]:
    return [(fault.row, fault.column) for fault in report.faults]


def said(report: Report) -> str:
    (fault,) = report.faults
    return fault.message


# --- in


@pytest.mark.parametrize("kind", KINDS)
def test_new_customers_come_in_and_leave_their_audit_rows(admin: User, singgas: Depot, kind: str) -> None:
    rows = [[*HEAD, "credit_limit", "meter_rate", "is_active"], ["A-1", "Shop", "CREDIT", "SINGGAS", "2000.50", "2.35"]]
    rows.append(["A-2", "金龙餐馆", "CASH", "SINGGAS"])
    before = AuditLog.objects.count()
    report = load(admin, csv_file(*rows) if kind == "csv" else workbook(*rows))
    assert report.done and report.figures == [2, 0, 0] and report.effects == 2
    first, second = Customer.objects.order_by("customer_code")
    assert (first.credit_limit, first.depot, first.payment_terms_days) == (Decimal("2000.50"), singgas, 30)
    assert first.rates.get().rate == Decimal("2.3500")
    assert (second.name, second.is_active) == ("金龙餐馆", True)
    assert AuditLog.objects.count() - before == 3  # two customers and a rate


def test_a_known_code_changes_only_what_the_file_says(admin: User, singgas: Depot, union: Depot) -> None:
    customer = make.a_customer(admin, singgas, customer_code="A-1", name="Old", phone="6452 1188")
    report = load(admin, csv_file(["customer_code", "name", "phone", "depot"], ["A-1", "New", "", "UNION"]))
    assert report.figures == [0, 1, 0]
    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.depot) == ("New", "6452 1188", union)
    assert [(change.row, change.entry, change.column, change.before, change.after) for change in report.changes] == [
        (2, "A-1", "name", "Old", "New"),
        (2, "A-1", "depot", "SINGGAS", "UNION"),
    ]


def test_what_is_so_already_leaves_no_trace(admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas, customer_code="A-1", name="Shop", meter_rate=Decimal("2.35"))
    before = count()
    report = load(
        admin, csv_file(["customer_code", "name", "meter_rate", "depot"], ["A-1", " Shop ", "2.35", "SINGGAS"])
    )
    assert report.done and report.figures == [0, 0, 1] and count() == before


def test_equipment_comes_in(admin: User) -> None:
    item = make.some_equipment(admin, rate="38")
    head = ["sku", "name", "equipment_type", "weight_kg", "default_rate", "is_active"]
    data = csv_file(head, ["CYL-X", "New", "CYLINDER", "14", "40", "TRUE"], [item.sku, "", "", "", "39.5", "false"])
    report = load(admin, data, "equipment")
    assert report.figures == [1, 1, 0] and report.changes[0].before == Decimal(38)
    item.refresh_from_db()
    assert not item.is_active
    assert list(item.default_rates.order_by("pk").values_list("rate", flat=True)) == [Decimal(38), Decimal("39.5")]


def test_rates_come_in_for_customers_for_gas_and_by_default(admin: User, singgas: Depot) -> None:
    item = make.some_equipment(admin, rate=None)
    customer = make.a_customer(admin, singgas)
    rows = [
        ["customer", "equipment", "rate", "effective_from"],
        [customer.customer_code, item.sku, "36.5", "2026-12-01"],
    ]
    rows += [[customer.customer_code, "", "2.35", "2026-12-01"], ["", item.sku, "38", "2026-12-01"]]
    report = load(admin, csv_file(*rows), "rates")
    assert report.figures == [3, 0, 0]
    assert list(customer.rates.order_by("pk").values_list("equipment", "rate")) == [
        (item.pk, Decimal("36.5")),
        (None, Decimal("2.35")),
    ]
    assert item.default_rates.get().rate == 38
    before = count()
    assert load(admin, csv_file(*rows), "rates").figures == [0, 0, 3] and count() == before


def test_of_rates_for_one_day_the_last_in_the_file_counts(admin: User, singgas: Depot) -> None:
    customer = make.a_customer(admin, singgas)
    rows = [[customer.customer_code, "", rate, "2026-12-01"] for rate in ("38", "38", "40", "38")]
    report = load(admin, csv_file(["customer", "equipment", "rate", "effective_from"], *rows), "rates")
    assert report.figures == [3, 0, 1]
    assert [rate.rate for rate in customer.rates.order_by("pk")] == [38, 40, 38]


def test_what_a_spreadsheet_makes_of_cells(admin: User, singgas: Depot) -> None:
    data = workbook(
        [*HEAD, "postal_code", "payment_terms_days", "credit_limit", "is_active"],
        [1001.0, "Shop", "CASH", "SINGGAS", 560226, 14.0, 12.5, True],
        [1002, 7.5, "CASH", "SINGGAS", None, "14", Decimal("0.1"), "false"],
    )
    assert load(admin, data).figures == [2, 0, 0]
    first, second = Customer.objects.order_by("customer_code")
    assert (first.customer_code, first.postal_code, first.payment_terms_days) == ("1001", "560226", 14)
    assert (first.credit_limit, second.credit_limit) == (Decimal("12.50"), Decimal("0.10"))
    assert (second.customer_code, second.name, second.is_active) == ("1002", "7.5", False)


def test_what_a_spreadsheet_garbles_is_told(admin: User, singgas: Depot) -> None:
    data = workbook(
        [*HEAD, "payment_terms_days", "credit_limit", "is_active"],
        [datetime(2026, 1, 2), True, "CASH", "SINGGAS", 7.5, 12.345, 1],  # noqa: DTZ001
        ["A-2", time(9, 30), "CASH", "SINGGAS", True, False, "ja"],
    )
    report = load(admin, data)
    assert faults(report) == [
        (2, "customer_code"),
        (2, "payment_terms_days"),
        (2, "credit_limit"),
        (2, "is_active"),
        (3, "name"),
        (3, "payment_terms_days"),
        (3, "credit_limit"),
        (3, "is_active"),
    ]
    assert "Format the column as text" in report.faults[0].message


def test_days_in_workbooks(admin: User, singgas: Depot) -> None:
    customer = make.a_customer(admin, singgas)
    head, code = ["customer", "equipment", "rate", "effective_from"], customer.customer_code
    assert load(admin, workbook(head, [code, None, 2.35, date(2026, 12, 1)]), "rates").figures == [1, 0, 0]
    assert customer.rates.get().effective_from == date(2026, 12, 1)
    late = workbook(head, [code, None, 2, MORNING], [code, None, 2, 46357], [code, None, 2, "1/12/26"])
    report = load(admin, late, "rates")
    assert faults(report) == [(row, "effective_from") for row in (2, 3, 4)]


# --- what is wrong


def test_every_bad_row_is_listed_at_once_and_nothing_is_changed(admin: User, singgas: Depot, union: Depot) -> None:
    depots.change_depot(actor=admin, depot_id=union.pk, values={"is_active": False})
    make.a_customer(admin, singgas, customer_code="OLD")
    data = csv_file(
        [*HEAD, "email", "uen", "credit_limit"],
        ["GOOD", "Good", "CASH", "SINGGAS"],
        ["A-1", "", "CASHH", "NOWHERE", "no mail", "123", "-5"],
        [],
        ["A-1", "Twice", "CASH", "SINGGAS"],
        ["", "No code", "CASH", "SINGGAS"],
        ["A-2", "Retired depot", "CASH", "UNION"],
        ["A-3", "x" * 201, "CASH", "SINGGAS", "", "", "1.234"],
        ["OLD", "Old\x07", "", "", "", "", "", "too", "much"],
        ["Ä-4", "Umlaut", "CASH", "SINGGAS"],
    )
    before = count()
    dry, real = load(admin, data, dry=True), load(admin, data)
    assert dry.faults == real.faults and not real.done and count() == before
    assert faults(dry) == [
        (3, "name"),
        (3, "email"),
        (3, "uen"),
        (3, "payment_type"),
        (3, "credit_limit"),
        (3, "depot"),
        (5, "customer_code"),
        (6, "customer_code"),
        (7, ""),
        (8, "name"),
        (8, "credit_limit"),
        (9, "column 8"),
        (9, "column 9"),
        (9, "name"),
        (10, "customer_code"),
    ]
    words = {(fault.row, fault.column): fault.message for fault in dry.faults}
    assert words[3, "payment_type"] == '"CASHH" is not a valid choice. Write one of CASH, CREDIT, MONTHLY.'
    assert words[3, "depot"] == "There is no depot “NOWHERE”. Write one of SINGGAS, UNION."
    assert words[5, "customer_code"] == "Row 3 has A-1 as well. Keep one of the two."
    assert words[7, ""] == "Depot UNION is no longer in use. Choose another depot."
    assert dry.bad_rows == 7 and dry.counts[Done.CREATED] == 1


def test_a_retired_depot_may_stay(admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas, customer_code="A-1")
    depots.change_depot(actor=admin, depot_id=singgas.pk, values={"is_active": False})
    assert load(admin, csv_file(["customer_code", "name", "depot"], ["A-1", "New", "SINGGAS"])).figures == [0, 1, 0]


def test_many_choices_are_not_listed(admin: User) -> None:
    for number in range(13):
        make.a_depot(admin, f"D-{number}")
    assert said(load(admin, csv_file(HEAD, ["A", "b", "CASH", "X"]))) == "There is no depot “X”. Check its spelling."


def test_bad_rates(admin: User, singgas: Depot) -> None:
    item = make.some_equipment(admin)
    code = make.a_customer(admin, singgas).customer_code
    report = load(
        admin,
        csv_file(
            ["customer", "equipment", "rate", "effective_from"],
            ["", "", "1", "2026-12-01"],
            ["NOBODY", "NOTHING", "x", "yesterday"],
            [code, item.sku, "", ""],
            ["", "NOTHING", "1.23456", "2026-12-01"],
        ),
        "rates",
    )
    assert faults(report) == [
        (2, "customer"),
        (3, "customer"),
        (3, "equipment"),
        (3, "rate"),
        (3, "effective_from"),
        (4, "rate"),
        (4, "effective_from"),
        (5, "equipment"),
        (5, "rate"),
    ]


def test_headings_are_judged_first(admin: User) -> None:
    report = load(admin, csv_file(["code", "name", "name", "colour", "id"], ["A-1", "x", "y", "red", "1"]))
    assert report.faults == [
        Fault(1, "code", "This is called customer_code here."),
        Fault(1, "name", "There are two columns of this name. Keep one of them."),
        *(
            Fault(
                1,
                name,
                f"There is no such column. Take it out, or use one of: {', '.join(lists.LISTS['customers'].columns)}.",
            )
            for name in ("colour", "id")
        ),
    ]
    report = load(admin, csv_file(["name"], ["x"]))
    assert report.faults == [Fault(1, "customer_code", "This column is missing. The template has all headings.")]
    report = load(admin, csv_file(["customer_code", "", "rate"], ["x", "", "1"]), "rates")
    assert faults(report) == [(1, "customer_code"), (1, "equipment"), (1, "effective_from")]


def test_a_dry_run_changes_nothing(admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas, customer_code="A-1", name="Old")
    before = count()
    report = load(admin, csv_file(HEAD, ["A-1", "New"], ["A-2", "Shop", "CASH", "SINGGAS"]), dry=True)
    assert not report.done and report.figures == [1, 1, 0] and not report.faults
    assert count() == before and Customer.objects.get().name == "Old"


def test_what_comes_out_otherwise_than_checked_is_not_done(admin: User, singgas: Depot) -> None:
    data = csv_file(HEAD, ["A-1", "Shop", "CASH", "SINGGAS"])
    checked = load(admin, data, dry=True).figures
    make.a_customer(admin, singgas, customer_code="A-1")
    before = count()
    report = load(admin, data, as_checked=checked)
    assert not report.done and report.figures == [0, 1, 0] and count() == before
    assert load(admin, data, as_checked=report.figures).done


def test_only_an_administrator(admin: User, supervisor: User, driver: User) -> None:
    for actor in (supervisor, driver):
        for attempt in (
            lambda: load(actor, csv_file(HEAD)),  # noqa: B023
            lambda: lists.export("customers", "csv", actor=actor),  # noqa: B023
            lambda: lists.template("customers", "csv", actor=actor),  # noqa: B023
        ):
            with pytest.raises(NotAllowed):
                attempt()
    with pytest.raises(Missing):
        lists.export("people", "csv", actor=admin)


# --- out


def some_of_everything(admin: User, singgas: Depot) -> Customer:
    item, other = make.some_equipment(admin, rate="38.1234"), make.some_equipment(admin, rate=None)
    customer = make.a_customer(
        admin,
        singgas,
        name="=1+1",
        phone="+65 6452 1188",
        address='Blk 1, "Corner"\n#01-01; Lane',
        postal_code="050034",
        credit_limit=Decimal("9999999999999999.99"),
        meter_rate=Decimal("2.35"),
    )
    make.a_customer(admin, singgas, name="'=quoted", is_active=False)
    for rate in ("1", "2", "1"):
        rows = csv_file(
            ["customer", "equipment", "rate", "effective_from"], [customer.customer_code, item.sku, rate, "2026-12-01"]
        )
        load(admin, rows, "rates")
    load(admin, csv_file(["sku", "weight_kg", "name"], [other.sku, "0.35", "-Regulator"]), "equipment")
    return customer


@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_out_comes_in_unchanged(admin: User, singgas: Depot, kind: Any) -> None:
    some_of_everything(admin, singgas)
    before = count()
    for noun, entries in (("customers", 2), ("equipment", 2), ("rates", 4)):
        report = load(admin, lists.export(noun, kind, actor=admin), noun)
        assert (report.faults, report.figures) == ([], [0, 0, entries])
    assert count() == before


def test_no_cell_that_goes_out_is_a_formula(admin: User, singgas: Depot) -> None:
    customer = some_of_everything(admin, singgas)
    text = lists.export("customers", "csv", actor=admin).decode()
    assert text.startswith("\ufeffcustomer_code,name,email,phone,")
    assert f"{customer.customer_code},'=1+1,,'+65 6452 1188," in text and "''=quoted" in text
    head, row, _ = cells_of(lists.export("customers", "xlsx", actor=admin))
    written = dict(zip(head, row, strict=True))
    assert (written["name"], written["phone"]) == ("'=1+1", "'+65 6452 1188")
    assert (written["postal_code"], written["meter_rate"], written["is_active"]) == ("050034", 2.35, True)
    assert written["credit_limit"] == "9999999999999999.99"  # more digits than a spreadsheet's number keeps


@pytest.mark.parametrize("kind", KINDS)
def test_the_template_shows_a_row_that_works(admin: User, singgas: Depot, kind: Any) -> None:
    for noun in ("customers", "equipment", "rates"):
        report = load(admin, lists.template(noun, kind, actor=admin), noun, dry=True)
        assert report.faults == [] if noun != "rates" else faults(report) == [(2, "customer"), (2, "equipment")]


def test_a_template_without_any_depot(admin: User) -> None:
    assert ",DEPOT," in lists.template("customers", "csv", actor=admin).decode()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_goes_out_as_its_headings(admin: User, kind: Any) -> None:
    data = lists.export("rates", kind, actor=admin)
    with pytest.raises(lists.Unreadable, match="no entries below"):
        load(admin, data, "rates")


@pytest.mark.parametrize("noun", ["customers", "equipment", "rates"])
def test_statements_do_not_grow_with_the_list(
    admin: User, singgas: Depot, noun: str, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        some_of_everything(admin, singgas)
    with django_assert_max_num_queries(2):
        data = lists.export(noun, "csv", actor=admin)
    with django_assert_max_num_queries(9):  # of an import that changes nothing, too
        assert load(admin, data, noun).effects == 0
