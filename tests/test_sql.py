"""The statements by hand: what they write is what the models read, whatever is in it, on both engines."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from lpg import sql
from lpg.audit.models import AuditLog
from lpg.depots.models import Depot
from lpg.inventory.places import Owner, place_of
from lpg.roles import Role
from lpg.transactions.models import Transaction
from tests import make
from tests.races import all_well, together

pytestmark = pytest.mark.django_db
BALANCE = "place_id, equipment_id, `condition`, physical, quantity"
COLUMNS = ("code", "name", "address", "phone", "is_active")


def test_all_rows_are_written_in_one_statement_and_read_back_as_they_were():
    names = ["", "%s {0} %% %(name)s", "'; DROP TABLE x; --", '"`\\', "🔥 金龙 é", "two\nlines"]
    with CaptureQueriesContext(connection) as statements:
        sql.insert("depots_depot", COLUMNS, ((f"D{n}", name, name, "", n % 2) for n, name in enumerate(names)))
    assert len(statements) == 1
    kept = Depot.objects.order_by("code").values_list("code", "name", "address", "is_active")
    assert list(kept) == [(f"D{n}", name, name, bool(n % 2)) for n, name in enumerate(names)]
    read = sql.rows("SELECT code, name FROM depots_depot WHERE name = %s OR code = %s ORDER BY code", [names[1], "D4"])
    assert read == [("D1", names[1]), ("D4", names[4])]
    assert sql.rows("SELECT code FROM depots_depot WHERE id < 0") == []


def test_values_of_every_kind_arrive_as_by_the_drivers_own_way():
    text = "%s %% '; \"`\\ \n 金龙 🔥"
    values = [0, -5, 2**62, True, False, None, "", text, Decimal("-1.50"), 2.5, Transaction.Status.PENDING]
    statement = f"SELECT {', '.join(['%s'] * len(values))}, 'a %% b'"
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        expected = cursor.fetchone()
    assert sql.rows(statement, values) == [expected]
    assert (expected[:3], expected[7], expected[-1]) == ((0, -5, 2**62), text, "a % b")


def test_one_bad_row_of_many_leaves_none():
    with pytest.raises(IntegrityError), transaction.atomic():
        sql.insert("depots_depot", COLUMNS, [("A", "A", "", "", 1), ("B", "B", "", "", 1), ("A", "C", "", "", 1)])
    assert not Depot.objects.exists()


def test_a_broken_check_is_told_as_the_models_tell_it(singgas):
    place = place_of(Owner("depot", singgas.pk))
    row = "SELECT %s, %s, '', 1, -1"  # a physical place never holds less than nothing
    cylinder = make.some_equipment(make.a_user(Role.ADMIN))
    for listened_to in (False, True):
        connection.force_debug_cursor = listened_to
        try:
            with pytest.raises(IntegrityError), transaction.atomic():
                sql.run(f"INSERT INTO inventory_balance ({BALANCE}) {row}", [place.pk, cylinder.pk])
        finally:
            connection.force_debug_cursor = False
    assert sql.rows("SELECT 1 FROM inventory_balance") == []


def test_nonsense_is_told_as_the_models_tell_it():
    with pytest.raises(DatabaseError), transaction.atomic():
        sql.run("SELECT nothing FROM nowhere")
    assert sql.rows("SELECT 1") == [(1,)]


def test_rows_whose_key_is_there_are_passed_over(singgas):
    new = [("SINGGAS", "Another", "", "", 1), ("NEW", "New", "", "", 1)]
    assert sql.insert("depots_depot", COLUMNS, new, missing=True) == 1
    assert sql.insert("depots_depot", COLUMNS, [], missing=True) == 0
    names = dict(Depot.objects.values_list("code", "name"))
    assert (names["SINGGAS"], names["NEW"]) == (singgas.name, "New")


@pytest.mark.parametrize("count", [1, 2, 30])
def test_each_entity_gets_the_id_of_its_row(admin, count):
    rows = [
        sql.new(Depot, code=f"D{number}", name=f"Depot {number}", address="", phone="", is_active=True)
        for number in range(count)
    ]
    sql.add(rows)  # a trigger of this table inserts rows of its own, with ids of theirs
    assert {row.pk: row.code for row in rows} == dict(Depot.objects.values_list("pk", "code"))


def test_run_tells_how_many_rows_it_found_also_when_they_were_so_already(singgas, union):
    statement = "UPDATE depots_depot SET phone = %s WHERE code = %s"
    assert [sql.run(statement, ["6452", code]) for code in ("SINGGAS", "SINGGAS", "NOWHERE")] == [1, 1, 0]
    assert sql.run("UPDATE depots_depot SET phone = ''") == 2


def test_placeholders_stand_in_groups():
    assert sql.groups(1, 1) == "(%s)"
    assert sql.groups(3, 2) == "(%s, %s, %s), (%s, %s, %s)"


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 20, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8))),
        datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_a_moment_is_kept_as_the_models_keep_it(at):
    columns = ("user_name", "action", "entity_type", "entity_id", "payload", "request_id", "created_at")
    sql.insert("audit_auditlog", columns, [("x", "X", "X", 1, "{}", "", sql.moment(at))])
    by_hand = AuditLog.objects.latest("pk")
    by_model = AuditLog.objects.create(
        user_name="x", action="X", entity_type="X", entity_id=1, payload={}, created_at=at
    )
    kept = sql.rows("SELECT created_at FROM audit_auditlog WHERE id IN (%s, %s)", [by_hand.pk, by_model.pk])
    assert kept[0] == kept[1]
    assert by_hand.created_at == at
    assert AuditLog.objects.filter(created_at=at).count() == 2


@pytest.mark.django_db(transaction=True)
def test_what_is_read_for_locking_is_locked(singgas):
    statement = "SELECT phone FROM depots_depot WHERE id = %s" + sql.locking()

    def add() -> None:
        for _ in range(25):
            with transaction.atomic():
                ((phone,),) = sql.rows(statement, [singgas.pk])
                sql.run("UPDATE depots_depot SET phone = %s WHERE id = %s", [str(int(phone or 0) + 1), singgas.pk])

    all_well(together(add, add, add, add))
    singgas.refresh_from_db()
    assert singgas.phone == "100"
