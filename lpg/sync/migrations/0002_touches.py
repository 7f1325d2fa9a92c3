from django.db import migrations

from lpg.sync.triggers import Touch, touching


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("sync", "0001_initial"),
        ("customers", "0003_find_by_start"),
        ("depots", "0002_words"),
        ("distribution", "0001_initial"),
        ("equipment", "0002_append_only"),
        ("inventory", "0004_sale_and_meter"),
        ("invoices", "0010_words"),
        ("meters", "0004_keep_meterreading"),
        ("transactions", "0006_keep_transaction"),
    ]
    operations = [
        touching(
            Touch("customers_customer", "customer"),
            Touch("customers_customer", "moved", on=("depot_id",), inserted=False, was="depot_id"),
            Touch("customers_rate", "rate", updated=False),
            Touch("depots_depot", "depot"),
            Touch("depots_vehicle", "vehicle"),
            Touch("distribution_distribution", "distribution"),
            Touch("equipment_defaultrate", "equipment", row="equipment_id", updated=False),
            Touch("equipment_equipment", "equipment"),
            Touch("equipment_equipment", "renamed", on=("name",), inserted=False),
            Touch("inventory_balance", "balance", on=("quantity",)),
            Touch("invoices_delivery", "delivery"),
            Touch(
                "invoices_invoice",
                "invoice",
                on=("balance_due", "paid_at", "credited_at", "printed_at", "emailed_at"),
            ),
            Touch("meters_meter", "meter"),
            Touch("transactions_transaction", "transaction"),
        )
    ]
