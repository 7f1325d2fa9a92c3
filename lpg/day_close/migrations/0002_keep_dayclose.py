from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("day_close", "0001_initial")]
    operations = [
        freeze(
            "day_close_dayclose",
            "vehicle_id",
            "date",
            "depot_id",
            "user_id",
            "client_temp_id",
            "counted_at",
            "created_at",
        )
    ]
