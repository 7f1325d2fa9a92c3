from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("invoices", "0009_of_day")]
    operations = [migrations.AlterModelOptions(name="delivery", options={"verbose_name": "email"})]
