from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0005_keep_operation")]
    operations = [freeze("sync_syncexception", "operation_id", "depot_id", "raised_at")]
