from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payments", "0006_keep_payment")]
    operations = [
        append_only_triggers("payments_receiptpdf"),
    ]
