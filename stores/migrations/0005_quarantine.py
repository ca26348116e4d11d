"""What is parked is tried again under a lease, and keeps what the shop answered."""

from django.db import migrations, models

import backoffice.core.crypto


class Migration(migrations.Migration):
    dependencies = [
        ("stores", "0004_position"),
    ]

    operations = [
        migrations.RenameField("quarantined", "attempts", "seen"),
        migrations.AlterField("quarantined", "seen", models.PositiveIntegerField(default=1)),
        migrations.AddField("quarantined", "attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
        migrations.AddField(
            "quarantined",
            "claim",
            models.PositiveIntegerField(default=0, editable=False, help_text="Fencing number: grows with every claim."),
        ),
        migrations.AddField("quarantined", "leased_until", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField(
            "quarantined", "next_attempt_at", models.DateTimeField(blank=True, editable=False, null=True)
        ),
        migrations.AddField(
            "quarantined",
            "cause",
            models.CharField(
                choices=[
                    ("unreadable", "Answer not readable"),
                    ("incomplete", "Answer not complete"),
                    ("not_stored", "Refused by the database"),
                ],
                default="unreadable",
                max_length=20,
            ),
        ),
        migrations.AddField(
            "quarantined",
            "raw",
            backoffice.core.crypto.EncryptedTextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AlterField("quarantined", "last_at", models.DateTimeField(auto_now_add=True)),
    ]
