"""Bad bodies never get a 500, never leak, never change anything, and are told what to correct."""

import json

import pytest

from lpg.api.inputs import Input
from lpg.sync.push_serializers import MOST_BYTES
from tests.bad import SECOND_NAMES, WRITES
from tests.bad_values import bad_values
from tests.routes import operations


def test_every_write_of_the_api_is_among_those_tried():
    assert {(one.method, one.route) for one in operations() if one.method != "GET"} == set(WRITES)


def test_every_write_takes_the_body_that_is_tried():
    assert {
        (one.method, one.route): one.door.bodies.get(one.action, Input) for one in operations() if one.method != "GET"
    } == WRITES


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
                too_large = route == "sync/push/" and len(raw) > MOST_BYTES
                world.refuses(world.send(method, world.path(route), raw), 413 if too_large else 400)


def test_a_value_nested_without_end_is_refused(world):
    for (method, route), takes in WRITES.items():
        body = world.body(route)
        for name in takes._declared_fields:
            values = "".join(f'"{other}": {json.dumps(value)}, ' for other, value in body.items() if other != name)
            for depth in (100, 900, 10_000):
                for deep in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
                    if name == "operations" and deep.startswith("[") and depth < 10_000:
                        continue  # whatever an operation is, it is kept
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
            for value, where in bad_values(field)[:: 1 if method == "POST" and route not in SECOND_NAMES else 4]:
                answer = world.send_json(method, route, {**body, name: value})
                problem = world.refuses(answer, field=f"{name}{where}")
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
        world.refuses(answer, 413 if route == "sync/push/" else 400)
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
