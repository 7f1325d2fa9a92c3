"""Typed makers of what tests need: they call the services, so nothing impossible is ever made."""

from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from lpg.accounts import services as accounts
from lpg.accounts import tokens
from lpg.accounts.models import User
from lpg.customers import services as customers
from lpg.customers.models import Customer
from lpg.depots import services as depots
from lpg.depots.models import Depot, Vehicle
from lpg.equipment import services as equipment
from lpg.equipment.models import Equipment
from lpg.roles import Role

PASSWORD = "three-blue-kettles"
_number = count(1)


def a_user(role: Role, *, by: User | None = None, **values: Any) -> User:
    number = next(_number)
    given: accounts.UserValues = {
        "username": f"user{number}",
        "employee_id": f"E-{number}",
        "password": PASSWORD,
        "role": role,
        **values,  # type: ignore[typeddict-item]
    }
    return accounts.create_user(actor=by, values=given)


def a_depot(by: User, code: str = "") -> Depot:
    number = next(_number)
    return depots.create_depot(actor=by, values={"code": code or f"D{number}", "name": f"Depot {number}"})


def a_vehicle(by: User, depot: Depot) -> Vehicle:
    return depots.create_vehicle(actor=by, values={"plate_no": f"SBA {next(_number)} K", "depot": depot.pk})


def some_equipment(by: User, rate: str | None = "38.0000") -> Equipment:
    number = next(_number)
    return equipment.create_equipment(
        actor=by,
        values={
            "sku": f"CYL-{number}",
            "name": f"Cylinder {number}",
            "equipment_type": Equipment.Type.CYLINDER,
            "default_rate": None if rate is None else Decimal(rate),
        },
    )


def a_customer(by: User, depot: Depot, **values: Any) -> Customer:
    number = next(_number)
    given: customers.CustomerValues = {
        "customer_code": f"C-{number}",
        "name": f"Customer {number}",
        "payment_type": Customer.Payment.CASH,
        "depot": depot.pk,
        **values,  # type: ignore[typeddict-item]
    }
    return customers.create_customer(actor=by, values=given)


def a_client(user: User | None = None) -> APIClient:
    """A client of the API; with a user, signed in on a session of its own (`client.session`)."""
    client = APIClient()
    if user:
        session = accounts.open_session(user=user, user_agent="test", now=timezone.now())
        client.signed_in = session
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(session)['access']}")
    return client
