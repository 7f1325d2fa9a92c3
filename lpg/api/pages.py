"""Keyset pages: each page starts behind the last row of the one before, so that page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.core.exceptions import ValidationError as DoesNotFit
from django.db import connection
from django.db.models import Field, Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from lpg import sql

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Cursor(NamedTuple):
    """Of which list, in which order, whether backwards, and behind which row to go on."""

    listed: str
    ordering: str
    backwards: bool
    value: Any
    id: int

    def encode(self) -> str:
        text = json.dumps(self, ensure_ascii=False, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, listed: str, ordering: str, column: "Field[Any, Any]") -> "Cursor":
        """Raises ValidationError for anything that this list did not give out."""
        try:
            cursor = cls(*json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)))
            its_own = (cursor.listed, cursor.ordering) == (listed, ordering) and isinstance(cursor.backwards, bool)
            if its_own and _fits(cursor.id, -(2**63), 2**63) and _plain(column.to_python(cursor.value)) == cursor.value:
                str(cursor.value).encode()
                return cursor
        except (binascii.Error, ValueError, TypeError, RecursionError, DoesNotFit):
            pass
        raise ValidationError({"cursor": ["This is not a cursor of this list. Start again from the first page."]})


def first_rows[M: Model](rows: QuerySet[M], how_many: int, *, after: int = 0, behind: bool = False) -> list[M]:
    """The first rows (behind so many others) with what is joined to them: their ids first, where anything is joined.

    Also on MariaDB when they lie `behind` a row of the list: asked for whole rows of one person there, it reads all of
    that person's from the top.
    """
    part = slice(after, after + how_many)
    ids = rows.select_related(None).prefetch_related(None).values_list("pk", flat=True)[part]
    joined = sum(1 for used in ids.query.alias_refcount.values() if used) > 1
    if not (joined or rows.query.select_related or (behind and connection.vendor == "mysql")):
        return list(rows[part])
    first = _along_the_list(ids) if joined else list(ids)
    if not first:
        return []
    these = rows.all()
    these.query.clear_where()  # they are chosen: asked again, a planner would again begin with the smallest table
    return list(these.filter(pk__in=first))


def _along_the_list(ids: "QuerySet[Any, int]") -> list[int]:
    """Read the list in its own order, and look at each row whether what it is joined to lets it through.

    Planners like to begin with the smallest table, then sort all that it leads to: a million sales, for the first 50.
    """
    try:
        statement, values = ids.query.sql_with_params()
    except EmptyResultSet:
        return []
    if connection.vendor == "sqlite":
        statement = statement.replace(" INNER JOIN ", " CROSS JOIN ")
    else:
        statement = statement.replace("SELECT ", "SELECT STRAIGHT_JOIN ", 1)
    return [row[0] for row in sql.rows(statement, values)]


def _fits(number: Any, least: int, beyond: int) -> bool:
    return type(number) is int and least <= number < beyond


def _plain(value: Any) -> Any:
    """A column's value as it stands in a cursor."""
    return value if isinstance(value, int) else str(value)


class KeysetPages(BasePagination):
    """Pages of the view's `ordering` choices: non-null columns, always with the id as the last key."""

    def paginate_queryset(  # type: ignore[override]  # only ever query sets
        self,
        queryset: QuerySet[Any] | tuple[QuerySet[Any], ...],
        request: Request,
        view: "APIView | None" = None,
    ) -> list[Any]:
        """One page. Several query sets are read each along its own index and merged."""
        query = view.query_values  # type: ignore[union-attr]  # doors validate it before they list
        self.request = request
        self.ordering: str = query.get("ordering") or view.default_ordering  # type: ignore[union-attr]
        self.column, descending = self.ordering.lstrip("-"), self.ordering.startswith("-")
        size: int = query["page_size"]
        self.listed = f"{view.basename}-{view.action}"  # type: ignore[union-attr]  # as above
        branches = queryset if isinstance(queryset, tuple) else (queryset,)
        key: Field[Any, Any] = branches[0].model._meta.get_field(self.column)
        cursor = Cursor.decode(query["cursor"], self.listed, self.ordering, key) if "cursor" in query else None
        backwards = cursor is not None and cursor.backwards
        down = descending is not backwards
        sign = "-" if down else ""
        self.is_unique = key.unique  # then it is the last key itself: MariaDB has no index over it and the id
        keys = [f"{sign}{self.column}"] if self.is_unique else [f"{sign}{self.column}", f"{sign}pk"]
        if cursor:
            beyond = self._beyond(cursor, down=down)
            branches = tuple(branch.filter(beyond) for branch in branches)
        rows = [row for branch in branches for row in first_rows(branch.order_by(*keys), size + 1, behind=bool(cursor))]
        if len(branches) > 1:
            merged = {row.pk: row for row in rows}.values()
            rows = sorted(merged, key=lambda row: (getattr(row, self.column), row.pk), reverse=down)
        more = len(rows) > size
        rows = rows[:size]
        if backwards:
            rows.reverse()
        self.next = self._link(rows[-1], backwards=False) if rows and (more or backwards) else None
        self.previous = self._link(rows[0], backwards=True) if rows and (more if backwards else cursor) else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self.next, "previous": self.previous, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        next_page = {
            **link,
            "example": "http://127.0.0.1:8000/api/v1/customers/?cursor=WyJ4LWxpc3QiLCJpZCIsZmFsc2UsMSwxXQ",
        }
        properties = {"next": next_page, "previous": {**link, "example": None}, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}

    def _beyond(self, cursor: Cursor, *, down: bool) -> Q:
        after = "lt" if down else "gt"
        if self.is_unique:
            return Q(**{f"{self.column}__{after}": cursor.id if self.column == "id" else cursor.value})
        tie = Q(**{self.column: cursor.value, f"pk__{after}": cursor.id})
        return Q(**{f"{self.column}__{after}e": cursor.value}) & (Q(**{f"{self.column}__{after}": cursor.value}) | tie)

    def _link(self, row: Model, *, backwards: bool) -> str:
        cursor = Cursor(self.listed, self.ordering, backwards, _plain(getattr(row, self.column)), row.pk)
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.encode())
