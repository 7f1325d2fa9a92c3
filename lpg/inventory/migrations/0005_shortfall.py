from django.db import migrations

import lpg.fields


class Migration(migrations.Migration):
    dependencies = [
        ("inventory", "0004_sale_and_meter"),
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
                ],
                max_length=12,
            ),
        ),
    ]
