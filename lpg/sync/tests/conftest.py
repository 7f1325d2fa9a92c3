"""A shop with something in every collection of the driver's phone, and that phone."""

from decimal import Decimal

import pytest

from lpg.customers.services import change_customer
from tests.bad import a_payment
from tests.sales import Shop, a_meter, a_rate, a_sale, delivered
from tests.stock import a_distribution


@pytest.fixture
def shop(admin, driver):
    """With something in every collection of the driver's phone."""
    shop = Shop(admin, driver)
    shop.cylinder = shop.thing("10")
    a_rate(admin, shop.customer, "9.5", shop.cylinder)
    a_rate(admin, shop.customer, "2.25")
    shop.meter = a_meter(admin, shop.customer, "100")
    shop.sale = a_sale(driver, shop.customer, delivered(shop.cylinder, 2))
    shop.load = a_distribution(driver, driver.depot_id, (shop.cylinder, 3))
    change_customer(
        actor=admin, customer_id=shop.customer.pk, values={"payment_type": "CREDIT", "credit_limit": Decimal(1_000)}
    )
    shop.payment = a_payment(driver, shop.customer, "5")
    return shop


@pytest.fixture
def phone(shop, driver, pocket):
    """The driver's, up to date."""
    phone = pocket(driver)
    phone.pull()
    return phone
