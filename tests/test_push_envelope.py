"""What is asked of a push as a whole. Whatever is in it is kept, or the answer says that nothing was taken."""

import json
from decimal import Decimal

import pytest

from lpg.sync.models import Operation, RawOperation
from tests.bad import is_a_problem
from tests.pushing import PUSH, raw_count, statuses

pytestmark = pytest.mark.django_db
BIG = 300 * 1024


def raw_post(phone, body, content_type="application/json"):
    return phone.client.generic("POST", PUSH, body, content_type=content_type)


def refused(answer, status, *words):
    assert answer.status_code == status, answer.content
    is_a_problem(answer)
    for word in words:
        assert word in answer.json()["detail"]
    assert raw_count() == Operation.objects.count() == 0


@pytest.mark.parametrize("body", ["", "{", "no", "[1,", '{"protocol": 1, "protocol"', b"\xff\xfe", "[" * 100_000])
def test_what_is_no_json_is_400(phone, body):
    refused(raw_post(phone, body), 400)


def test_a_body_that_was_cut_off_is_400(phone, shop):
    whole = json.dumps(phone.envelope(*(phone.sale(shop.customer, shop.thing("38")) for _ in range(3))))
    for length in (1, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        refused(raw_post(phone, whole[:length]), 400)


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "{}"])
def test_what_is_no_envelope_is_400(phone, body):
    refused(raw_post(phone, body), 400)


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_another_kind_of_body_is_415(phone, media):
    refused(raw_post(phone, "{}", media), 415)


@pytest.mark.parametrize("protocol", [0, 2, 99, "x", None, True, 1.5])
def test_an_unknown_protocol_is_400(phone, shop, protocol):
    answer = phone.client.post(PUSH, phone.envelope({}, protocol=protocol), format="json")
    refused(answer, 400)
    assert "protocol" in answer.json()["errors"]


@pytest.mark.parametrize("more", [{"device_id": "x"}, {"device_id": None}, {"operations": {}}, {"extra": 1}])
def test_a_wrong_envelope_is_400(phone, more):
    refused(phone.client.post(PUSH, {**phone.envelope(), **more}, format="json"), 400)


def test_more_than_a_hundred_are_413(phone):
    refused(phone.client.post(PUSH, phone.envelope(*range(101)), format="json"), 413, "100 operations", "256 KB")


def test_ten_thousand_are_413(phone):
    refused(phone.client.post(PUSH, phone.envelope(*range(10_000)), format="json"), 413, "100 operations")


def test_300_kb_are_413(phone):
    said = phone.op("transaction.create", {"remarks": "x" * BIG})
    refused(phone.client.post(PUSH, phone.envelope(said), format="json"), 413, "256 KB")


def test_nothing_to_say_is_well(phone):
    answer = phone.answer()
    assert (answer["results"], answer["missing"]) == ([], [])


def test_a_hundred_of_nearly_256_kb_are_taken(phone):
    rubbish = [{"n": number, "x": "y" * 2_400} for number in range(100)]
    assert set(statuses(phone.push(*rubbish))) == {"quarantined"}
    assert raw_count() == Operation.objects.count() == 100


MALFORMED = [
    None,
    5,
    "text",
    [],
    [[]],
    {},
    True,
    1e300,
    {"client_temp_id": "no uuid"},
    {"client_temp_id": 5, "seq": -1},
    {"client_temp_id": "c1a4f4f0-6b0e-4c3e-9a55-3f0f8b9b7f10"},
    {"seq": 10**30, "type": "\ud800\u0000é" * 50, "version": 1},
    {"type": {"a": 1}, "payload": [1]},
]


def test_whatever_cannot_be_read_is_kept_and_listed(phone):
    results = phone.push(*MALFORMED)
    assert set(statuses(results)) == {"quarantined"}
    assert {result["error"]["code"] for result in results} == {"malformed"}
    assert raw_count() == Operation.objects.count() == len(MALFORMED)
    bodies = [raw.body for raw in RawOperation.objects.order_by("pk")]
    sent = json.loads(json.dumps(MALFORMED), parse_float=lambda text: str(Decimal(text)))  # no number is rounded
    assert sorted(bodies) == sorted(json.dumps(one, sort_keys=True, separators=(",", ":")) for one in sent)
    assert statuses(phone.push(*MALFORMED)) == ["quarantined"] * len(MALFORMED)
    assert raw_count() == Operation.objects.count() == len(MALFORMED)


@pytest.mark.parametrize("field", ["client_temp_id", "seq", "type", "version", "captured_at", "payload"])
@pytest.mark.parametrize("value", [None, [], {"a": [{}]}, -1, "", "\x00", 10**40])
def test_no_value_of_a_field_breaks_it(phone, shop, field, value):
    said = {**phone.sale(shop.customer, shop.thing("38")), field: value}
    result = phone.push_one(said)
    assert result["status"] == "quarantined"
    assert raw_count() == 1


def test_the_others_go_on(phone, shop):
    thing = shop.thing("38")
    sales = [phone.sale(shop.customer, thing) for _ in range(3)]
    results = phone.push(sales[0], 5, sales[1], {"seq": "x"}, phone.op("no.such", {}), sales[2])
    assert statuses(results) == ["applied", "quarantined", "applied", "quarantined", "quarantined", "applied"]
