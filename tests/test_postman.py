"""The owner's Postman guide, walked by newman through the running demo: every answer is as the collection says."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lpg.office.demo import PASSWORD
from tests.running import ROOT, Running

FOLDER = ROOT / "docs" / "postman"
COLLECTION = FOLDER / "hsh-lpg.postman_collection.json"
ENVIRONMENT = FOLDER / "local-demo.postman_environment.json"
NEWMAN = FOLDER / "node_modules" / ".bin" / "newman"
OWNERS = [  # the table in the owner's guide
    "GET customers/",
    "POST customers/",
    "GET customers/<id>/",
    "PATCH customers/<id>/",
    "POST inventories/update/",
    "POST distributions/",
    "POST distributions/<id>/confirm/",
    "POST transactions/create_transaction/",
    "GET invoices/<id>/pdf/",
    "POST invoices/<id>/email/",
    "GET audit/",
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Running]:
    runs = Running(tmp_path, COMPANY_UEN="200012345W")
    try:
        yield runs.wait_ready()
    finally:
        runs.stop()


def requests() -> list[dict]:
    return [one for folder in json.loads(COLLECTION.read_text())["item"] for one in folder["item"]]


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed, and newman runs on it")
@pytest.mark.skipif(not NEWMAN.exists(), reason="newman is not installed: bin/setup postman")
def test_the_walk_succeeds_on_the_demo_as_often_as_it_is_walked(site, tmp_path):
    for number in range(2):
        report = tmp_path / f"{number}.json"
        walked = subprocess.run(
            [
                *(str(NEWMAN), "run", str(COLLECTION), "--environment", str(ENVIRONMENT)),
                *("--env-var", f"base_url=http://127.0.0.1:{site.port}", "--color", "off"),
                *("--reporters", "cli,json", "--reporter-json-export", str(report)),
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert walked.returncode == 0, walked.stdout[-6000:] + walked.stderr
        run = json.loads(report.read_text())["run"]
        assert run["failures"] == []
        assert run["stats"]["assertions"]["total"] > 2 * len(requests())
        answered = {each["item"]["name"]: each["response"]["code"] for each in run["executions"]}
        assert set(answered) == {one["name"] for one in requests()}
        assert answered["The e-invoice"] == 200


def test_every_request_asserts_and_the_owners_table_is_walked():
    walked = set()
    for one in requests():
        (tests,) = (event for event in one["event"] if event["listen"] == "test")
        assert "pm.test(" in "\n".join(tests["script"]["exec"]), one["name"]
        path = one["request"]["url"]["raw"].removeprefix("{{base_url}}/api/v1/").partition("?")[0]
        walked.add(f"{one['request']['method']} {re.sub('{{[a-z_]+}}', '<id>', path)}")
    assert set(OWNERS) <= walked


def test_the_environment_knows_the_demos_sign_ins_and_every_variable_comes_from_somewhere():
    known = {each["key"]: each["value"] for each in json.loads(ENVIRONMENT.read_text())["values"]}
    assert {known[f"{role}_password"] for role in ("admin", "supervisor", "driver")} == {PASSWORD}
    text = COLLECTION.read_text()
    passed_on = set(re.findall(r'collectionVariables\.set\(\\"([a-z_]+)\\"', text))
    used = set(re.findall(r"{{([a-z_]+)}}", text))
    assert used <= passed_on | set(known)


def test_the_lock_names_no_address_of_a_package_index():
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)
    assert not any("resolved" in package for package in lock["packages"].values())
