"""What is right is kept exactly as it was sent, and what is read may be sent back."""

import json

import pytest

from lpg.audit.models import AuditLog
from lpg.equipment.models import DefaultRate
from tests import make
from tests.bad import WRITES


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


NOBODY = 987654321


@pytest.mark.parametrize(
    ("route", "forged"),
    [
        ("transactions/", {"transaction_number": "TRX-1", "status": "VOIDED", "holds": 5, "total_amount": "-50.00"}),
        ("transactions/", {"user": NOBODY, "payment_status": "PAID", "usage_amount": [], "approved_at": "2026-01-01"}),
        ("payments/", {"payment_number": "RCP-1", "unallocated": "99.00", "user": NOBODY, "allocations": 0}),
        ("customers/<id>/meters/", {"current_reading": "99.000", "removed_on": "2026-01-01", "customer": NOBODY}),
        ("meters/<id>/readings/", {"previous": "0.000", "usage": "-5.000", "kind": "INITIAL", "transaction": NOBODY}),
    ],
)
def test_what_the_system_works_out_is_not_taken_from_a_body(route, forged, world):
    answer = world.send_json("POST", route, {**world.body(route), **forged})
    assert answer.status_code == 201, answer.content
    made = answer.json()
    found = made["transaction"] if route == "transactions/" else made
    assert [name for name, value in forged.items() if found[name] == value] == []


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


@pytest.mark.parametrize(
    ("second", "first"),
    [
        ("transactions/create_transaction/", "transactions/"),
        ("distributions/create_distribution/", "distributions/"),
        ("inventories/update_inventory/", "inventories/update/"),
    ],
)
def test_the_owners_second_name_of_an_address_does_the_same_thing_once(second, first, world):
    body, key = world.body(first), {"Idempotency-Key": "once"}
    made = world.client.post(world.path(second), body, format="json", headers=key)
    world.settle()
    again = world.client.post(world.path(first), body, format="json", headers=key)
    assert made.status_code in {200, 201}
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (made.status_code, made.content, "true")
    world.is_as_before()
