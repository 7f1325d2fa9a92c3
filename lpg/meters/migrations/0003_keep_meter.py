from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("meters", "0002_initial")]
    operations = [
        freeze(
            "meters_meter",
            "customer_id",
            "serial_no",
            "digits",
            "equipment_id",
            "came_from_id",
            "first_id",
            "installed_on",
        )
    ]
