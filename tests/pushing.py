"""A phone of the tests that pushes: it numbers what happened, and says it as the protocol wants it."""

import json
import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from lpg.accounts.models import User
from lpg.inventory.models import Movement
from lpg.invoices.models import Invoice
from lpg.sync.models import Device, Operation, RawOperation, SyncException
from lpg.transactions.models import Transaction
from tests import make

PUSH = "/api/v1/sync/push/"
type Op = dict[str, Any]


def a_key() -> str:
    return str(uuid.uuid4())


class Sender:
    """Somebody's phone: what it records, it has said once `push` has sent it."""

    def __init__(self, user: User | None, device_id: str = "", client: APIClient | None = None):
        self.user = user
        self.client = client or make.a_client(user)
        self.device_id = device_id or a_key()
        self.seq = 0

    def op(self, type: str, payload: Any, **more: Any) -> Op:
        """Something that happens now."""
        self.seq += 1
        said = {
            "client_temp_id": a_key(),
            "seq": self.seq,
            "type": type,
            "version": 1,
            "captured_at": timezone.now().isoformat(),
            "payload": payload,
        }
        return {**said, **more}

    def sale(self, customer: Any, equipment: Any, quantity: int = 1, **more: Any) -> Op:
        item = {"item_type": "DELIVERY", "equipment": equipment.pk, "quantity": quantity}
        payload = {"customer": customer.pk, "items": [item], **more.pop("with_", {})}
        return self.op("transaction.create", payload, **more)

    def envelope(self, *operations: Any, device_now: datetime | None = None, **more: Any) -> dict[str, Any]:
        now = (device_now or timezone.now()).isoformat()
        said = {"protocol": 1, "device_id": self.device_id, "device_now": now, "operations": list(operations)}
        return {**said, **more}

    def answer(self, *operations: Any, **more: Any) -> dict[str, Any]:
        """The whole answer to one call."""
        body = json.dumps(self.envelope(*operations, **more))  # whatever is in them, in ASCII
        answer = self.client.generic("POST", PUSH, body, content_type="application/json")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = json.loads(answer.content)
        assert len(found["results"]) == len(operations)
        return found

    def push(self, *operations: Any, **more: Any) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.answer(*operations, **more)["results"]
        return results

    def push_one(self, operation: Any, **more: Any) -> dict[str, Any]:
        (result,) = self.push(operation, **more)
        return result

    @property
    def device(self) -> Device:
        return Device.objects.get(user=self.user, device_id=self.device_id)


def an_exception(user: User) -> SyncException:
    """About an operation of theirs that could not be done."""
    phone = Sender(user)
    phone.push(said := phone.op("no.such", {"it": "may be known to a newer server"}))
    return SyncException.objects.get(operation__client_temp_id=said["client_temp_id"])


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def row_of(operation: Op) -> Operation:
    return Operation.objects.get(client_temp_id=operation["client_temp_id"])


def kinds(operation: Op) -> list[str]:
    """The open exceptions of an operation."""
    there = SyncException.objects.filter(operation__client_temp_id=operation["client_temp_id"], state="open")
    return sorted(there.values_list("kind", flat=True))


def effects() -> tuple[int, int, int]:
    """How many sales, documents and movements of them there are."""
    moved = Movement.objects.filter(cause="TRANSACTION").count()
    return Transaction.objects.count(), Invoice.objects.count(), moved


def raw_count() -> int:
    return RawOperation.objects.count()
