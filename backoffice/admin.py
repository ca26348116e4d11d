"""What the frame itself puts into the admin, and what it takes out."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.translation import pgettext_lazy
from django_q.models import Failure, OrmQ, Schedule, Success

from backoffice.core import menu

# The queue's own tables hold arguments of every store, and nothing in them is for hands.
for _model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

menu.register(
    menu.Entry(
        key="api.docs",
        title=pgettext_lazy("sidebar", "API documentation"),
        icon="api",
        url=lambda: reverse("api:docs"),
        group=pgettext_lazy("sidebar", "Set-up"),
        position=90,
    )
)
