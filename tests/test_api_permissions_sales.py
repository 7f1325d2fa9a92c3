"""Who sells, reads meters, takes money and decides, at which customer's and out of whose stock, and who sees it."""

from typing import Any

import pytest
from django.apps import apps

from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.inventory.places import Owner
from lpg.roles import Role
from lpg.transactions.models import Transaction
from tests import make
from tests.bad import a_payment, is_a_problem
from tests.sales import a_meter, a_reading, a_sale, delivered
from tests.stock import fill

API = "/api/v1/"
NOWHERE = 987654321
UNKNOWN = ["There is no such entry. Choose one from its list."]


class Trade:
    """One customer of each depot, the same things on every truck and in every depot, and what each driver has sold."""

    def __init__(self, admin: User, driver: User, other_driver: User):
        self.admin, self.driver, self.other_driver = admin, driver, other_driver
        self.thing = make.some_equipment(admin)
        for user in (driver, other_driver):
            for owner in (Owner("truck", user.vehicle_id), Owner("depot", user.depot_id)):
                fill(admin, owner, self.thing, 100)
        self.mine, self.theirs = (self.a_customer(user) for user in (driver, other_driver))
        self.meters = {customer.pk: a_meter(admin, customer, "10") for customer in (self.mine, self.theirs)}
        self.sold = {user.pk: self.a_sale(user, at) for user, at in ((driver, self.mine), (other_driver, self.theirs))}

    def a_customer(self, user: User) -> Any:
        return make.a_customer(self.admin, user.depot, meter_rate="2.5")

    def a_sale(self, user: User, customer: Any) -> dict[str, int]:
        """A sale with its invoice, one that waits, a payment and a reading: their ids."""
        reading = a_reading(user, self.meters[customer.pk], "20")
        sale = a_sale(user, customer, delivered(self.thing, 2))
        return {
            "transactions": sale.transaction.pk,
            "invoices": sale.invoice.pk,
            "waiting": a_sale(user, customer, delivered(self.thing, 1, rate="1")).transaction.pk,
            "payments": a_payment(user, customer, "5.00").pk,
            "meters": reading.meter_id,
            "readings": reading.pk,
        }

    def body(self, **more: Any) -> dict[str, Any]:
        item = {"item_type": "DELIVERY", "equipment": self.thing.pk, "quantity": 1}
        return {"customer": self.mine.pk, "items": [item], **more}


@pytest.fixture
def trade(admin, driver, other_driver, one_transaction):
    return Trade(admin, driver, other_driver)


def rows() -> dict[str, int]:
    return {model._meta.label: model._base_manager.count() for model in apps.get_models()}


def posts(client: Any, path: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(f"{API}{path}", body or {}, format="json")


def refused(client: Any, path: str, body: dict[str, Any], status: int, field: str = "") -> dict[str, Any]:
    """What is refused leaves not a row; 400 is said of the field, 403 and 404 of the whole."""
    before = rows()
    answer = posts(client, path, body)
    assert answer.status_code == status, answer.content
    problem = is_a_problem(answer)
    assert set(problem.get("errors", {})) == ({field} if field else set())
    assert rows() == before
    return problem


# --- What another depot has is not there ------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["driver", "supervisor"])
def test_what_another_depot_sold_is_answered_as_what_is_not_there_at_all(person, trade, signed_in, request):
    client, theirs = signed_in(request.getfixturevalue(person)), trade.sold[trade.other_driver.pk]
    nothing = client.get(f"{API}transactions/{NOWHERE}/").json()
    customer, meter = trade.theirs.pk, theirs["meters"]
    before = rows()
    for path in (
        *(f"{kind}/{theirs[kind]}/" for kind in ("transactions", "invoices", "payments", "meters")),
        f"transactions/{theirs['waiting']}/",
        f"meters/{meter}/readings/",
        f"customers/{customer}/meters/",
        f"customers/{customer}/open-invoices/",
    ):
        answer = client.get(f"{API}{path}")
        assert (answer.status_code, answer.json()) == (404, nothing), path
    new = {"serial_no": "N", "initial_reading": "0", "digits": 5}
    decisions = [
        (f"transactions/{theirs['waiting']}/approve/", {}),
        (f"transactions/{theirs['transactions']}/void/", {"reason": "x"}),
        (f"meters/{meter}/readings/{theirs['readings']}/void/", {"reason": "x"}),
        (f"meters/{meter}/replace/", {"final_reading": "40", **new}),
        (f"customers/{customer}/meters/", new),
    ]
    acts = [(f"payments/{theirs['payments']}/allocate/", {}), (f"meters/{meter}/readings/", {"reading": "40"})]
    for path, body in [*acts, *(decisions if person == "supervisor" else [])]:
        answer = posts(client, path, body)
        assert (answer.status_code, answer.json()) == (404, nothing), path
    for path, body in decisions if person == "driver" else []:  # in which drivers have no part, wherever
        assert posts(client, path, body).status_code == 403, path
    assert rows() == before


@pytest.mark.parametrize("person", ["driver", "supervisor"])
def test_an_id_in_a_body_that_one_may_not_see_is_answered_as_an_unknown_one(person, trade, signed_in, request):
    client = signed_in(request.getfixturevalue(person))
    money = {"method": "CASH", "amount": "5.00"}
    own = {"vehicle": trade.driver.vehicle_id}
    theirs = trade.sold[trade.other_driver.pk]
    for id in (trade.theirs.pk, NOWHERE):
        problem = refused(client, "transactions/", trade.body(**own, customer=id), 400, "customer")
        assert problem["errors"]["customer"] == UNKNOWN
        problem = refused(client, "payments/", {"customer": id, **money}, 400, "customer")
        assert problem["errors"]["customer"] == UNKNOWN
    for id in (theirs["meters"], NOWHERE):
        body = trade.body(**own, current_meter_reading="40", meter=id)
        assert refused(client, "transactions/", body, 400, "meter")["errors"]["meter"] == UNKNOWN
    mine = trade.sold[trade.driver.pk]["payments"]
    words = [
        refused(client, path, {**body, "invoices": [id]}, 400, "invoices.0")["detail"]
        for id in (theirs["invoices"], NOWHERE)
        for path, body in (("payments/", {"customer": trade.mine.pk, **money}), (f"payments/{mine}/allocate/", {}))
    ]
    assert len(set(words)) == 1


def test_retired_things_are_unknown_to_a_driver_and_retired_to_a_supervisor(trade, supervisor, signed_in):
    boss, singgas = signed_in(trade.admin), trade.driver.depot
    gone = {
        "vehicle": ("vehicles", make.a_vehicle(trade.admin, singgas).pk),
        "depot": ("depots", make.a_depot(trade.admin).pk),
    }
    for resource, id in gone.values():
        assert boss.patch(f"{API}{resource}/{id}/", {"is_active": False}, format="json").status_code == 200
    for field, (_, id) in gone.items():
        problem = refused(signed_in(trade.driver), "transactions/", trade.body(**{field: id}), 400, field)
        assert problem["errors"][field] == UNKNOWN
        assert refused(signed_in(supervisor), "transactions/", trade.body(**{field: id}), 409)["code"] == "inactive"


# --- Whose stock ------------------------------------------------------------------------------------------------------


def test_a_driver_sells_from_the_own_truck_and_from_no_other_place(trade, admin, singgas, signed_in):
    client = signed_in(trade.driver)
    colleague = make.a_vehicle(admin, singgas)
    for body in (
        trade.body(vehicle=colleague.pk),
        trade.body(vehicle=trade.other_driver.vehicle_id),
        trade.body(depot=singgas.pk),
        trade.body(depot=trade.other_driver.depot_id),
    ):
        assert refused(client, "transactions/", body, 403)["code"] == "permission_denied"
    for body in (trade.body(), trade.body(vehicle=trade.driver.vehicle_id)):
        made = posts(client, "transactions/", body).json()["transaction"]
        assert (made["vehicle"], made["depot"]) == (trade.driver.vehicle_id, None)


def test_a_driver_without_a_truck_sells_over_the_counter_of_the_home_depot_alone(trade, admin, singgas, signed_in):
    walker = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, depots=[trade.other_driver.depot_id])
    client = signed_in(walker)
    for body in (trade.body(depot=trade.other_driver.depot_id), trade.body(vehicle=trade.driver.vehicle_id)):
        assert refused(client, "transactions/", body, 403)["code"] == "permission_denied"
    for body in (trade.body(), trade.body(depot=singgas.pk)):
        made = posts(client, "transactions/", body).json()["transaction"]
        assert (made["vehicle"], made["depot"]) == (None, singgas.pk)


def test_a_supervisor_sells_from_places_of_own_depots_alone(trade, supervisor, singgas, union, signed_in):
    client = signed_in(supervisor)
    theirs = (trade.body(vehicle=trade.other_driver.vehicle_id), trade.body(depot=union.pk))
    for body in theirs:
        assert refused(client, "transactions/", body, 403)["code"] == "permission_denied"
    for body in (trade.body(vehicle=trade.driver.vehicle_id), trade.body(depot=singgas.pk), trade.body()):
        assert posts(client, "transactions/", body).status_code == 201
    supervisor.depots.add(union)
    for body in (*theirs, trade.body(depot=union.pk, customer=trade.theirs.pk)):
        assert posts(client, "transactions/", body).status_code == 201


def test_meters_come_out_of_places_of_own_depots_alone(trade, admin, supervisor, union, signed_in):
    gauge = make.some_equipment(admin)
    type(gauge).objects.filter(pk=gauge.pk).update(equipment_type="METER")
    for owner in (Owner("truck", trade.other_driver.vehicle_id), Owner("depot", union.pk)):
        fill(admin, owner, gauge, 5)
    client = signed_in(supervisor)
    new = {"initial_reading": "0", "digits": 5, "equipment": gauge.pk}
    for number, place in enumerate(({"vehicle": trade.other_driver.vehicle_id}, {"depot": union.pk})):
        meter = a_meter(admin, trade.mine)
        for path, more in (
            (f"customers/{trade.mine.pk}/meters/", {"serial_no": f"N-{number}"}),
            (f"meters/{meter.pk}/replace/", {"serial_no": f"R-{number}", "final_reading": "40"}),
        ):
            assert refused(client, path, {**new, **more, **place}, 403)["code"] == "permission_denied"
            assert posts(signed_in(admin), path, {**new, **more, **place}).status_code == 201


# --- Who sees what was sold -------------------------------------------------------------------------------------------


def listed(client: Any, path: str) -> set[int]:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def test_lists_hold_what_one_sold_oneself_and_for_supervisors_what_own_depots_sold(trade, supervisor, signed_in):
    supervisor_sold = a_sale(supervisor, trade.mine, delivered(trade.thing, 1))
    a_payment(supervisor, trade.mine, "1.00")
    mine, theirs = trade.sold[trade.driver.pk], trade.sold[trade.other_driver.pk]
    for user, seen in (
        (trade.driver, {mine["transactions"], mine["waiting"]}),
        (trade.other_driver, {theirs["transactions"], theirs["waiting"]}),
        (supervisor, {mine["transactions"], mine["waiting"], supervisor_sold.transaction.pk}),
        (trade.admin, set(Transaction.objects.values_list("pk", flat=True))),
    ):
        client = signed_in(user)
        assert listed(client, "transactions/") == seen
        documents = set(Transaction.objects.filter(pk__in=seen).values_list("documents", flat=True)) - {None}
        assert listed(client, "invoices/") == documents
        assert len(listed(client, "payments/")) == {Role.DRIVER: 1, Role.SUPERVISOR: 2, Role.ADMIN: 3}[user.role]
        for kind in ("transactions", "invoices", "payments"):
            assert listed(client, f"{kind}/?customer={trade.theirs.pk}") <= listed(client, f"{kind}/")
    assert listed(signed_in(supervisor), f"transactions/?customer={trade.theirs.pk}") == set()
    assert listed(signed_in(trade.driver), f"transactions/?user={supervisor.pk}") == set()


def test_a_driver_learns_of_a_colleagues_invoice_only_what_is_needed_to_take_the_money(
    trade, admin, singgas, signed_in
):
    colleague = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, vehicle=make.a_vehicle(admin, singgas).pk)
    client, invoice = signed_in(colleague), trade.sold[trade.driver.pk]["invoices"]
    (row,) = client.get(f"{API}customers/{trade.mine.pk}/open-invoices/").json()["results"]
    assert set(row) == {"id", "invoice_number", "date", "balance_due"}
    assert (row["id"], row["balance_due"]) == (invoice, "76.00")
    for path in (f"invoices/{invoice}/", f"transactions/{trade.sold[trade.driver.pk]['transactions']}/"):
        assert client.get(f"{API}{path}").status_code == 404
    assert listed(client, "invoices/") == listed(client, "transactions/") == set()
    body = {"customer": trade.mine.pk, "method": "CASH", "amount": "76.00", "invoices": [invoice]}
    paid = posts(client, "payments/", body)
    assert (paid.status_code, paid.json()["allocations"]) == (201, [{"invoice": invoice, "amount": "76.00"}])
    assert client.get(f"{API}customers/{trade.mine.pk}/open-invoices/").json()["results"] == []
    assert client.get(f"{API}payments/{paid.json()['id']}/").json() == paid.json()


def test_a_customer_who_moves_takes_sales_documents_money_and_meters_along(trade, supervisor, union, signed_in):
    other = make.a_user(Role.SUPERVISOR, by=trade.admin, depot=union.pk)
    mine = trade.sold[trade.driver.pk]
    paths = [f"{kind}/{mine[kind]}/" for kind in ("transactions", "invoices", "payments", "meters")]
    clients = {user.pk: signed_in(user) for user in (supervisor, other, trade.driver, trade.other_driver)}

    def found(user: User) -> list[int]:
        return [clients[user.pk].get(f"{API}{path}").status_code for path in paths]

    assert [found(user) for user in (supervisor, other)] == [[200] * 4, [404] * 4]
    values: customers.CustomerValues = {"depot": union.pk}
    customers.change_customer(actor=trade.admin, customer_id=trade.mine.pk, values=values)
    assert [found(user) for user in (supervisor, other)] == [[404] * 4, [200] * 4]
    assert found(trade.driver) == [200, 200, 200, 404]  # what they sold and took stays theirs to see
    assert found(trade.other_driver) == [404, 404, 404, 200]
    waiting = f"transactions/{mine['waiting']}/approve/"
    assert posts(clients[supervisor.pk], waiting).status_code == 404
    driver = clients[trade.driver.pk]
    assert refused(driver, f"payments/{mine['payments']}/allocate/", {}, 403)["code"] == "permission_denied"
    refused(driver, f"meters/{mine['meters']}/readings/", {"reading": "40"}, 404)
    refused(driver, "transactions/", trade.body(), 400, "customer")
    assert posts(clients[other.pk], waiting).status_code == 200


def test_the_audit_of_a_sale_is_its_depots(trade, supervisor, signed_in):
    kinds = ("CREATE_TRANSACTION", "CREATE_INVOICE", "CREATE_PAYMENT", "CREATE_METER", "CREATE_METER_READING")
    client = signed_in(supervisor)
    for kind in kinds:
        mine, theirs = (
            set(AuditLog.objects.filter(action=kind, depot=user.depot_id).values_list("pk", flat=True))
            for user in (trade.driver, trade.other_driver)
        )
        assert mine, kind
        assert theirs, kind
        assert listed(client, f"audit/?action={kind}") == mine


# --- Who decides ------------------------------------------------------------------------------------------------------


def test_what_a_driver_sees_but_may_not_do_is_403_and_leaves_nothing(trade, signed_in):
    client, mine = signed_in(trade.driver), trade.sold[trade.driver.pk]
    new = {"serial_no": "N", "initial_reading": "0", "digits": 5}
    for path, body in (
        (f"transactions/{mine['waiting']}/approve/", {}),
        (f"transactions/{mine['waiting']}/void/", {"reason": "x"}),
        (f"meters/{mine['meters']}/readings/{mine['readings']}/void/", {"reason": "x"}),
        (f"meters/{mine['meters']}/replace/", {"final_reading": "40", **new}),
        (f"customers/{trade.mine.pk}/meters/", new),
    ):
        assert refused(client, path, body, 403)["code"] == "permission_denied"


def test_somebody_without_depots_sells_nothing_and_sees_nothing(trade, admin, signed_in):
    for role in (Role.SUPERVISOR, Role.DRIVER):
        client = signed_in(make.a_user(role, by=admin, vehicle=trade.driver.vehicle_id if role == "DRIVER" else None))
        refused(client, "transactions/", trade.body(), 400, "customer")
        body = {"customer": trade.mine.pk, "method": "CASH", "amount": "1.00"}
        refused(client, "payments/", body, 400, "customer")
        for kind in ("transactions", "invoices", "payments"):
            assert listed(client, f"{kind}/") == set()
