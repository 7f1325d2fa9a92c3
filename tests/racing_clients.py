"""Clients that race for the same keys, each a process of its own, so that one can really be killed.

Run by `test_idempotency_races.py` as `python -m tests.racing_clients`, with the task as JSON at its standard input. For
each key all clients send the same request at the same moment, through the whole API, each on its own connection to the
database. Of a key in `killed` the first client to come into the effect is killed (SIGKILL) within its transaction,
after it has written its rows and before it commits; a new one takes its place for the next key. It prints as JSON, for
each key, what every client was answered and how many were killed.
"""

import json
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import django
from django.test.utils import setup_test_environment

PATIENCE = 60
HEAD_START = 0.005  # enough for every client to hear of the key before the moment to send it

processes = multiprocessing.get_context("fork")  # all is loaded once, before there is a connection to share


def main() -> None:
    task = json.load(sys.stdin)
    django.setup()
    setup_test_environment()
    prepare(task)
    clients = [Client(task) for _ in range(task["clients"])]
    seen = {}
    for key in task["keys"]:
        moment = time.monotonic() + HEAD_START
        for client in clients:
            client.pipe.send((key, moment))
        told = [client.answer() for client in clients]
        clients = [client if answer else Client(task) for client, answer in zip(clients, told, strict=True)]
        seen[key] = {"answers": [answer for answer in told if answer], "killed": told.count(None)}
    for client in clients:
        client.pipe.send(None)
        client.process.join(PATIENCE)
    json.dump(seen, sys.stdout)


def prepare(task: dict[str, Any]) -> None:
    """Put the killer into the effect, and for the control take the claim away."""
    from lpg.audit import services as audit  # noqa: PLC0415  # not before Django is set up
    from lpg.idempotency import services as idempotency  # noqa: PLC0415

    record = audit.record

    def record_and_die(**given: Any) -> None:
        record(**given)
        if os.environ["RACED_KEY"] in task["killed"] and first_to_come(task["folder"]):
            os.kill(os.getpid(), signal.SIGKILL)

    audit.record = record_and_die
    if not task["claim"]:
        idempotency._claim = lambda user_id, key, content: True


def first_to_come(folder: str) -> bool:
    try:
        Path(folder, os.environ["RACED_KEY"]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Client:
    """A process that sends what it is told, seen from outside."""

    def __init__(self, task: dict[str, Any]):
        self.pipe, theirs = processes.Pipe()
        self.process = processes.Process(target=send_what_is_told, args=(task, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.pipe.recv()  # it is connected

    def answer(self) -> dict[str, Any] | None:
        """What it was answered, or None when it was killed."""
        if not self.pipe.poll(PATIENCE):
            raise TimeoutError("a client never came to an end")
        try:
            answer: dict[str, Any] = self.pipe.recv()
        except EOFError:
            self.process.join(PATIENCE)
            if self.process.exitcode != -signal.SIGKILL:
                raise
            return None
        return answer


def send_what_is_told(task: dict[str, Any], pipe: Connection) -> None:
    from django.db import connection  # noqa: PLC0415  # not before Django is set up
    from rest_framework.test import APIClient  # noqa: PLC0415

    connection.ensure_connection()
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {task['token']}")
    client.get(task["address"])  # the first request loads what all others need
    pipe.send("ready")
    while told := pipe.recv():
        key, moment = told
        os.environ["RACED_KEY"] = key
        time.sleep(max(0, moment - time.monotonic()))
        answer = client.post(task["address"], task["bodies"][key], format="json", headers={"Idempotency-Key": key})
        replayed = answer.headers.get("Idempotent-Replayed")
        pipe.send({"status": answer.status_code, "replayed": replayed, "body": answer.content.decode()})


if __name__ == "__main__":
    main()
