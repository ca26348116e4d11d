"""The store floor: registers its sweeps and panels."""

from django.apps import AppConfig
from django.utils.translation import pgettext_lazy


class StoresConfig(AppConfig):
    name = "stores"
    verbose_name = pgettext_lazy("section", "Stores")

    def ready(self) -> None:
        from . import wiring

        wiring.connect()
