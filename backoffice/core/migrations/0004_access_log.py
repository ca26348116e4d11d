"""The access log. Kept from being changed where it lies, so that no way through the code can: rows are only added, and
deleted only by the purge (which says so for its transaction) when they are thirteen months old."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Now

KEEP = """
CREATE FUNCTION core_accessentry_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('backoffice.purging', true) = 'on'
            AND OLD.at < now() - interval '13 months' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'The access log is only added to' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER core_accessentry_keep BEFORE UPDATE OR DELETE ON core_accessentry
    FOR EACH ROW EXECUTE FUNCTION core_accessentry_keep();
"""
LET_GO = """
DROP TRIGGER core_accessentry_keep ON core_accessentry;
DROP FUNCTION core_accessentry_keep();
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_request_window")]

    operations = [
        migrations.CreateModel(
            name="AccessEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=Now())),
                ("actor_label", models.CharField(max_length=200)),
                ("user_id", models.BigIntegerField(null=True)),
                ("token_id", models.BigIntegerField(null=True)),
                ("door", models.CharField(choices=[("admin", "pages for staff"), ("api", "API")], max_length=10)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("order.list", "list of orders"),
                            ("order.page", "order"),
                            ("order.search", "orders in the jump box"),
                            ("order.act", "orders before an act"),
                            ("order.timeline", "timeline of an order"),
                            ("order.comments", "comments on an order"),
                            ("mail.list", "recipients of a batch"),
                            ("mail.page", "mail"),
                            ("mail.preview", "preview of a mail"),
                            ("quarantine.answer", "the shop's answer about an order"),
                            ("privacy.export", "export of a customer's data"),
                        ],
                        max_length=30,
                    ),
                ),
                ("store_ids", ArrayField(base_field=models.BigIntegerField())),
                (
                    "subjects",
                    ArrayField(base_field=models.TextField(), help_text="As `core.access.subject` writes them."),
                ),
                ("request_id", models.CharField(blank=True, max_length=64)),
            ],
            options={
                "verbose_name": "entry of the access log",
                "verbose_name_plural": "access log",
                "indexes": [
                    models.Index(fields=["at", "id"], name="core_access_at"),
                    models.Index(fields=["user_id", "at", "id"], name="core_access_user"),
                    GinIndex(fields=["subjects", "store_ids"], name="core_access_subjects"),
                ],
            },
        ),
        migrations.RunSQL(KEEP, LET_GO),
    ]
