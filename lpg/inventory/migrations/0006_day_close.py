from django.db import migrations

import lpg.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0005_shortfall"),
    ]

    operations = [
        migrations.AlterField(
            model_name="movement",
            name="cause",
            field=lpg.fields.AsciiField(
                choices=[
                    ("DISTRIBUTION", "Distribution"),
                    ("TRANSFER", "Transfer"),
                    ("UPDATE", "Update"),
                    ("COUNT", "Count"),
                    ("METER", "Meter"),
                    ("TRANSACTION", "Sale"),
                    ("SHORTFALL", "Not in the books"),
                    ("DAY_CLOSE", "Day close"),
                ],
                max_length=12,
            ),
        ),
    ]
