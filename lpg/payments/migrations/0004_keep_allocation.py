from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0003_keep_payment")]
    operations = [
        freeze(
            "payments_allocation",
            "payment_id",
            "credit_note_id",
            "invoice_id",
            "amount",
            "created_at",
        )
    ]
