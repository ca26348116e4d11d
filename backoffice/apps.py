"""The frame: the admin site and the system checks."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class BackofficeAdminConfig(AdminConfig):
    """Puts our admin site in the place of Django's."""

    default_site = "backoffice.admin_site.BackofficeAdminSite"


class BackofficeConfig(AppConfig):
    name = "backoffice"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers the system checks
