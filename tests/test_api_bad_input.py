"""Bad input never gets a 500, never leaks, never changes anything, and is told what to correct."""

import base64
import json
from urllib.parse import quote

import pytest
from rest_framework import serializers

from lpg.accounts.serializers import PasswordInput, RefreshInput, SignInInput, UserChange, UserInput
from lpg.api import inputs
from lpg.audit.models import AuditLog
from lpg.customers.serializers import CustomerInput, CustomerRateInput
from lpg.depots.serializers import DepotInput, VehicleInput
from lpg.distribution.serializers import DistributionInput
from lpg.equipment.models import DefaultRate
from lpg.equipment.serializers import DefaultRateInput, EquipmentInput
from lpg.inventory.serializers import CountInput, ReasonInput, TransferInput, UpdateInput
from lpg.urls import router
from tests import make
from tests.bad import LISTS, World, is_a_problem

WRITES = {
    ("POST", "token/"): SignInInput,
    ("POST", "token/refresh/"): RefreshInput,
    ("POST", "token/revoke/"): RefreshInput,
    ("POST", "me/password/"): PasswordInput,
    ("POST", "sessions/<id>/revoke/"): inputs.Input,
    ("POST", "distributions/"): DistributionInput,
    ("POST", "distributions/create_distribution/"): DistributionInput,
    ("POST", "distributions/<id>/confirm/"): inputs.Input,
    ("POST", "distributions/<id>/cancel/"): inputs.Input,
    ("POST", "inventories/update/"): UpdateInput,
    ("POST", "inventories/update_inventory/"): UpdateInput,
    ("POST", "inventories/transfers/"): TransferInput,
    ("POST", "inventories/counts/"): CountInput,
    ("POST", "inventories/counts/<id>/approve/"): ReasonInput,
    ("POST", "inventories/counts/<id>/cancel/"): ReasonInput,
    ("POST", "integrity/"): inputs.Input,
    ("POST", "customers/"): CustomerInput,
    ("PUT", "customers/<id>/"): CustomerInput,
    ("PATCH", "customers/<id>/"): CustomerInput,
    ("POST", "customers/<id>/rates/"): CustomerRateInput,
    ("POST", "equipment/"): EquipmentInput,
    ("PUT", "equipment/<id>/"): EquipmentInput,
    ("PATCH", "equipment/<id>/"): EquipmentInput,
    ("POST", "equipment/<id>/rates/"): DefaultRateInput,
    ("POST", "depots/"): DepotInput,
    ("PUT", "depots/<id>/"): DepotInput,
    ("PATCH", "depots/<id>/"): DepotInput,
    ("POST", "vehicles/"): VehicleInput,
    ("PUT", "vehicles/<id>/"): VehicleInput,
    ("PATCH", "vehicles/<id>/"): VehicleInput,
    ("POST", "users/"): UserInput,
    ("PUT", "users/<id>/"): UserChange,
    ("PATCH", "users/<id>/"): UserChange,
}
SECOND_NAMES = {"distributions/create_distribution/", "inventories/update_inventory/"}
every_list = pytest.mark.parametrize("route", LISTS)

GARBAGE = [[], {}, [1], {"a": 1}, [[[]]], {"a": [{"b": [None]}]}]
HUGE = [2**63, 2**64, -(2**63) - 1, 10**4000]
NOT_TEXT = [5, 1.5, True, False, *HUGE, *GARBAGE]
NOT_FIT_TO_READ = ["a\x00b", "\x07", "a\x1bb", "a\u202eb", "a\u2066b", "\ud800", "a\udfffb", "a\x85b", "a\u2028b"]
NOT_A_NUMBER = ["5", "", "five", "0x10", 1.0, 1.5, True, False, *GARBAGE, *HUGE]
NOT_AN_AMOUNT = [
    "",
    " ",
    "five",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e5",
    "0x10",
    "1,5",
    "-1",
    "-0.01",
    -1,
    "1.123456",
    1.123456,
    "１２",
    "12_000",
    "9" * 30,
    "9" * 5000,
    1e300,
    1e-300,
    True,
    False,
    *HUGE,
    *GARBAGE,
]
NOT_A_DATE = [
    "",
    "0000-00-00",
    "0000-01-01",
    "2026-02-30",
    "2026-13-01",
    "10000-01-01",
    "20260101",
    "2026-W01-1",
    "2026-01-01T00:00:00",
    "２０２６-01-01",
    "today",
    "\ud800",
    5,
    1.5,
    True,
    None,
    *GARBAGE,
    *HUGE,
]


PLACE, LINE = "place", "line"
GOOD = {PLACE: {"type": "depot", "id": 10**15}, LINE: {"equipment": 10**15, "quantity": 1}}
NOT_AN_OBJECT = [None, 5, 1.5, "", "depot", True, [], [1], [[]], [{}]]


def bad_values(field: serializers.Field) -> list:
    """What this field must refuse, from its kind."""
    null = [] if field.allow_null or getattr(field, "allow_blank", False) else [None]
    match field:
        case inputs.Text():
            return [*NOT_TEXT, *NOT_FIT_TO_READ, "x" * 10_000, "🔥" * 5_000, *null]
        case inputs.Amount():
            return NOT_AN_AMOUNT
        case inputs.Whole():
            return [*NOT_A_NUMBER, field.min_value - 1, field.max_value + 1, *null]
        case inputs.Flag():
            return ["true", "false", "", "yes", 0, 1, 1.0, None, *GARBAGE]
        case serializers.ChoiceField():
            return ["", "NOPE", "cash", "CASH ", 5, True, *null, "\ud800", "x" * 10_000, *GARBAGE, *HUGE]
        case serializers.DateField():
            return NOT_A_DATE
        case inputs.Input():
            return [*NOT_AN_OBJECT, *inside(field)]
        case serializers.ListField(child=inputs.Input()):
            lists = [None, 5, "1", True, {}, {"a": 1}, [], [None], [[]], [[{}]], [1] * 101, [GOOD[LINE]] * 101]
            return [*lists, *([value] for value in [*NOT_AN_OBJECT, *inside(field.child)])]
        case serializers.ListField():
            return [None, 5, "1", True, {}, {"a": 1}, [True], ["1"], [[1]], [{}], [0], [2**63], [None], [1] * 101]
    raise AssertionError(f"nothing is known of {field!r}")


def inside(nested: inputs.Input) -> list:
    """A right one, but with each of its fields wrong in every way or left out, or with one that does not exist."""
    right = GOOD[LINE if "equipment" in nested.fields else PLACE]
    found = [{**right, name: 1} for name in ("no_such_field", "", *nested.renamed)]
    for name, field in nested.fields.items():
        found += [{**right, name: value} for value in bad_values(field)]
        if field.required:
            found.append({other: value for other, value in right.items() if other != name})
    return found


@pytest.fixture
def world(admin, driver, one_transaction):
    """What is refused in a test has changed nothing by its end."""
    world = World(admin, driver)
    yield world
    if world.refused:
        world.is_as_before()


def test_every_write_of_the_api_is_among_those_tried():
    writes = set()
    for pattern in router.urls:
        route = str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        for method in pattern.callback.actions:
            if method in {"post", "put", "patch"}:
                writes.add((method.upper(), route.replace("(?P<id>[0-9]{1,18})", "<id>")))
    assert writes == set(WRITES)


# --- Bodies -----------------------------------------------------------------------------------------------------------


def test_a_body_that_is_no_json_is_refused(world):
    for method, route in WRITES:
        bodies = [
            "{",
            "}",
            '{"a": }',
            "{'a': 1}",
            '{"a": 1,}',
            "nul",
            '"',
            '{"a": 1} {"b": 2}',
            "<a/>",
            "a=b",
            "\x00",
            " ",
        ]
        numbers = [
            "1e400",
            '{"a": 1e400}',
            "NaN",
            "Infinity",
            "-Infinity",
            '{"a": NaN}',
            '{"a": [1, -Infinity]}',
            "1" * 5_000,
            '{"a": -%s}' % ("9" * 5_000),
        ]
        binary = [
            b'\xff\xfe{"a": 1}',
            b'{"a": "\xff"}',
            b'{"a": "\xed\xa0\x80"}',
            b'\xef\xbb\xbf{"a": 1}',
            b"\x80",
            '{"a": "é"}'.encode("latin-1"),
        ]
        for raw in [*bodies, *numbers, *binary]:
            problem = world.refuses(world.send(method, world.path(route), raw))
            assert problem["code"] == "invalid"


def test_a_body_that_is_no_object_is_refused(world):
    for method, route in WRITES:
        for raw in ("[]", "[1, 2]", '[{"name": "x"}]', "null", "true", "false", "0", "12", "1.5", '"text"', '""'):
            problem = world.refuses(world.send(method, world.path(route), raw))
            assert problem["code"] == "invalid"


def test_a_body_nested_without_end_is_refused(world):
    for method, route in WRITES:
        for depth in (100, 500, 900, 5_000, 100_000):
            for raw in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
                world.refuses(world.send(method, world.path(route), raw))


def test_a_value_nested_without_end_is_refused(world):
    for (method, route), takes in WRITES.items():
        body = world.body(route)
        for name in takes._declared_fields:
            values = "".join(f'"{other}": {json.dumps(value)}, ' for other, value in body.items() if other != name)
            for depth in (100, 900, 10_000):
                for deep in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
                    world.refuses(world.send(method, world.path(route), f'{{{values}"{name}": {deep}}}'))


def test_a_body_of_ten_megabytes_is_413(world):
    for method, route in WRITES:
        for raw in (b" " * 10_000_000, json.dumps({"name": "x" * 10_000_000}), b'{"a": "' + b"\xff" * 1_000_000):
            problem = world.refuses(world.send(method, world.path(route), raw), 413)
            assert problem["code"] == "too_large"


def test_a_body_that_is_not_said_to_be_json_is_415(world):
    for method, route in WRITES:
        raw = json.dumps(world.body(route) or {"a": 1})
        for kind in (
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "json",
            "\x00",
        ):
            problem = world.refuses(world.send(method, world.path(route), raw, kind), 415)
            assert problem["code"] == "unsupported_media_type"
        multipart = "multipart/form-data; boundary=x"
        world.refuses(
            world.send(
                method,
                world.path(route),
                '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
                multipart,
            ),
            415,
        )


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;x"]
)
def test_json_is_json_however_it_is_announced(kind, world):
    answer = world.send("POST", world.path("depots/"), json.dumps(world.body("depots/")), kind)
    assert answer.status_code == 201


def test_a_value_of_the_wrong_kind_is_refused_at_its_field(world):
    for (method, route), takes in WRITES.items():
        body = world.body(route)
        for name, field in takes._declared_fields.items():
            for value in bad_values(field)[:: 1 if method == "POST" and route not in SECOND_NAMES else 4]:
                answer = world.send_json(method, route, {**body, name: value})
                problem = world.refuses(answer, field=name)
                assert problem["code"] == "invalid"
                assert len(answer.content) < 20_000


def test_a_body_without_what_it_needs_is_refused_at_each_such_field(world):
    for (method, route), takes in WRITES.items():
        needed = [name for name, field in takes._declared_fields.items() if field.required]
        if method == "PATCH" or not needed:
            needed = ["no_such_field"]
            answer = world.send_json(method, route, {"no_such_field": 1})
        else:
            answer = world.send_json(method, route, {})
        assert sorted(world.refuses(answer)["errors"]) == sorted(needed)


def test_a_field_that_does_not_exist_is_refused_and_named(world):
    for method, route in WRITES:
        for name in ("no_such_field", "Name", "__class__", "pk", "", " ", "a.b", "é", "\x00", "\ud800", "x" * 10_000):
            answer = world.send_json(method, route, {**world.body(route), name: 1})
            problem = world.refuses(answer)
            assert list(problem["errors"]) == [name[:100]] or name == ""
            assert len(answer.content) < 20_000


def test_a_hundred_thousand_unknown_fields_get_a_short_answer(world):
    for method, route in WRITES:
        answer = world.send_json(method, route, {f"f{number}": 0 for number in range(70_000)})
        world.refuses(answer)
        assert len(answer.content) < 20_000


RENAMED = [
    (method, route, owners, ours)
    for (method, route), body in WRITES.items()
    for owners, ours in getattr(body, "renamed", {}).items()
]


@pytest.mark.parametrize(("method", "route", "owners", "ours"), RENAMED)
def test_the_name_of_the_owners_documents_is_answered_with_ours(method, route, owners, ours, world):
    body = world.body(route)
    body[owners] = body.pop(ours, 1)
    problem = world.refuses(world.send_json(method, route, body))
    assert problem["errors"][owners] == [f"This is called {ours} here."]


def test_the_owners_names_are_known():
    names = {(route, owners) for _, route, owners, _ in RENAMED}
    expected = {
        ("customers/", "customer_id"),
        ("customers/", "depot_id"),
        ("customers/<id>/rates/", "equipment_id"),
        ("equipment/", "category"),
        ("users/", "depot_id"),
        ("distributions/", "vehicle_no"),
        ("inventories/update/", "equipment"),
        ("vehicles/", "vehicle_no"),
        ("vehicles/", "depot_id"),
    }
    assert expected <= names


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "é", "🔥", "a\tb", "\x7f"])
def test_a_key_that_is_no_key_is_refused(key, world):
    raw = json.dumps(world.body("depots/"))
    answer = world.client.generic(
        "POST", world.path("depots/"), raw, content_type="application/json", HTTP_IDEMPOTENCY_KEY=key
    )
    world.refuses(answer, field="Idempotency-Key")


# --- What is read may be sent back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", ["customers", "equipment", "depots", "vehicles", "users"])
def test_what_get_gave_put_takes_and_nothing_changes(resource, world):
    path = world.path(f"{resource}/<id>/")
    read = world.get(path).json()
    for method in ("PUT", "PATCH"):
        answer = world.send(method, path, json.dumps(read))
        assert (answer.status_code, answer.json()) == (200, read)
        answer = world.send(method, path, json.dumps({**read, "id": 987654321}))
        assert (answer.status_code, answer.json()) == (200, read)
    world.is_as_before()


@pytest.mark.parametrize("resource", ["customers", "equipment", "depots", "vehicles", "users"])
def test_put_keeps_what_is_left_out_and_patch_needs_nothing(resource, world):
    path = world.path(f"{resource}/<id>/")
    read = world.get(path).json()
    needed = {name for name, field in WRITES["PUT", f"{resource}/<id>/"]._declared_fields.items() if field.required}
    answer = world.send("PUT", path, json.dumps({name: read[name] for name in needed}))
    assert (answer.status_code, answer.json()) == (200, read)
    answer = world.send("PATCH", path, "{}")
    assert (answer.status_code, answer.json()) == (200, read)
    world.is_as_before()


def test_read_only_fields_are_ignored_whatever_they_hold(world):
    body = {**world.body("users/"), "id": [{}], "depot_name": 5, "vehicle_no": None}
    problem = world.refuses(world.send_json("POST", "users/", {**body, "nonsense": 1}))
    assert list(problem["errors"]) == ["nonsense"]
    world.is_as_before()
    assert world.send_json("POST", "users/", body).status_code == 201
    world.settle()


def test_null_is_no_text_where_text_may_be_left_out(world):
    for body in ({"phone": None}, {"phone": ""}, {"phone": "  "}):
        answer = world.send_json("PATCH", "customers/<id>/", {**body, "email": None, "uen": None, "address": None})
        assert answer.status_code == 200
        assert [answer.json()[name] for name in ("phone", "email", "uen", "address")] == [""] * 4


NAMES = [
    "🔥",
    "José 金龙 👩‍🚒 🇸🇬 ñandú",
    "İstanbul ß ﬁ",
    "O'Brien; DROP TABLE x; --",
    "<b>&amp;</b>",
    "%s {0} \\n \\",
    "a\tb",
    "נפט غاز",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_kept_as_they_were_written(name, world):
    for route, field in (
        ("customers/", "name"),
        ("customers/", "address"),
        ("equipment/", "name"),
        ("depots/", "name"),
        ("users/", "first_name"),
    ):
        made = world.send_json("POST", route, {**world.body(route), field: name})
        assert made.status_code == 201, made.content
        assert made.json()[field] == name
        read = world.get(f"{world.path(route)}{made.json()['id']}/").json()
        assert read == made.json()
        audited = AuditLog.objects.latest("pk")
        assert audited.payload["after"][field] == name


def test_a_name_as_long_as_allowed_fits_to_the_last_letter(world):
    for letter in ("x", "é", "金", "🔥"):
        made = world.send_json("POST", "customers/", {**world.body("customers/"), "name": letter * 200})
        assert (made.status_code, made.json()["name"]) == (201, letter * 200)
        world.settle()
        world.refuses(
            world.send_json("POST", "customers/", {**world.body("customers/"), "name": letter * 201}), field="name"
        )


def test_an_address_may_have_lines_and_a_name_may_not(world):
    lines = "Blk 226\nAng Mo Kio"
    answer = world.send_json("PATCH", "customers/<id>/", {"address": lines})
    assert answer.json()["address"] == lines
    world.settle()
    world.refuses(world.send_json("PATCH", "customers/<id>/", {"name": lines}), field="name")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("12.5", "12.50"),
        (12.5, "12.50"),
        (12, "12.00"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("0", "0.00"),
        (None, None),
    ],
)
def test_amounts_are_exact_from_body_to_answer(given, kept, world):
    answer = world.send_json("PATCH", "customers/<id>/", {"credit_limit": given})
    assert (answer.status_code, answer.json()["credit_limit"]) == (200, kept)


@pytest.mark.parametrize("day", ["0001-01-01", "1582-10-10", "9999-12-31"])
def test_a_rate_may_begin_on_any_day_of_the_calendar(day, world):
    answer = world.send_json("POST", "equipment/<id>/rates/", {"rate": "1", "effective_from": day})
    assert (answer.status_code, answer.json()["effective_from"]) == (201, day)
    assert str(DefaultRate.objects.latest("pk").effective_from) == day


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ("customers/", "customer_code"),
        ("equipment/", "sku"),
        ("depots/", "code"),
        ("vehicles/", "plate_no"),
        ("users/", "username"),
        ("users/", "employee_id"),
    ],
)
def test_a_key_that_is_taken_is_refused_at_its_field_and_codes_are_plain_ascii(route, field, world):
    body = world.body(route)
    assert world.send_json("POST", route, body).status_code == 201
    world.settle()
    again = {**world.body(route), field: body[field]}
    world.refuses(world.send_json("POST", route, again), field=field)
    for value in ("é", "金", "🔥", "ａ", "a\tb", "", " "):
        world.refuses(world.send_json("POST", route, {**world.body(route), field: value}), field=field)


@pytest.mark.parametrize(
    "uen",
    [
        "202012345A",
        "T08LL0001A",
        "T08IO0001A",
        "0" * 10,
        "S99ZZ9999Z",
        "R00OO0000O",
        "999999999A",
        "1",
        "２０２０12345H",
        "20201234H!",
        "----------",
    ],
)
def test_a_uen_that_is_none_is_refused(uen, world):
    world.refuses(world.send_json("PATCH", "customers/<id>/", {"uen": uen}), field="uen")


@pytest.mark.parametrize(
    "email", ["a", "a@", "@b.sg", "a b@c.sg", "a@b", "a@b..sg", "x" * 300 + "@b.sg", "a@b.sg\nBcc: c@d.sg"]
)
def test_an_email_address_that_is_none_is_refused(email, world):
    world.refuses(world.send_json("PATCH", "customers/<id>/", {"email": email}), field="email")


@pytest.mark.parametrize("password", ["short", "1234567890", "password123", "driver-driver"])
def test_a_weak_password_is_refused_wherever_it_is_set(password, world):
    taken = {**world.body("users/"), "username": "driver-driver", "password": password}
    world.refuses(world.send_json("POST", "users/", taken), field="password")
    mine = {"current_password": make.PASSWORD, "new_password": password}
    if password != "driver-driver":
        world.refuses(world.send_json("POST", "me/password/", mine), field="new_password")


# --- Addresses --------------------------------------------------------------------------------------------------------

WRONG_IDS = [
    "0",
    "-1",
    "1.5",
    "1e3",
    "abc",
    "null",
    "None",
    "٣",
    "１",
    "%00",
    "1%00",
    "..%2f1",
    "1'--",
    "987654321",
    "999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "9" * 1_000,
]


@pytest.mark.parametrize("id", WRONG_IDS)
def test_an_id_that_names_nothing_is_404(id, world):
    for resource in (
        "customers",
        "equipment",
        "depots",
        "vehicles",
        "users",
        "audit",
        "distributions",
        "inventories/counts",
    ):
        world.refuses(world.get(f"/api/v1/{resource}/{id}/"), 404)
    for method, route in WRITES:
        if "<id>" in route:
            path = "/api/v1/" + route.replace("<id>", id)
            world.refuses(world.send(method, path, json.dumps(world.body(route))), 404)


NOWHERE = [
    "/api/nothing",
    "/api/nothing/",
    "/api/v1/",
    "/api/v1/nothing/",
    "/api/v2/customers/",
    "/api/v1/customers",
    "/api/v1/customers/1",
    "/api/v1/customers/1/rates",
    "/api/v1/customers/1/rates/1/",
    "/api/v1/token",
    "/api/schema",
    "/api/",
    "/api/%00/",
    "/api/%ff/",
    "/api/v1/../admin/",
    "/api/v1//customers/",
]


@pytest.mark.parametrize("debug", [False, True])
def test_an_address_that_does_not_exist_is_a_problem_whatever_is_done_to_it(debug, world, settings):
    settings.DEBUG = debug
    world.client.handler.enforce_csrf_checks = True
    for path in NOWHERE:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            problem = world.refuses(world.send(method, path, "{}"), 404)
            assert problem["code"] == "not_found"


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "image/png", "*/*;q=0", "", "nonsense", ",;=\x00", "application/json; version=9"],
)
def test_what_the_client_would_accept_is_never_a_reason_to_refuse(accept, world):
    good = world.client.get("/api/v1/me/", headers={"Accept": accept})
    assert (good.status_code, good["Content-Type"]) == (200, "application/json")
    is_a_problem(world.client.get("/api/v1/nothing/", headers={"Accept": accept}))
    is_a_problem(world.client.get("/api/v1/customers/0/", headers={"Accept": accept}))
    for path in ("/api/schema/", "/api/schema/swagger-ui/", "/api/schema/redoc/"):
        assert world.client.get(path, headers={"Accept": accept}).status_code == 200


@every_list
def test_head_answers_as_get_does_without_the_body(route, world):
    whole, head = world.get(world.path(route)), world.client.head(world.path(route))
    assert (whole.status_code, head.status_code, head.content) == (200, 200, b"")
    assert head["Content-Type"] == whole["Content-Type"]


@pytest.mark.parametrize(
    "query", ["lang=%00", "lang=../../etc", "lang=" + "x" * 5_000, "version=%00", "format=nope", "urlconf=x", "a=1&a=2"]
)
def test_the_schema_answers_whatever_it_is_asked_with(query, world):
    for path in ("/api/schema/", "/api/schema/swagger-ui/", "/api/schema/redoc/"):
        answer = world.get(f"{path}?{query}")
        assert answer.status_code in {200, 400}
        if answer.status_code == 400:
            is_a_problem(answer)


# --- Queries ----------------------------------------------------------------------------------------------------------


def cursor_of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_INTEGERS = [
    "",
    "abc",
    "null",
    "1.5",
    "1e3",
    "0x1",
    "-1",
    "0",
    "٣",
    "１",
    "1_0",
    "+1",
    "%201",
    "true",
    "%00",
    "%ff",
    "9223372036854775808",
    "9" * 5_000,
]
BAD_QUERIES = {
    "page_size": [*BAD_INTEGERS, "201", "1000000"],
    "depot": BAD_INTEGERS,
    "user": BAD_INTEGERS,
    "entity_id": BAD_INTEGERS,
    "equipment": BAD_INTEGERS,
    "vehicle": BAD_INTEGERS,
    "customer": BAD_INTEGERS,
    "id": BAD_INTEGERS,
    "type": ["", "NOPE", "DEPOT", "depot,truck", "%00"],
    "condition": ["", "NOPE", "full", "%00"],
    "status": ["", "NOPE", "pending", "%00"],
    "cause": ["", "NOPE", "update", "%00"],
    "is_active": ["", "yes", "1", "0", "True", "null", "%00"],
    "payment_type": ["", "NOPE", "cash", "CASH,CREDIT", "%00", "x" * 5_000],
    "equipment_type": ["", "NOPE", "%00"],
    "role": ["", "NOPE", "%00"],
    "ordering": ["", "nope", "email", "password", "-", "--id", "id,name", "-id,", "pk", "depot__code", "?", "%00"],
    "search": ["", "%20", "%00", "a%00b", "x" * 101, "🔥" * 101],
    "since": [
        "",
        "nope",
        "0",
        "0000-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "%00",
        "9" * 5_000,
    ],
    "entity_type": ["", "x" * 41, "%00"],
    "action": ["", "x" * 61, "%00"],
}
BAD_QUERIES["until"] = BAD_QUERIES["since"]
BAD_QUERIES["at"] = [*BAD_QUERIES["since"], "9999-12-31T00:00:00Z"]


def parameters() -> list[tuple[str, str]]:
    found = []
    for pattern in router.urls:
        route = str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        action = pattern.callback.actions.get("get")
        query = pattern.callback.cls.queries.get(action)
        if query:
            found += [(route.replace("(?P<id>[0-9]{1,18})", "<id>"), name) for name in query._declared_fields]
    return found


def test_every_list_is_among_those_tried():
    assert {route for route, _ in parameters()} == set(LISTS)


@pytest.mark.parametrize(("route", "name"), [pair for pair in parameters() if pair[1] != "cursor"])
def test_a_wrong_value_of_a_parameter_is_refused_and_not_ignored(route, name, world):
    for value in BAD_QUERIES[name]:
        path = f"{world.path(route)}?{name}={value if '%' in value else quote(value)}"
        world.refuses(world.get(path), field=name)


@every_list
def test_a_parameter_that_does_not_exist_is_refused_and_the_right_ones_are_named(route, world):
    for name in ("nope", "offset", "limit", "page", "format", "depot__code", "Ordering"):
        problem = world.refuses(world.get(f"{world.path(route)}?{name}=1"), field=name)
        assert "page_size" in problem["errors"][name][0]


@every_list
def test_a_parameter_given_twice_is_refused(route, world):
    for query in ("page_size=1&page_size=2", "page_size=1&page_size=1", "ordering=id&ordering=-id"):
        world.refuses(world.get(f"{world.path(route)}?{query}"), field=query.split("=", 1)[0])


@every_list
def test_thousands_of_parameters_are_refused(route, world):
    for query in ("&".join(f"p{number}=1" for number in range(5_000)), "&" * 5_000 + "nope=1", "page_size=1&" * 900):
        world.refuses(world.get(f"{world.path(route)}?{query}"))


GARBAGE_CURSORS = [
    "",
    "x",
    "🔥",
    "%00",
    "%ff",
    "null",
    "e30",
    "W10",
    "====",
    "a" * 1_000,
    "a" * 2_001,
    "[" * 500,
    encoded("["),
    encoded("null"),
    encoded("[]"),
    encoded("{}"),
    encoded("[" * 600),
    encoded('["id"'),
    encoded("1" * 700),
    encoded('["id", false, NaN, 1]'),
    encoded("\ufeff[]"),
]
GARBAGE_VALUES = [
    "\ud800",
    "\x00",
    "x" * 500,
    2**63,
    10**400,
    -(10**400),
    True,
    None,
    1.5,
    [],
    {},
    "0000-00-00",
    "\ud800\udc00",
]
GARBAGE_IDS = [2**63, -(2**63) - 1, 10**400, "1", None, True, 1.5, []]


@every_list
def test_a_cursor_that_this_list_did_not_give_out_is_refused(route, world):
    orderings = WHOLE[route]
    for cursor in GARBAGE_CURSORS:
        world.refuses(
            world.get(f"{world.path(route)}?cursor={cursor if '%' in cursor else quote(cursor)}"), field="cursor"
        )
    for ordering in orderings:
        path = f"{world.path(route)}?ordering={ordering}&page_size=1"
        link = real_cursor(world, route, ordering)
        listed, real_ordering, backwards, value, id = json.loads(base64.urlsafe_b64decode(link + "=="))
        assert (real_ordering, backwards) == (ordering, False)
        forged = [(listed, ordering, False, garbage, id) for garbage in GARBAGE_VALUES if ordering.lstrip("-") != "id"]
        forged += [(listed, ordering, False, value, garbage) for garbage in GARBAGE_IDS]
        forged += [
            ("nothing", ordering, False, value, id),
            (listed, "email", False, value, id),
            (listed, ordering, "x", value, id),
            (listed, ordering, None, value, id),
            (listed, ordering, False, value),
            (listed, ordering, False, value, id, 1),
        ]
        for parts in forged:
            answer = world.get(f"{path}&cursor={cursor_of(*parts)}")
            if answer.status_code == 200:  # text of any kind may be a name
                assert isinstance(parts[3], str), parts
                assert ordering.lstrip("-") not in {"id", "effective_from"}, parts
                json.loads(json.dumps(parts[3])).encode()
            else:
                world.refuses(answer, field="cursor")


WHOLE = {
    "sessions/": ["id", "-id"],
    "distributions/": ["id", "-id"],
    "inventories/": ["id", "-id"],
    "inventories/movements/": ["id", "-id"],
    "inventories/counts/": ["id", "-id"],
    "customers/": ["id", "-id", "customer_code", "-customer_code", "name", "-name"],
    "customers/<id>/rates/": ["id", "-id", "effective_from", "-effective_from"],
    "equipment/": ["id", "-id", "sku", "-sku", "name", "-name"],
    "equipment/<id>/rates/": ["id", "-id", "effective_from", "-effective_from"],
    "depots/": ["id", "-id", "code", "-code", "name", "-name"],
    "vehicles/": ["id", "-id", "plate_no", "-plate_no"],
    "users/": ["id", "-id", "username", "-username"],
    "audit/": ["id", "-id"],
}


def real_cursor(world: World, route: str, ordering: str) -> str:
    """The cursor of a second page, of which there is one."""
    if route.endswith("rates/"):
        make_rates(world)
    elif route not in {"audit/", "sessions/", "users/", "inventories/", "inventories/movements/"}:
        assert world.send_json("POST", route, world.body(route)).status_code == 201
    world.settle()
    link = world.get(f"{world.path(route)}?ordering={ordering}&page_size=1").json()["next"]
    return link.split("cursor=")[1].split("&")[0]


def make_rates(world: World) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        for route in ("customers/<id>/rates/", "equipment/<id>/rates/"):
            answer = world.send_json("POST", route, {**world.body(route), "effective_from": day})
            assert answer.status_code == 201


def test_a_cursor_of_another_list_or_another_ordering_is_refused(world):
    for other in LISTS:
        cursor = real_cursor(world, other, "id")
        world.settle()
        for route in LISTS:
            for ordering in WHOLE[route]:
                answer = world.get(f"{world.path(route)}?cursor={cursor}&ordering={ordering}")
                if (route, ordering) == (other, "id"):
                    assert answer.status_code == 200
                else:
                    world.refuses(answer, field="cursor")


# --- Nothing of our insides shows, also with DEBUG --------------------------------------------------------------------


@pytest.mark.parametrize("debug", [False, True])
def test_a_mistake_of_ours_is_a_problem_that_tells_nothing(debug, world, settings, monkeypatch, caplog):
    settings.DEBUG = debug
    world.client.raise_request_exception = False

    def mistake(*args, **kwargs):
        raise RuntimeError("SELECT secret FROM /lpg/ Traceback")

    monkeypatch.setattr("lpg.depots.services.create_depot", mistake)
    answer = world.send_json("POST", "depots/", world.body("depots/"))
    assert world.refuses(answer, 500)["code"] == "server_error"
    assert "secret" in caplog.text
    monkeypatch.setattr("lpg.middleware.build_policy", mistake)
    answer = world.send_json("POST", "depots/", world.body("depots/"))
    assert answer.status_code == 500


@pytest.mark.parametrize("debug", [False, True])
def test_refusals_are_the_same_with_debug_on(debug, world, settings):
    for method, route in WRITES:
        settings.DEBUG = debug
        for raw in ("{", "[]", "null", '{"no_such_field": 1}', "[" * 100_000, b"\xff"):
            world.refuses(world.send(method, world.path(route), raw))
        world.refuses(world.send(method, world.path(route), "{}", "text/plain"), 415)
        world.refuses(world.send(method, world.path(route), b" " * 2_000_000), 413)
        world.refuses(world.send("DELETE", world.path(route), "{}"), 405)
