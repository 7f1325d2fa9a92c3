"""The desk's page for lists as files, and the command: who may, and that exactly what was checked comes in."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lpg import work
from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.customers.models import Customer
from lpg.depots.models import Depot
from lpg.office import checked_file
from lpg.office.site import SESSION
from lpg.office.tests.files import HEAD, csv_file, workbook
from tests import make

pytestmark = pytest.mark.django_db
INDEX = "/admin/lists/"
GOOD = csv_file(HEAD, ["A-1", "Shop", "CASH", "SINGGAS"], ["A-2", "<b>Stall</b>", "CASH", "SINGGAS"])


def at_the_desk(user: User, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(user)
    session = client.session
    session[SESSION] = accounts.open_session(user=user, user_agent="test", now=timezone.now()).pk
    session.save()
    return client


@pytest.fixture
def desk(admin: User) -> Client:
    return at_the_desk(admin)


def check(client: Client, data: bytes = GOOD, noun: str = "customers", name: str = "my list.csv") -> str:
    response = client.post(f"{INDEX}{noun}/check/", {"file": SimpleUploadedFile(name, data)})
    assert response.status_code == 200
    return response.content.decode()


def go(client: Client, noun: str = "customers") -> str:
    return client.post(f"{INDEX}{noun}/import/", follow=True).content.decode()


def kept_files() -> list[str]:
    return default_storage.listdir(checked_file.FOLDER)[1] if default_storage.exists(checked_file.FOLDER) else []


def test_the_page_offers_all_lists(desk: Client, admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas)
    page = desk.get(reverse("admin:lists")).content.decode()
    for words in ("1 customer", "0 pieces of equipment", "0 rates", "customers.csv", "rates-template.xlsx"):
        assert words in page


@pytest.mark.parametrize("noun", ["customers", "equipment", "rates"])
@pytest.mark.parametrize(("kind", "start"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")])
def test_downloads(desk: Client, noun: str, kind: str, start: bytes) -> None:
    for name, file in ((noun, f"{noun}-{timezone.localdate()}"), (f"{noun}-template", f"{noun}-template")):
        response = desk.get(f"{INDEX}{name}.{kind}")
        assert response.headers["Content-Disposition"] == f'attachment; filename="{file}.{kind}"'
        assert response.content.startswith(start)


def test_a_file_is_checked_then_imported(desk: Client, singgas: Depot) -> None:
    page = check(desk)
    assert "Every row is right" in page and "Import 2 customers" in page and not Customer.objects.exists()
    assert len(kept_files()) == 1
    assert "Imported: 2 customers created, 0 changed, 0 left as they were." in go(desk)
    assert Customer.objects.count() == 2 and not kept_files()
    assert "has been used already" in go(desk)


def test_the_report_shows_what_changes(desk: Client, admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas, customer_code="A-1", name="<i>Old</i>")
    page = check(
        desk,
        csv_file(["customer_code", "name", "phone", "credit_limit", "is_active"], ["A-1", "New", "1", "5", "false"]),
    )
    for words in ("&lt;i&gt;Old&lt;/i&gt;", "New", "—", "5.00", "true", "false", "Import 1 customer<"):
        assert words in page
    with patch("lpg.office.list_views.SHOWN_CHANGES", 1):
        assert "And 1 more" in check(desk, csv_file(["customer_code", "name", "phone"], ["A-1", "New", "1"]))


def test_bad_rows_are_listed_and_nothing_is_kept(desk: Client, singgas: Depot) -> None:
    check(desk)
    page = check(desk, csv_file(HEAD, ["A-1", "", "CASHH", "SINGGAS"], ["A-1", "<b>", "CASH", "X"]), name="<x>.csv")
    for words in ("Correct 2 rows", "CASHH", "Row 2 has A-1 as well", "&lt;x&gt;.csv"):
        assert words in page
    assert "<x>" not in page and not kept_files() and "has been used already" in go(desk)
    assert "Correct 1 row " in check(desk, csv_file(HEAD, ["A-1", "", "CASH", "SINGGAS"]))


def test_files_of_no_use(desk: Client, singgas: Depot) -> None:
    assert "neither CSV in UTF-8 nor" in check(desk, b"\x89PNG\0")
    assert "over 5 MB" in check(desk, b"x" * 6_000_000)
    assert "Choose a file first" in desk.post(f"{INDEX}customers/check/", follow=True).content.decode()


def test_a_file_that_changes_nothing(desk: Client, singgas: Depot) -> None:
    check(desk)
    go(desk)
    page = check(desk)
    assert "Everything in this file is so already" in page and not kept_files()


def test_when_the_list_has_changed_since_the_check(desk: Client, admin: User, singgas: Depot) -> None:
    check(desk)
    make.a_customer(admin, singgas, customer_code="A-1")
    page = go(desk)
    assert "the list has changed since the check" in page and Customer.objects.count() == 1
    assert "1 customer created, 1 changed" in go(desk)


def test_when_the_file_would_fail_or_do_nothing_by_now(desk: Client, admin: User, singgas: Depot) -> None:
    check(desk)
    make.a_customer(admin, singgas, customer_code="A-1", name="Shop")
    make.a_customer(admin, singgas, customer_code="A-2", name="<b>Stall</b>")
    assert "the list has changed since the check" in go(desk) and not kept_files()


def test_only_the_checked_file_of_that_list_is_imported(desk: Client, singgas: Depot) -> None:
    check(desk)
    assert "has been used already" in go(desk, "equipment")
    (name,) = kept_files()
    path = Path(default_storage.path(f"{checked_file.FOLDER}/{name}"))
    path.write_bytes(GOOD.replace(b"Shop", b"Evil"))
    assert "has been used already" in go(desk)
    path.unlink()
    assert "has been used already" in go(desk) and not Customer.objects.exists()


def test_another_sign_in_cannot_import_it(desk: Client, admin: User, singgas: Depot) -> None:
    check(desk)
    assert "has been used already" in go(at_the_desk(admin)) and not Customer.objects.exists()


def test_a_check_is_good_for_an_hour(desk: Client, admin: User, singgas: Depot) -> None:
    check(desk)
    later = timezone.now() + checked_file.LONGEST_AGE + timedelta(seconds=1)
    with patch("lpg.office.checked_file.timezone.now", return_value=later):
        assert "over an hour old" in go(desk)
        check(at_the_desk(admin))
    assert len(kept_files()) == 0  # both are older than an hour by that clock
    with patch("lpg.office.checked_file.default_storage.get_modified_time", side_effect=FileNotFoundError):
        check(desk)  # somebody else took it away
    assert len(kept_files()) == 1


def test_busy(desk: Client, singgas: Depot) -> None:
    with patch("lpg.office.lists.work.run", side_effect=work.Busy):
        assert "Many people are saving" in check(desk)
    check(desk)
    with patch("lpg.office.lists.work.run", side_effect=work.Busy):
        assert "Many people are saving" in go(desk)
    assert "2 customers created" in go(desk)  # it was kept


ADDRESSES = ["", "customers.csv", "rates-template.xlsx", "customers/check/", "equipment/import/"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_may(supervisor: User, driver: User, address: str) -> None:
    for method in ("get", "post"):
        assert getattr(at_the_desk(supervisor), method)(INDEX + address).status_code == 403
        for client in (Client(), at_the_desk(driver)):
            response = getattr(client, method)(INDEX + address)
            assert response.status_code == 302 and response.headers["Location"].startswith("/admin/login/")


def test_addresses_that_are_none(desk: Client) -> None:
    for address in ("people.csv", "customers.pdf", "people/check/"):
        assert desk.get(INDEX + address).status_code == 404
    for address in ("customers/check/", "customers/import/"):
        assert desk.get(INDEX + address).headers["Location"] == INDEX


def test_posts_need_their_token(admin: User, singgas: Depot) -> None:
    client = at_the_desk(admin, enforce_csrf_checks=True)
    for address in ("customers/check/", "customers/import/"):
        assert client.post(INDEX + address, {"file": SimpleUploadedFile("a.csv", GOOD)}).status_code == 403


# --- the command


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    def run(data: bytes, *options: str) -> tuple[str, str]:
        file, out, err = tmp_path / "list", StringIO(), StringIO()
        file.write_bytes(data)
        call_command("import_list", "customers", str(file), *options, stdout=out, stderr=err)
        return out.getvalue(), err.getvalue()

    return run


def test_the_command_imports(admin: User, singgas: Depot, command: Any) -> None:
    out, _ = command(workbook(HEAD, ["A-1", "Shop", "CASH", "SINGGAS"]), "--dry-run", "--as", "admin")
    assert out == "It would be: 1 customer created, 0 changed, 0 left as they were.\n" and not Customer.objects.exists()
    out, _ = command(GOOD, "--as", "admin")
    assert out.startswith("Imported: 2 customers created")


def test_the_command_refuses(admin: User, supervisor: User, singgas: Depot, command: Any) -> None:
    for data, user, words in (
        (GOOD, "nobody", "no active user"),
        (GOOD, "supervisor", "Your role"),
        (b"", "admin", "empty"),
    ):
        with pytest.raises(CommandError, match=words):
            command(data, "--as", user)
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_list", "customers", "/nowhere", "--as", "admin")
    err = StringIO()
    with patch("sys.stderr", err), pytest.raises(CommandError, match="Nothing was imported"):
        command(csv_file(HEAD, ["A-1", "Shop", "CASH", "X"]), "--as", "admin")
