from django.db import migrations


class Migration(migrations.Migration):
    """What people call them. Nothing changes in the database."""

    dependencies = [("sync", "0006_keep_syncexception")]

    operations = [
        migrations.AlterModelOptions(name="device", options={"verbose_name": "phone"}),
        migrations.AlterModelOptions(
            name="syncexception",
            options={"verbose_name": "thing to look at", "verbose_name_plural": "things to look at"},
        ),
    ]
