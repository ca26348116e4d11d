"""Every address of the product. Applications are named by text: the frame imports none of them."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
