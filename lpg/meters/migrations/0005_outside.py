from django.db import migrations

import lpg.fields


class Migration(migrations.Migration):
    dependencies = [
        ("meters", "0004_keep_meterreading"),
    ]

    operations = [
        migrations.AlterField(
            model_name="meterreading",
            name="kind",
            field=lpg.fields.AsciiField(
                choices=[
                    ("INITIAL", "At installation"),
                    ("PLAIN", "Read"),
                    ("FINAL", "At removal"),
                    ("OUTSIDE", "Does not fit, not billed"),
                ],
                max_length=7,
            ),
        ),
    ]
