from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("transactions", "0005_send_email")]
    operations = [
        freeze(
            "transactions_transaction",
            "transaction_number",
            "held_for",
            "customer_id",
            "user_id",
            "vehicle_id",
            "from_depot_id",
            "meter_id",
            "last_meter_reading",
            "current_meter_reading",
            "meter_usage",
            "meter_rate",
            "usage_amount",
            "total_amount",
            "remarks",
            "client_temp_id",
            "send_email",
            "occurred_at",
            "created_at",
        ),
    ]
