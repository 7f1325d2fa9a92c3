from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invoices", "0005_paper_and_post")]
    operations = [
        append_only_triggers("invoices_invoicepdf"),
    ]
