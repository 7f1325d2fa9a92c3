"""The API's door: who may come in, what they may ask, and the one way to write.

A write validates its body, opens the unit of work, gives the first answer again to a repeated key or calls one service,
and renders the answer inside the same transaction, so that record and effect are one. Each door says in tables what its
actions need, take and answer; the schema is made from the same tables.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework import viewsets
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from lpg import trace, work
from lpg.api.answers import shown
from lpg.api.guard import HasRole, actor_of
from lpg.api.inputs import Input, Query
from lpg.api.pages import KeysetPages
from lpg.errors import Invalid, Missing
from lpg.idempotency import services as idempotency
from lpg.roles import Actor
from lpg.search import starting_with

KEY_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,64}")
_NO_FILTER = {"page_size", "cursor", "ordering", "search"}


@cache
def built[S: Serializer[Any]](shape: type[S], *, partial: bool = False) -> S:
    """A serializer keeps nothing of what it reads, and building it costs more than using it: one each."""
    return shape(partial=partial)


class Door(viewsets.GenericViewSet[Any]):
    """One resource: what each of its actions needs (a capability), takes (a body, a query) and answers."""

    tag: ClassVar[str]
    nouns: ClassVar[tuple[str, str]]  # one of them and many, such as ("customer", "customers")
    needs: ClassVar[dict[str, str]]
    bodies: ClassVar[dict[str, type[Input]]] = {}
    queries: ClassVar[dict[str, type[Query]]] = {}
    answers: ClassVar[dict[str, tuple[int, type[Serializer[Any]] | None]]] = {}
    files: ClassVar[dict[str, tuple[str, str]]] = {}  # actions that answer with a file: its media type, its beginning
    exports: ClassVar[tuple[str, ...]] = ()  # reads that ?export= answers with a file for a spreadsheet
    may_refuse: ClassVar[tuple[str, ...]] = ()  # reads that may answer 409
    output: ClassVar[type[Serializer[Any]]]
    keyed: ClassVar[bool] = True  # POSTs take an Idempotency-Key
    may_find_nothing: ClassVar[tuple[str, ...]] = ()  # actions that may answer 404, though their address names no id
    searched: ClassVar[tuple[str, ...]] = ()
    lookups: ClassVar[dict[str, str]] = {}  # parameter → lookup, where they differ
    default_ordering: ClassVar[str] = "id"

    takes_ended: ClassVar[bool] = False  # also from those who are no longer let in; `request.auth` says so

    permission_classes: Any = (HasRole,)
    pagination_class: Any = KeysetPages
    lookup_url_kwarg = "id"
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]  # noqa: RUF012  # as in the base
    query_values: dict[str, Any]

    def rows(self) -> QuerySet[Any]:
        """What the caller may see of this resource, ready to be shown."""
        raise NotImplementedError  # each door says it

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        trace.origin.set(f"{request.scheme}://{request.get_host()}")
        self.query_values = built(self.query_class()).run_validation(request.query_params)

    def query_class(self) -> type[Query]:
        return self.queries.get(self.action or "", Query)

    def answer(self) -> tuple[int, type[Serializer[Any]] | None]:
        """Status and shape of this action's answer."""
        if self.action in self.answers:
            return self.answers[self.action]
        return (201 if self.action == "create" else 200), self.output

    def page(self, rows: QuerySet[Any] | tuple[QuerySet[Any], ...]) -> Response:
        shape = self.answer()[1] or self.output
        page = self.paginate_queryset(cast(Any, rows))
        return self.get_paginated_response([shown(shape, row) for row in page or ()])

    def narrowed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that the query's filters and search leave."""
        for name, value in self.query_values.items():
            if name not in _NO_FILTER:
                rows = rows.filter(**{self.lookups.get(name, name): value})
        if sought := self.query_values.get("search"):
            rows = rows.filter(starting_with(self.searched, sought))
        return rows

    @staticmethod
    def found[M: Model](rows: QuerySet[M], id: str) -> M:
        row = rows.filter(pk=int(id)).first()
        if row is None:
            raise Missing
        return row

    def read(self, request: Request, *, partial: bool = False) -> Any:
        """The values of this action's body."""
        return built(self.bodies.get(self.action, Input), partial=partial).run_validation(request.data)

    def write(self, request: Request, effect: Callable[[Any], Any], *, partial: bool = False) -> HttpResponse:
        """Validate this action's body, do `effect` with its values once, and answer with what it returns."""
        status, shape = self.answer()
        values = self.read(request, partial=partial)

        def answered() -> tuple[int, str]:
            result = effect(dict(values))
            if shape is None:
                return status, ""
            return status, JSONRenderer().render(shown(shape, result)).decode()

        def unit() -> idempotency.Given:
            if key is None:
                return idempotency.Given(*answered(), replayed=False)
            return idempotency.once(user_id=actor_of(request).pk, key=key, content=content, effect=answered)

        key = self.key(request, values) if request.method == "POST" and self.keyed else None
        content = "" if key is None else idempotency.fingerprint("POST", self.route(request), values)
        given = work.run(unit)
        answer = HttpResponse(given.body, status=given.status, content_type="application/json")
        if given.replayed:
            answer["Idempotent-Replayed"] = "true"
        return answer

    @staticmethod
    def key(request: Request, values: Any) -> str | None:
        """The header, or the body's `client_temp_id`: both are the same key."""
        header: str | None = request.headers.get(KEY_HEADER)
        named: str | None = values.get("client_temp_id")
        if header is not None and named is not None and header != named:
            raise Invalid({"client_temp_id": [f"It differs from the {KEY_HEADER} header. Send the same, or only one."]})
        key = header if named is None else named
        if key is not None and not _KEY.fullmatch(key):
            field = KEY_HEADER if named is None else "client_temp_id"
            raise Invalid({field: ["Send 1 to 64 ASCII characters without spaces, best a new UUID."]})
        return key

    @staticmethod
    def route(request: Request) -> str:
        """The canonical route: the owner's second spellings of an address share its name."""
        match = request.resolver_match
        ids = [f"{name}={value}" for name, value in sorted(match.kwargs.items())] if match else []
        return " ".join([match.url_name or "" if match else "", *ids])


class Listed(Door):
    """A resource with a list."""

    def list(self, request: Request) -> Response:
        return self.page(self.narrowed(self.rows()))


class Readable(Listed):
    """A resource with a list and a page for each entry."""

    def retrieve(self, request: Request, id: str) -> Response:
        row = self.found(self.rows(), id)
        return Response(shown(self.output, row))


class MasterData(Readable):
    """A resource that is created and changed, never deleted: the five parts of each are the same."""

    body: ClassVar[type[Input]]

    def make(self, actor: Actor, values: Any) -> Model:
        raise NotImplementedError  # each resource names its service

    def change(self, actor: Actor, id: int, values: Any) -> Model:
        raise NotImplementedError  # as above

    def create(self, request: Request) -> HttpResponse:
        return self.write(request, lambda values: self.make(actor_of(request), values))

    def update(self, request: Request, id: str) -> HttpResponse:
        """Needs every required field; what is left out of the others stays as it is."""
        return self.write(request, lambda values: self.change(actor_of(request), int(id), values))

    def partial_update(self, request: Request, id: str) -> HttpResponse:
        return self.write(request, lambda values: self.change(actor_of(request), int(id), values), partial=True)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "body" in cls.__dict__:
            cls.bodies = {**dict.fromkeys(("create", "update", "partial_update"), cls.body), **cls.bodies}


def needs(resource: str, **more: str) -> dict[str, str]:
    """The usual capabilities of a resource: read its list and entries, write all else."""
    reads = dict.fromkeys(("list", "retrieve"), f"{resource}.read")
    writes = dict.fromkeys(("create", "update", "partial_update"), f"{resource}.write")
    return {**reads, **writes, **more}
