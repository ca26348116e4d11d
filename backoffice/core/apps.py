"""The ground floor as a Django application: its tables only."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "backoffice.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"
