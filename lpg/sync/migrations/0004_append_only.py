from django.db import migrations

from lpg.append_only import append_only_triggers


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0003_operations")]
    operations = [append_only_triggers("sync_rawoperation")]
