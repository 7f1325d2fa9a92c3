from django.db import migrations

from lpg.sync.triggers import Touch, touching


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0007_words"), ("payments", "0008_of_time")]
    operations = [
        touching(Touch("payments_payment", "payment", on=("unallocated", "reversed_at", "reverse_reason"))),
    ]
