"""The counter of requests per account. Unlogged: a write of it costs no WAL, and nobody misses it after a crash."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0002_database_parts")]

    operations = [
        migrations.CreateModel(
            name="RequestWindow",
            fields=[
                ("account", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("began_at", models.DateTimeField()),
                ("used", models.PositiveIntegerField()),
            ],
        ),
        migrations.RunSQL("ALTER TABLE core_requestwindow SET UNLOGGED", "ALTER TABLE core_requestwindow SET LOGGED"),
    ]
