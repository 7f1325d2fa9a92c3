from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0001_initial")]
    operations = [append_only_triggers("inventory_movement")]
