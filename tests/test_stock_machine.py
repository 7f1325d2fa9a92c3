"""Random days at three places against a plain model: after each step stock, ledger and model agree."""

from collections import Counter

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from lpg.errors import Refused
from lpg.inventory import counts, services
from lpg.inventory.models import Balance
from lpg.inventory.places import ADJUSTMENT, SCRAP, SUPPLIER, Owner, place_of
from lpg.roles import Role
from tests import make
from tests.stock import disagreements

CONDITIONS = ("FULL", "EMPTY", "DAMAGED")
quantities = st.integers(1, 12)
which = st.integers(0, 1)
conditions = st.sampled_from(CONDITIONS)


class Days(RuleBasedStateMachine):
    """The model is a counter of (place, thing, condition) and a list of distributions."""

    def __init__(self):
        super().__init__()
        self.unit = transaction.atomic()
        self.unit._from_testcase = True  # doors may open their durable unit within it, as in any test
        self.unit.__enter__()
        self.admin = make.a_user(Role.ADMIN)
        self.second = make.a_user(Role.ADMIN, by=self.admin)
        self.depots = [make.a_depot(self.admin) for _ in range(2)]
        self.truck = make.a_vehicle(self.admin, self.depots[0])
        self.client = make.a_client(self.admin)
        self.things = [make.some_equipment(self.admin) for _ in range(2)]
        self.owners = [
            Owner("depot", self.depots[0].pk),
            Owner("depot", self.depots[1].pk),
            Owner("truck", self.truck.pk),
        ]
        self.model = Counter()
        self.distributions = {}
        self.bodies = []
        self.counts = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.unit.__exit__(None, None, None)

    def moves(self, lines, do):
        """`do` succeeds exactly when no physical place of the model would fall below nothing."""
        after = self.model.copy()
        for origin, target, amount in lines:
            after[origin] -= amount
            after[target] += amount
        possible = all(after[key] >= 0 for key in after if key[0] in self.owners)
        try:
            with transaction.atomic():
                do()
        except Refused as refused:
            assert refused.code == "insufficient_stock", refused
            assert not possible
        else:
            assert possible
            self.model = after

    @rule(place=st.integers(0, 2), thing=which, condition=conditions, delta=st.integers(-12, 12).filter(bool))
    def update_by_delta(self, place, thing, condition, delta):
        owner, item = self.owners[place], self.things[thing]
        here, outside = (owner, item.pk, condition), (ADJUSTMENT, item.pk, "")
        line = (outside, here, delta) if delta > 0 else (here, outside, -delta)
        self.moves([line], lambda: self._update(owner, item, condition, delta=delta))

    @rule(place=st.integers(0, 2), thing=which, condition=conditions, quantity=st.integers(0, 12))
    def update_to_quantity(self, place, thing, condition, quantity):
        owner, item = self.owners[place], self.things[thing]
        here = (owner, item.pk, condition)
        more = quantity - self.model[here]
        line = [((ADJUSTMENT, item.pk, ""), here, more)]
        self.moves(line, lambda: self._update(owner, item, condition, quantity=quantity))

    def _update(self, owner, item, condition, **change):
        services.change_quantity(
            actor=self.admin,
            place=place_of(owner),
            equipment_id=item.pk,
            condition=condition,
            reason="x",
            now=timezone.now(),
            **change,
        )

    @rule(
        origin=st.integers(0, 3),
        goal=st.integers(0, 4),
        thing=which,
        condition=conditions,
        to=conditions,
        n=quantities,
    )
    def transfer(self, origin, goal, thing, condition, to, n):
        places = [*self.owners, SUPPLIER, SCRAP]
        a, b, item = places[origin], places[goal], self.things[thing]
        physical_a, physical_b = a in self.owners, b in self.owners
        if not (physical_a or physical_b) or (a == b and condition == to):
            return
        taken = (a, item.pk, condition if physical_a else "")
        given = (b, item.pk, to if physical_b else "")
        asked = services.Item(item.pk, n, condition, to if physical_b else "")
        self.moves(
            [(taken, given, n)],
            lambda: services.transfer(
                actor=self.admin,
                origin=place_of(a),
                destination=place_of(b),
                items=[asked],
                remarks="",
                now=timezone.now(),
            ),
        )

    @rule(
        depot=which,
        to_depot=st.booleans(),
        lines=st.lists(st.tuples(which, quantities, st.booleans()), min_size=1, max_size=4),
    )
    def create(self, depot, to_depot, lines):
        items = [
            {
                "equipment": self.things[thing].pk,
                "quantity": n,
                "movement_type": "COLLECTION" if out else "EMPTY_RETURN",
            }
            for thing, n, out in lines
        ]
        other = {"to_depot": self.depots[1 - depot].pk} if to_depot else {"vehicle": self.truck.pk}
        body = {"depot": self.depots[depot].pk, "items": items, "client_temp_id": f"t{len(self.bodies)}", **other}
        answer = self.client.post("/api/v1/distributions/", body, format="json")
        assert answer.status_code == 201, answer.content
        side = self.owners[1 - depot] if to_depot else self.owners[2]
        moved = []
        for thing, n, out in lines:
            condition = "FULL" if out else "EMPTY"
            here, there = (
                (self.owners[depot], self.things[thing].pk, condition),
                (side, self.things[thing].pk, condition),
            )
            moved.append((here, there, n) if out else (there, here, n))
        self.bodies.append((body, answer.content))
        self.distributions[answer.json()["id"]] = ["PENDING", moved]

    @precondition(lambda self: self.bodies)
    @rule(data=st.data())
    def replay(self, data):
        body, first = data.draw(st.sampled_from(self.bodies))
        again = self.client.post("/api/v1/distributions/", body, format="json")
        assert (again.status_code, again.content) == (201, first)

    @precondition(lambda self: self.distributions)
    @rule(data=st.data(), confirm=st.booleans())
    def decide(self, data, confirm):
        id = data.draw(st.sampled_from(sorted(self.distributions)))
        status, lines = self.distributions[id]
        answer = self.client.post(
            f"/api/v1/distributions/{id}/{'confirm' if confirm else 'cancel'}/", {}, format="json"
        )
        if status != "PENDING":
            expected = "already_confirmed" if confirm and status == "CONFIRMED" else "not_pending"
            assert (answer.status_code, answer.json()["code"]) == (409, expected)
        elif not confirm:
            assert answer.json()["status"] == self.distributions[id][0] or answer.json()["status"] == "CANCELLED"
            self.distributions[id][0] = "CANCELLED"
        else:

            def judged():
                if answer.status_code != 200:
                    raise services.InsufficientStock("x")

            self.moves(lines, judged)
            if answer.status_code == 200:
                self.distributions[id][0] = "CONFIRMED"

    @rule(place=st.integers(0, 2), thing=which, condition=conditions, quantity=st.integers(0, 12))
    def count(self, place, thing, condition, quantity):
        key = (self.owners[place], self.things[thing].pk, condition)
        line = counts.Counted(self.things[thing].pk, condition, quantity)
        made = counts.record(
            actor=self.admin, place=place_of(self.owners[place]), lines=[line], remarks="", now=timezone.now()
        )
        self.counts[made.pk] = (key, quantity - self.model[key])

    @precondition(lambda self: self.counts)
    @rule(data=st.data())
    def approve(self, data):
        pk = data.draw(st.sampled_from(sorted(self.counts)))
        key, more = self.counts[pk]
        line = ((ADJUSTMENT, key[1], ""), key, more)
        before = self.model.copy()
        self.moves([line], lambda: counts.approve(actor=self.second, count_id=pk, reason="x", now=timezone.now()))
        if self.model != before or more == 0:
            del self.counts[pk]

    @invariant()
    def the_books_agree(self):
        rows = Balance.objects.select_related("place").exclude(quantity=0)
        held = {}
        for row in rows:
            owner = Owner(row.place.kind, row.place.owner_id or 0)
            held[owner, row.equipment_id, row.condition] = row.quantity
        assert held == {key: amount for key, amount in self.model.items() if amount}
        assert disagreements() == {}


@pytest.mark.django_db
def test_no_sequence_of_events_makes_the_books_lie():
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
