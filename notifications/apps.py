"""The roof: mail to customers. Registers its sweeps and panels."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = pgettext_lazy("section", "Mail")

    def ready(self) -> None:
        from . import wiring

        wiring.connect()
