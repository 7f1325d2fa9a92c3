from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0005_reversal")]
    operations = [
        freeze(
            "payments_payment",
            "payment_number",
            "customer_id",
            "amount",
            "method",
            "reference",
            "transaction_id",
            "user_id",
            "client_temp_id",
            "received_at",
            "created_at",
        ),
    ]
