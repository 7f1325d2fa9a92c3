from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invoices", "0003_keep_invoice")]
    operations = [
        append_only_triggers("invoices_invoiceline")
    ]
