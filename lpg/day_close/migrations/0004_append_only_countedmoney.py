from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("day_close", "0003_append_only_countedstock")]
    operations = [append_only_triggers("day_close_countedmoney")]
