"""The hottest statements by hand, the same on both engines: the ORM took longer to build them than they took to run.

Names of tables and columns are always ours; values always go as parameters.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache, partial
from itertools import count
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, fields
from django.db.models.base import ModelState
from django.db.models.constants import OnConflict

from lpg.fields import AsciiField, FixedDecimalField

type Row = tuple[Any, ...]


def rows(statement: str, values: Sequence[Any] = ()) -> list[Row]:
    """What a SELECT, or an INSERT with RETURNING, finds."""
    return list(_do(statement, values).rows)


def run(statement: str, values: Sequence[Any] = ()) -> int:
    """How many rows an INSERT or UPDATE touched."""
    return _do(statement, values).touched


class Done(NamedTuple):
    """What came of a statement."""

    rows: Sequence[Row]
    touched: int  # rows
    last_id: int  # of what it inserted: the first


def _do(statement: str, values: Sequence[Any]) -> Done:
    """Run a statement without the layers that log and time each one, unless somebody listens to them."""
    db: Any = connections[DEFAULT_DB_ALIAS]
    if db.force_debug_cursor or db.execute_wrappers:
        with db.cursor() as listened_to:
            return _by(listened_to, statement, values)
    if db.connection is None or not db.in_atomic_block:  # within one this was done when it began
        db.validate_thread_sharing()
        db.close_if_health_check_failed()
        db.ensure_connection()
    if db.needs_rollback:
        db.validate_no_broken_transaction()
    with db.wrap_database_errors:
        if db.vendor == "sqlite":
            return _by(db.create_cursor(), statement, values)
        return _sent(db, _filled(db.connection, statement, values))


def _by(cursor: Any, statement: str, values: Sequence[Any]) -> Done:
    cursor.execute(statement, values)
    return Done(cursor.fetchall(), cursor.rowcount, cursor.lastrowid)


def _sent(db: Any, statement: bytes) -> Done:
    """What a cursor of MySQLdb does for one whole answer, in a fifth of its calls."""
    driver = db.connection
    try:
        driver.query(statement)
        found = driver.store_result()
    except db.Database.OperationalError as error:
        if error.args[0] in db.create_cursor().codes_for_integrityerror:  # as Django's cursor has it
            raise db.Database.IntegrityError(*error.args) from error
        raise
    return Done(found.fetch_row(0) if found else (), driver.affected_rows(), driver.insert_id())


def _filled(driver: Any, statement: str, values: Sequence[Any]) -> bytes:
    """The statement with its values, quoted by MySQLdb; the plainest of them without its long way to each."""
    quoted, literal = driver.string_literal, driver.literal
    return statement.encode() % tuple(
        [
            b"%d" % value
            if type(value) is int
            else quoted(value.encode())
            if type(value) is str
            else b"NULL"
            if value is None
            else literal(value)
            for value in values
        ]
    )


def pieces(statement: str, values: Sequence[Any] = (), size: int = 1_000) -> Generator[list[Row]]:
    """What a SELECT finds, piece by piece as the server finds it; the whole of it is never held.

    Nothing else can be asked on this connection until the last piece was taken, or this was closed.
    """
    db: Any = connections[DEFAULT_DB_ALIAS]
    db.ensure_connection()
    with db.wrap_database_errors:
        if db.vendor == "sqlite" or db.force_debug_cursor or db.execute_wrappers:
            cursor = db.cursor()
        else:
            cursor = db.Database.cursors.SSCursor(db.connection)  # the usual one fetches all at once
        with closing(cursor):
            cursor.execute(statement, values)
            while found := cursor.fetchmany(size):
                yield list(found)


def insert(table: str, columns: Sequence[str], values: Iterable[Row], *, missing: bool = False) -> int:
    """All rows in one statement; none, if there is none. `missing`: those whose key is there are passed over.

    Says how many were written.
    """
    flat: list[Any] = []
    count = 0
    for row in values:
        flat.extend(row)
        count += 1
    if not count:
        return 0
    how = connection.ops.insert_statement(OnConflict.IGNORE) if missing else "INSERT INTO"
    names = ", ".join(f"`{column}`" for column in columns)
    return run(f"{how} {table} ({names}) VALUES {groups(len(columns), count)}", flat)


def entities[M: Model](model: type[M], rest: str, values: Sequence[Any] = (), **more: str) -> list[M]:
    """The rows of a model's table that `rest` (WHERE …) leaves. `more`: what else each is to have, and its SQL."""
    columns, names, converters = _read(model)
    columns, names = ", ".join([columns, *more.values()]), [*names, *more]
    found = []
    for row in rows(f"SELECT {columns} FROM {model._meta.db_table} {rest}", values):  # noqa: S608
        kept = list(row)
        for place, convert, expression in converters:
            kept[place] = convert(kept[place], expression, connection)
        found.append(entity(model, names, kept))
    return found


def entity[M: Model](model: type[M], names: Sequence[str], values: Sequence[Any]) -> M:
    """A row of which these columns were read: `from_db`, at a third of its time."""
    one = _bare(model, dict(zip(names, values, strict=True)))
    _there(one)
    return one


def new[M: Model](model: type[M], **values: Any) -> M:
    """An entity not yet written, its other columns as the model says: the model's own call, at a third of its time."""
    empty, references = _empty(model)
    one = _bare(model, {**empty, **values})
    for name, field in references.items():
        if name not in values:
            continue
        other = one.__dict__.pop(name)
        if field.one_to_one:
            setattr(one, name, other)  # the other keeps this one, too
        else:
            one._state.fields_cache[name] = other
            one.__dict__[field.attname] = None if other is None else other.pk
    return one


def _bare[M: Model](model: type[M], columns: dict[str, Any]) -> M:
    one = model.__new__(model)
    columns["_state"] = ModelState()
    one.__dict__ = columns
    return one


def _there(one: Model) -> None:
    """It is a row of the database now."""
    one._state.adding = False
    one._state.db = DEFAULT_DB_ALIAS


@cache
def _empty(model: type[Model]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the columns hold that nobody gives, and those that stand for another entity."""
    columns = model._meta.concrete_fields
    return {one.attname: one.get_default() for one in columns}, {one.name: one for one in columns if one.is_relation}


def add(new: Sequence[Model]) -> None:
    """Insert entities of one model in one statement; each gets its id. What they hold must be clean."""
    if not new:
        return
    columns, kept = _written(type(new[0]))
    flat = [values[name] if keep is None else keep(values[name]) for values in map(vars, new) for name, keep in kept]
    into = f"INSERT INTO {new[0]._meta.db_table} ({columns}) VALUES {groups(len(kept), len(new))}"  # noqa: S608
    if len(new) > 1 and returns_rows():
        ids: Iterable[int] = [id for (id,) in _do(f"{into} RETURNING id", flat).rows]
    else:  # MySQL numbers the rows of one plain insert without a gap
        ids = count(_do(into, flat).last_id)
    for one, id in zip(new, ids, strict=False):
        vars(one)["id"] = id
        _there(one)


@cache
def _read(model: type[Model]) -> tuple[str, list[str], list[tuple[int, Callable[..., Any], Any]]]:
    """How a model is read: its columns, their names in Python, and what turns a column into its value."""
    fields = model._meta.concrete_fields
    converters = [
        (place, convert, column)
        for place, column in enumerate(field.get_col(model._meta.db_table) for field in fields)
        for convert in [*connection.ops.get_db_converters(column), *column.target.get_db_converters(connection)]
    ]
    return ", ".join(f"`{field.column}`" for field in fields), [field.attname for field in fields], converters


@cache
def _written(model: type[Model]) -> tuple[str, list[tuple[str, Callable[[Any], Any] | None]]]:
    """What an insert gives, all but the id: the columns, and for each where it is and what the database keeps of it.

    None: the value as it is.
    """
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return ", ".join(f"`{field.column}`" for field in fields), [(field.attname, _keep(field)) for field in fields]


def _keep(field: Any) -> Callable[[Any], Any] | None:
    """What the database keeps of a value. Plain values are passed on: asking the field each time takes longer."""
    if isinstance(field, FixedDecimalField):
        return partial(_units, field.decimal_places)
    if type(field) in PLAIN or field.is_relation:
        return None
    if type(field) is AsciiField:
        return field.kept
    if type(field) is fields.DateTimeField:
        return moment
    return lambda value: field.get_db_prep_save(value, connection)


def _units(places: int, value: Decimal | None) -> int | None:
    """A decimal in its smallest unit. Raises ValueError when that is not exact."""
    if value is None:
        return None
    units = int(scaled := value.scaleb(places))
    if units != scaled:
        raise ValueError(f"{value} does not fit {places} places")
    return units


PLAIN = {
    fields.BooleanField,
    fields.CharField,
    fields.PositiveIntegerField,
    fields.PositiveSmallIntegerField,
    fields.TextField,
}


@lru_cache(maxsize=1_000)
def groups(width: int, count: int) -> str:
    """Placeholders for `count` rows of `width` values: (%s, %s), (%s, %s)."""
    one = f"({', '.join(['%s'] * width)})"
    return ", ".join([one] * count)


def moment(at: datetime | None) -> str | None:
    """A time as both engines keep it."""
    return None if at is None else str(at.astimezone(UTC).replace(tzinfo=None))


@cache
def is_sqlite() -> bool:
    return connection.vendor == "sqlite"


@cache
def returns_rows() -> bool:
    """Whether an INSERT can say what it wrote; MySQL's cannot."""
    return bool(connection.features.can_return_rows_from_bulk_insert)


def locking() -> str:
    """How a SELECT says that it locks; SQLite's transactions hold the one lock there is."""
    return "" if is_sqlite() else " FOR UPDATE"
