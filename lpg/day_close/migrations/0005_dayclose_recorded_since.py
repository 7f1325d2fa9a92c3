from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("day_close", "0004_append_only_countedmoney")]
    operations = [
        migrations.AddField("dayclose", "recorded_since", models.BooleanField(null=True)),
    ]
