"""The order floor: registers its resources, sweeps and panels."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = pgettext_lazy("section", "Orders")

    def ready(self) -> None:
        from . import wiring

        wiring.connect()
