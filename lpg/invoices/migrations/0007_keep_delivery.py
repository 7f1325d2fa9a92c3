from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invoices", "0006_append_only_invoicepdf")]
    operations = [
        freeze("invoices_delivery", "invoice_id", "to", "message_id", "user_id", "created_at"),
    ]
