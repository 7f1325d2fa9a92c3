"""The API's own description: valid, complete, and true to the last example."""

import json
from html.parser import HTMLParser

import jsonschema_rs
import pytest
from django.conf import settings
from django.core.management import call_command
from rest_framework import serializers

from lpg.api.door import MasterData
from lpg.api.inputs import ListQuery, Query
from lpg.problems import TITLES
from lpg.sheets import MEDIA
from tests import make, routes

FILES = [media.split(";")[0] for media in MEDIA.values()]
METHODS = {"get": "list", "post": "create", "put": "update", "patch": "partial_update"}


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """As the command makes it, which refuses the least warning."""
    file = tmp_path_factory.mktemp("schema") / "schema.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(file))
    return json.loads(file.read_text())


@pytest.fixture(scope="module")
def operations(schema):
    return {(path, method): one for path, methods in schema["paths"].items() for method, one in methods.items()}


@pytest.fixture(scope="module")
def doors():
    """(path, method) → (door, action), from the router and not from the schema."""
    return {
        ("/api/v1/" + one.route.replace("<", "{").replace(">", "}"), one.method.lower()): (one.door, one.action)
        for one in routes.operations()
    }


def fits(value: object, part: dict, schema: dict) -> None:
    """`value` is what `part` of the document describes."""
    whole = {**part, "components": schema["components"]}
    jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


def examples(content: dict) -> list:
    media = content["application/json"]
    return [example["value"] for example in media["examples"].values()]


def test_it_is_openapi_3_1_and_describes_every_operation_once_and_nothing_else(schema, operations, doors):
    assert schema["openapi"] == "3.1.1"
    assert set(operations) == set(doors)
    names = [one["operationId"] for one in operations.values()]
    assert len(names) == len(set(names))


def test_every_operation_has_a_tag_of_the_declared_ones_in_their_order(schema, operations):
    declared = [tag["name"] for tag in settings.SPECTACULAR_SETTINGS["TAGS"]]
    assert [tag["name"] for tag in schema["tags"]] == declared
    assert all(tag["description"] for tag in schema["tags"])
    used = [one["tags"] for one in operations.values()]
    assert all(len(tags) == 1 for tags in used)
    in_order = list(dict.fromkeys(tag for tags in used for tag in tags))
    assert in_order == declared


def test_every_operation_says_what_it_does_and_every_parameter_what_it_is(operations):
    for key, one in operations.items():
        assert len(one["description"]) > 10, key
        for parameter in one.get("parameters", []):
            assert parameter["schema"]["type"], key
            if parameter["name"] == "Idempotency-Key":
                assert parameter["description"], key


def test_every_post_that_makes_something_takes_a_key_and_no_other_operation_does(operations, doors):
    for (path, method), one in operations.items():
        names = {parameter["name"] for parameter in one.get("parameters", [])}
        own_keys = path.endswith("sync/push/") or ("/exceptions/" in path and path.endswith("/retry/"))  # operations
        keyed = method == "post" and "token/" not in path and not path.endswith("me/password/") and not own_keys
        assert ("Idempotency-Key" in names) is keyed, (path, method)


def test_only_signing_in_needs_no_token(operations):
    for (path, _method), one in operations.items():
        assert one.get("security") == ([{"bearer": []}] if "/token/" not in path else None), path


def test_every_body_has_an_example_that_the_input_accepts(schema, operations, doors):
    for key, one in operations.items():
        door, action = doors[key]
        body = door.bodies.get(action)
        assert ("requestBody" in one) is (body is not None), key
        if body:
            content = one["requestBody"]["content"]
            assert list(content) == ["application/json"]
            (example,) = examples(content)
            accepted = body(data=example, partial=key[1] == "patch")
            assert accepted.is_valid(), (key, accepted.errors)
            assert set(example) <= set(body().fields), key
            fits(example, content["application/json"]["schema"], schema)


def test_every_answer_has_an_example_with_exactly_the_fields_of_its_shape(schema, operations, doors):
    for key, one in operations.items():
        door, action = doors[key]
        status, shape = door.answers.get(action, (201 if action == "create" else 200, getattr(door, "output", None)))
        good = {code: answer for code, answer in one["responses"].items() if code.startswith("2")}
        assert list(good) == [str(status)], key
        if shape is None:
            assert "content" not in good["204"]
            continue
        content = good[str(status)]["content"]
        if action in door.files:
            media, begins = door.files[action]
            assert list(content) == [media], key
            assert [example["value"] for example in content[media]["examples"].values()] == [begins]
            continue
        exports = FILES if action in getattr(door, "exports", ()) else []
        assert list(content) == ["application/json", *exports], key
        (example,) = examples(content)
        fits(example, content["application/json"]["schema"], schema)
        if issubclass(door.queries.get(action, Query), ListQuery):
            assert set(example) == {"next", "previous", "results"}
            (example,) = example["results"]
        assert set(example) == set(shape().fields), key


def test_every_refusal_has_an_example_that_is_a_problem(schema, operations, doors):
    for key, one in operations.items():
        refusals = {int(code): answer for code, answer in one["responses"].items() if not code.startswith("2")}
        expected = {400, 503}
        if "/token/" in key[0] or one.get("security"):
            expected.add(401)
        if one.get("security"):
            expected.add(403)
        if "{id}" in key[0] or key == ("/api/v1/integrity/", "get"):  # before the first run there is none
            expected.add(404)
        if key[1] != "get":
            expected |= {413, 415}
        keyed = any(parameter["name"] == "Idempotency-Key" for parameter in one.get("parameters", []))
        expected |= (
            {422, 409} if keyed else {409} if key[1] in {"put", "patch"} else {429} if key[1] == "post" else set()
        )
        door, action = doors[key]
        expected |= {409} if action in getattr(door, "may_refuse", ()) else set()
        assert set(refusals) == expected, key
        for status, answer in refusals.items():
            content = answer["content"]
            assert list(content) == ["application/problem+json"], key
            example = content["application/problem+json"]["example"]
            fits(example, content["application/problem+json"]["schema"], schema)
            assert example["status"] == status
            assert example["type"].endswith(f":{example['code']}")
            assert example["title"] == TITLES.get(status, example["title"])
            assert ("Retry-After" in answer.get("headers", {})) is (status in {429, 503})


def test_what_is_required_is_said_to_be_and_patch_requires_nothing(schema, operations, doors):
    for (path, method), (door, _action) in doors.items():
        if issubclass(door, MasterData) and method in {"post", "put", "patch"} and "rates" not in path:
            body = operations[path, method]["requestBody"]["content"]["application/json"]["schema"]
            component = schema["components"]["schemas"][body["$ref"].rsplit("/", 1)[1]]
            fields = door.bodies[METHODS[method]]().fields.items()
            needed = {name for name, field in fields if field.required and method != "patch"}
            assert set(component.get("required", [])) == needed, (path, method)


def test_no_answer_describes_a_password_and_no_shape_takes_all_fields(schema, doors):
    for name, component in schema["components"]["schemas"].items():
        if not name.endswith("Request"):
            assert "password" not in component.get("properties", {}), name
    for door, _action in doors.values():
        shape = getattr(door, "output", None)
        if shape and issubclass(shape, serializers.ModelSerializer):
            assert isinstance(shape.Meta.fields, tuple)


def test_the_address_of_the_schema_gives_the_same_as_the_command(schema, client):
    answer = client.get("/api/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    assert answer.json() == schema


class Loaded(HTMLParser):
    """What a page makes a browser load, and the scripts and styles written into it."""

    def __init__(self, page: str):
        super().__init__()
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.inline = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        self.addresses += [str(found[name]) for name in ("src", "href", "spec-url", "action") if name in found]
        self.handlers += [name for name in found if name.startswith("on")]
        self.inline += tag == "script" and "src" not in found


@pytest.mark.parametrize("page", ["swagger-ui", "redoc"])
def test_the_pages_load_everything_from_here_and_run_no_script_of_their_own(page, client, db, settings):
    settings.WHITENOISE_USE_FINDERS = True
    answer = client.get(f"/api/schema/{page}/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    loaded = Loaded(answer.content.decode())
    assert len(loaded.addresses) >= 2
    assert (loaded.inline, loaded.handlers) == (0, [])
    for address in loaded.addresses:
        assert address.startswith("/"), address
        assert not address.startswith("//"), address
        got = client.get(address)
        assert got.status_code == 200, address
        assert b"".join(got) if got.streaming else got.content, address
        got.close()
    assert "http://" not in answer.content.decode().replace("http://testserver", "")
    assert "https://" not in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "script", "style", "image"),
    [
        ("/api/schema/swagger-ui/", None, None, "'self' data:"),
        ("/api/schema/redoc/", None, "'self' 'unsafe-inline'", "'self' data:"),
        ("/api/schema/", None, None, None),
        ("/api/v1/me/", None, None, None),
    ],
)
def test_the_pages_may_load_nothing_from_elsewhere(path, script, style, image, client, db):
    policy = dict(part.strip().split(" ", 1) for part in client.get(path)["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["object-src"], policy["base-uri"]) == ("'self'", "'none'", "'none'")
    assert policy["frame-ancestors"] == "'none'"
    assert (policy.get("script-src"), policy.get("style-src"), policy.get("img-src")) == (script, style, image)


def test_the_api_answers_under_both_of_its_addresses(admin, singgas, signed_in):
    client = signed_in(admin)
    for resource in ("me", "customers", "equipment", "depots", "vehicles", "users", "audit", "sessions"):
        assert client.get(f"/api/{resource}/").json() == client.get(f"/api/v1/{resource}/").json()
    body = {"customer_code": "C-1", "name": "N", "payment_type": "CASH", "depot": singgas.pk}
    key = {"Idempotency-Key": "once"}
    made = client.post("/api/customers/", body, format="json", headers=key)
    again = client.post("/api/v1/customers/", body, format="json", headers=key)
    assert (made.status_code, again.content, again["Idempotent-Replayed"]) == (201, made.content, "true")
    signed = client.post("/api/token/", {"username": "admin", "password": make.PASSWORD}, format="json")
    assert set(signed.json()) == {"access", "refresh"}
