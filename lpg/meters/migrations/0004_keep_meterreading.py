from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("meters", "0003_keep_meter")]
    operations = [
        freeze(
            "meters_meterreading",
            "meter_id",
            "kind",
            "reading",
            "previous",
            "usage",
            "is_rollover",
            "read_at",
            "user_id",
            "created_at",
        )
    ]
