"""Every kind of "no" that can reach the one handler, and how nested errors read."""

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import DatabaseError, OperationalError, connection
from django.http import Http404
from rest_framework import exceptions

from lpg import problems, work
from lpg.customers.models import Customer
from lpg.errors import Inactive, Invalid, Missing, NotAllowed, Refused, TooLarge
from lpg.search import StartIndex, starting_with
from tests.bad import is_a_problem


class Short(Refused):
    code, title = "short", "Not enough"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Short("Two are missing.", shortages=[{"place": 1}]), 409, "short"),
        (Inactive("Gone."), 409, "inactive"),
        (Invalid({"a": ["Wrong."]}), 400, "invalid"),
        (NotAllowed("No."), 403, "permission_denied"),
        (Missing(), 404, "not_found"),
        (TooLarge("Too much."), 413, "too_large"),
        (work.Busy(), 503, "busy"),
        (exceptions.ValidationError({"a": ["Wrong."]}), 400, "invalid"),
        (exceptions.ValidationError("Wrong."), 400, "invalid"),
        (exceptions.ParseError("line 5 of /lpg/x.py"), 400, "invalid"),
        (exceptions.AuthenticationFailed("why"), 401, "token_not_valid"),
        (exceptions.NotAuthenticated("why"), 401, "not_authenticated"),
        (exceptions.PermissionDenied("why"), 403, "permission_denied"),
        (PermissionDenied("django says"), 403, "permission_denied"),
        (exceptions.NotFound("why"), 404, "not_found"),
        (Http404("No Customer matches the given query"), 404, "not_found"),
        (exceptions.MethodNotAllowed("BREW"), 405, "method_not_allowed"),
        (exceptions.UnsupportedMediaType("x/y"), 415, "unsupported_media_type"),
        (RequestDataTooBig("django says"), 413, "too_large"),
        (SuspiciousOperation("django says"), 400, "invalid"),
        (TooManyFieldsSent("django says"), 400, "invalid"),
        (DatabaseError("SELECT * FROM secrets"), 500, "server_error"),
        (OperationalError(2006, "server at /run/x.sock has gone away"), 503, "busy"),
        (KeyError("secret"), 500, "server_error"),
        (RecursionError("Traceback"), 500, "server_error"),
    ],
    ids=lambda part: type(part).__name__ if isinstance(part, Exception) else None,
)
def test_whatever_is_raised_becomes_a_problem_that_tells_nothing(error, status, code, caplog):
    answer = problems.handle(error, {})
    problem = is_a_problem(answer)
    assert (answer.status_code, problem["code"]) == (status, code)
    assert "why" not in answer.content.decode()
    assert ("Retry-After" in answer) is (status == 503)
    assert ("WWW-Authenticate" in answer) is (status == 401)
    assert bool(caplog.records) is (status == 500)


def test_the_facts_of_a_refusal_stand_beside_its_words():
    answer = problems.handle(Short("Two are missing.", shortages=[{"place": 1}]), {})
    problem = is_a_problem(answer)
    assert (problem["shortages"], problem["detail"], problem["title"]) == (
        [{"place": 1}],
        "Two are missing.",
        "Not enough",
    )


@pytest.mark.parametrize(
    ("detail", "flat"),
    [
        ("Wrong.", {"non_field_errors": ["Wrong."]}),
        (["One.", "Two."], {"non_field_errors": ["One.", "Two."]}),
        ({"a": ["Wrong."]}, {"a": ["Wrong."]}),
        ({"a": "Wrong."}, {"a": ["Wrong."]}),
        ({"items": {"1": {"quantity": ["Wrong."]}}}, {"items.1.quantity": ["Wrong."]}),
        ({"items": [{}, {"quantity": ["Wrong."]}]}, {"items.1.quantity": ["Wrong."]}),
        ({"items": [[], ["Wrong."]]}, {"items.1": ["Wrong."]}),
        ([{"a": ["Wrong."]}], {"0.a": ["Wrong."]}),
        ({"a": []}, {}),
    ],
)
def test_nested_errors_read_as_paths(detail, flat):
    assert problems.flat(detail) == flat


def test_one_sentence_says_how_much_more_there_is():
    assert Invalid({"a": ["Wrong."], "b": ["Bad."]}).detail == "a: Wrong. (1 more to correct.)"
    assert Invalid({"non_field_errors": ["Wrong."]}).detail == "Wrong."


# --- Finding by the start of a text: the index is SQLite's alone ------------------------------------------------------


def test_the_index_for_starts_is_made_and_taken_away_where_it_is_needed():
    (index,) = (one for one in Customer._meta.indexes if one.name == "customer_name_start")
    assert isinstance(index, StartIndex)
    editor = connection.schema_editor(collect_sql=True)
    editor.deferred_sql = []
    made, gone = str(index.create_sql(Customer, editor)), str(index.remove_sql(Customer, editor))
    if connection.vendor == "sqlite":
        assert made == 'CREATE INDEX "customer_name_start" ON "customers_customer" ("name" COLLATE NOCASE)'
        assert gone == 'DROP INDEX "customer_name_start"'
    else:
        assert (made, gone) == ("DO 0", "DO 0")


@pytest.mark.parametrize("text", ["C-1", "é"])
def test_a_start_is_sought_once_where_the_database_knows_the_case_itself(text):
    once = connection.vendor == "sqlite" and text.isascii()
    spellings = {text} if once else {text, text.upper(), text.lower()}
    assert len(starting_with(("a", "b"), text).children) == 2 * len(spellings)
