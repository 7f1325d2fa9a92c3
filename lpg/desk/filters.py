"""The filters above each list: plain selects and dates that act when they are changed."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.dateparse import parse_date

from lpg.roles import Actor

type Options = list[tuple[str, str]]
MOST = 300  # what a select can hold and a person can still find


class Pick(admin.SimpleListFilter):
    """One of a few. A value that is not among them finds nothing."""

    template = "desk/filter_pick.html"
    all_words = "All"
    column = ""  # where it is not called as in the address

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return (str(cls.parameter_name),)

    def options(self, request: HttpRequest) -> Options:
        raise NotImplementedError  # each filter says it

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(**{self.column or str(self.parameter_name): value})

    def lookups(self, request: HttpRequest, model_admin: Any) -> Options:
        return self.options(request)

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        known = {str(key) for key, _ in self.lookup_choices}
        return self.narrowed(queryset, value) if value in known else queryset.none()

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for key, words in [("", self.all_words), *self.lookup_choices]:
            yield {"value": key, "display": words, "selected": (self.value() or "") == str(key)}


def pick(title: str, field: str, options: Options, *, all_words: str = "All") -> type[Pick]:
    """A filter by a column that knows few values."""

    class Picked(Pick):
        parameter_name = field

        def options(self, request: HttpRequest) -> Options:
            return options

    Picked.title, Picked.all_words = title, all_words
    return Picked


def seen(
    title: str, field: str, rows: Callable[[Actor], QuerySet[Any]], *, all_words: str = "All", column: str = ""
) -> type[Pick]:
    """A filter by a reference, offering what the one who asks may see."""

    class Seen(Pick):
        parameter_name = field

        def options(self, request: HttpRequest) -> Options:
            actor: Any = request.user
            found: QuerySet[Model] = rows(actor)[:MOST]
            return [(str(row.pk), str(row)) for row in found]

    Seen.title, Seen.all_words, Seen.column = title, all_words, column
    return Seen


class InUse(Pick):
    title = "in use"
    parameter_name = "is_active"
    all_words = "In use and retired"

    def options(self, request: HttpRequest) -> Options:
        return [("1", "In use"), ("0", "Retired")]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(is_active=value == "1")


class Days(admin.ListFilter):
    """From one day to another, both included, in Singapore. What is no date is left out of account."""

    title = "time"
    parameter_name = "days"
    template = "desk/filter_days.html"
    column = "created_at"

    @classmethod
    def parameters(cls) -> tuple[str, ...]:
        return ("since", "until")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any):
        super().__init__(request, params, model, model_admin)
        for name in self.parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def expected_parameters(self) -> list[str | None]:
        return [*self.parameters()]

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for name, words in (("since", "From"), ("until", "To")):
            yield {"name": name, "display": words, "value": self.used_parameters.get(name, "")}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if since := self._day("since"):
            queryset = queryset.filter(**{f"{self.column}__gte": _begins(since)})
        if until := self._day("until"):
            queryset = queryset.filter(**{f"{self.column}__lt": _begins(until + timedelta(days=1))})
        return queryset

    def _day(self, name: str) -> date | None:
        try:
            day = parse_date(str(self.used_parameters.get(name, "")))
        except ValueError:
            return None
        return day if day and date(1970, 1, 1) < day < date(2200, 1, 1) else None


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
