"""Every address of the product. Applications are named by text: the frame imports none of them."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from backoffice import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="root"),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    path("api/v1/", include("backoffice.api_urls")),
    path("webhooks/", include("stores.urls")),
    path("healthz/live", health.live, name="health_live"),
    path("healthz/ready", health.ready, name="health_ready"),
]

handler400 = "backoffice.core.api.problems.bad_request"
handler403 = "backoffice.core.api.problems.permission_denied"
handler404 = "backoffice.core.api.problems.page_not_found"
handler500 = "backoffice.core.api.problems.server_error"
