"""Every operation of the API, read from the router, in the spelling of the tests' tables: `customers/<id>/rates/`."""

import re
from typing import NamedTuple

from lpg.api.door import Door
from lpg.api.inputs import ListQuery, Query
from lpg.urls import router


class Operation(NamedTuple):
    """One method of one address, and what answers it."""

    method: str
    route: str
    door: type[Door]
    action: str


def spelled(pattern: object) -> str:
    """An address without the signs of a regular expression."""
    pattern = re.sub(r"\(\?![^)]*\)", "", str(pattern))  # what else does not begin so
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern).replace("^", "").removesuffix("$").removesuffix("\\Z")


def operations() -> list[Operation]:
    """All but HEAD, which is GET's."""
    return [
        Operation(method.upper(), spelled(url.pattern), url.callback.cls, action)
        for url in router.urls
        for method, action in url.callback.actions.items()
        if method != "head"
    ]


def lists() -> list[Operation]:
    """Those that answer in pages."""
    found = operations()
    return [one for one in found if issubclass(one.door.queries.get(one.action, Query), ListQuery)]
