"""Puts in the templates that come with the product, once: what staff change or remove afterwards stays so."""

from django.db import migrations

from notifications.services.shipped import ensure_templates


def put_in(apps, schema_editor):
    ensure_templates(apps.get_model("notifications", "Template")._base_manager)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_language_of_the_text")]

    # Backwards nothing is removed: by then the text may be the staff's own.
    operations = [migrations.RunPython(put_in, migrations.RunPython.noop)]
