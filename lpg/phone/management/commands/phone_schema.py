import json
from argparse import ArgumentParser
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator

USED = {  # what the phone asks for, and whose bodies its operations carry
    "token/": "post",
    "token/refresh/": "post",
    "token/revoke/": "post",
    "me/": "get",
    "sync/devices/": "post",
    "sync/push/": "post",
    "sync/pull/": "get",
    "distributions/": "post",
    "distributions/{id}/confirm/": "post",
    "transactions/": "post",
    "payments/": "post",
    "meters/{id}/readings/": "post",
    "invoices/{id}/email/": "post",
    "invoices/{id}/pdf/": "get",
    "invoices/{id}/print/": "post",
    "day-closes/": "post",
    "day-closes/{id}/": "get",
}
FIRST_REFUSAL = "3"
UNSAID = {"example", "examples", "default", "security", "format", "minimum", "maximum"}  # bounds differ by database


class Command(BaseCommand):
    help = "Prints the part of the OpenAPI schema that the phone uses: web/src/api/schema.d.ts is made from it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--mark", type=Path, metavar="FILE", help="Instead, note in a file which schema it is of.")

    def handle(self, *args: Any, mark: Path | None, **options: Any) -> None:
        schema = used_schema()
        if mark:
            mark.write_text(f"{marked(schema)}\n{mark.read_text()}")
        else:
            self.stdout.write(json.dumps(schema, ensure_ascii=False, indent=1))


def marked(schema: dict[str, Any]) -> str:
    """The first line of what was made from it."""
    return f"// Made by `make schema`, of {digest(schema)}."


def used_schema() -> dict[str, Any]:
    """Those addresses with their answers, and the shapes they need. Without examples and refusals."""
    whole = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    paths: dict[str, Any] = {}
    for address, method in USED.items():
        said = whole["paths"][f"/api/v1/{address}"][method]
        answers = {status: answer for status, answer in said["responses"].items() if str(status) < FIRST_REFUSAL}
        paths[f"/api/v1/{address}"] = {method: _plain({**said, "responses": answers})}
    shapes: dict[str, Any] = {}
    wanted = _named(paths)
    while wanted:
        name = wanted.pop()
        shapes[name] = _plain(whole["components"]["schemas"][name])
        wanted |= _named(shapes[name]) - shapes.keys()
    return {
        "openapi": whole["openapi"],
        "info": {"title": whole["info"]["title"], "version": whole["info"]["version"]},
        "paths": paths,
        "components": {"schemas": dict(sorted(shapes.items()))},
    }


def digest(schema: dict[str, Any]) -> str:
    """What tells one state of the schema from another."""
    return sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()[:16]


def _plain(value: Any, *, are_fields: bool = False) -> Any:
    """Without what no type says."""
    if isinstance(value, dict):
        said = {key: part for key, part in value.items() if are_fields or key not in UNSAID}
        return {key: _plain(part, are_fields=key == "properties") for key, part in said.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _named(value: Any) -> set[str]:
    """The shapes that are referred to."""
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(_named(part) for part in value.values()))
    return set().union(*(_named(part) for part in value)) if isinstance(value, list) else set()
