import pytest

from tests import make


def test_a_customer_is_made_once_and_read_back(admin, singgas, signed_in):
    client = signed_in(admin)
    body = {
        "customer_code": "C-1",
        "name": "José 金龙",
        "payment_type": "CREDIT",
        "depot": singgas.pk,
        "credit_limit": "1000.5",
    }
    made = client.post("/api/v1/customers/", body, format="json", headers={"Idempotency-Key": "k"})
    again = client.post("/api/v1/customers/", body, format="json", headers={"Idempotency-Key": "k"})
    assert (made.status_code, again.content, again["Idempotent-Replayed"]) == (201, made.content, "true")
    assert client.get(f"/api/v1/customers/{made.json()['id']}/").json() == made.json()


@pytest.mark.django_db(transaction=True)
def test_the_flush_gets_past_the_triggers(admin):
    make.a_depot(admin)
