from django.db import migrations, models


class Migration(migrations.Migration):
    """Reports ask for the documents of some days, whosever they are."""

    dependencies = [("invoices", "0008_pdf_due")]

    operations = [
        migrations.AddIndex(model_name="invoice", index=models.Index(fields=["issued_on"], name="invoice_of_day")),
    ]
