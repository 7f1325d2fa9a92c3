from django.db import migrations, models


class Migration(migrations.Migration):
    """Takings ask for the money of some days, whosever it is."""

    dependencies = [("payments", "0007_append_only_receiptpdf")]

    operations = [
        migrations.AddIndex(model_name="payment", index=models.Index(fields=["received_at"], name="payment_of_time")),
    ]
