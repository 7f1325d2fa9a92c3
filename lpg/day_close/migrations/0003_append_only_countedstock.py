from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("day_close", "0002_keep_dayclose")]
    operations = [append_only_triggers("day_close_countedstock")]
