import lpg.search
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0002_append_only'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='customer',
            index=lpg.search.StartIndex(fields=['customer_code'], name='customer_code_start'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=lpg.search.StartIndex(fields=['name'], name='customer_name_start'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=lpg.search.StartIndex(fields=['phone'], name='customer_phone_start'),
        ),
    ]
