from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps
from django.db.models import F


def let_workers_make_them(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Documents issued before there was paper get theirs too. Run twice, it finds the same ones."""
    without = apps.get_model("invoices", "Invoice").objects.filter(pdfs=None, pdf_due_at=None)
    without.update(pdf_due_at=F("generated_at"))


class Migration(migrations.Migration):
    dependencies = [("invoices", "0007_keep_delivery")]
    operations = [migrations.RunPython(let_workers_make_them, migrations.RunPython.noop)]
