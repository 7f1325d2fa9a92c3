from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("transactions", "0002_keep_transaction")]
    operations = [
        append_only_triggers("transactions_transactionitem")
    ]
