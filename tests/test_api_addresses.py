"""Addresses that name nothing, and methods and headers of every kind: each gets its answer, and none a mistake."""

import json

import pytest

from tests.bad import LISTS, WRITES, is_a_problem
from tests.routes import operations

READS = {one.route for one in operations() if one.method == "GET"}
every_list = pytest.mark.parametrize("route", LISTS)
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
    reads = {route for route in READS if "<id>" in route}
    assert len(reads) > 15
    for route in reads:
        world.refuses(world.get(world.path(route.replace("<id>", id))), 404)
    for method, route in WRITES:
        for wrong in {route.replace("<id>", id), route.replace("<reading>", id)} - {route}:
            world.refuses(world.send(method, world.path(wrong), json.dumps(world.body(route))), 404)


NOWHERE = [
    "/api/nothing",
    "/api/nothing/",
    "/api/v1/",
    "/api/v1/nothing/",
    "/api/v1/v1/customers/",
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
