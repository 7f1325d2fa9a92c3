"""The short form of `make torture`: half a minute of kills, lost answers and wrong clocks, and then the books."""

import os
import subprocess
import sys

import pytest
from django.db import connection

from tests.running import ROOT


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="it kills its database server: it brings a MariaDB of its own"
)
def test_every_promise_holds_after_half_a_minute_of_everything_going_wrong():
    command = [sys.executable, "bin/with-mariadb", "--durable", "--revive", sys.executable, "-m", "torture"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "COVERAGE_"))}
    environment = {**kept, "SECONDS": "30", "SEED": "20261120"}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=420, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "every promise held" in said.stdout
