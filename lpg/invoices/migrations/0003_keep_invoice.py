from django.db import migrations

from lpg.append_only import freeze


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("invoices", "0002_initial")]
    operations = [
        freeze(
            "invoices_invoice",
            "invoice_number",
            "document_type",
            "transaction_id",
            "corrects_id",
            "is_correction",
            "reason",
            "customer_id",
            "user_id",
            "issued_on",
            "due_date",
            "seller",
            "buyer",
            "summary",
            "gst_rate",
            "prices_include_gst",
            "subtotal",
            "tax_amount",
            "total_amount",
            "due_at_issue",
            "generated_at",
        )
    ]
