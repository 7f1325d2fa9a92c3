from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0004_append_only")]
    operations = [
        freeze(
            "sync_operation",
            "raw_id",
            "user_id",
            "device_id",
            "client_temp_id",
            "seq",
            "type",
            "content",
            "captured_at",
            "received_at",
            "depot_id",
        ),
    ]
