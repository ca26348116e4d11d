"""The API's addresses about stores and access."""

from __future__ import annotations

from django.urls import path

from . import schema  # noqa: F401 - registers the description of tokens
from .calendars import CalendarView
from .copy import CopyView
from .health import DiagnosticsView, HealthView
from .privacy import PrivacyExportView, PrivacyRequestsView
from .proofs import ProofView
from .quarantine import QuarantineRawView, QuarantineRetryView, QuarantineView
from .stores import StoreListView, StoreView
from .tokens import TokenListView, TokenView

urlpatterns = [
    path("stores/", StoreListView.as_view(), name="stores"),
    path("stores/<int:store_id>/", StoreView.as_view(), name="store"),
    path("stores/<int:store_id>/proof/", ProofView.as_view(), name="store_proof"),
    path("stores/<int:store_id>/privacy-requests/", PrivacyRequestsView.as_view(), name="store_privacy"),
    path(
        "stores/<int:store_id>/privacy-requests/<int:request_id>/export/",
        PrivacyExportView.as_view(),
        name="store_privacy_export",
    ),
    path("stores/<int:store_id>/calendar/", CalendarView.as_view(), name="store_calendar"),
    path("stores/<int:store_id>/copy-from/", CopyView.as_view(), name="store_copy"),
    path("stores/<int:store_id>/health/", HealthView.as_view(), name="store_health"),
    path("stores/<int:store_id>/diagnostics/", DiagnosticsView.as_view(), name="store_diagnostics"),
    path("stores/<int:store_id>/quarantine/", QuarantineView.as_view(), name="store_quarantine"),
    path("stores/<int:store_id>/quarantine/retry/", QuarantineRetryView.as_view(), name="store_quarantine_retry"),
    path(
        "stores/<int:store_id>/quarantine/<int:item_id>/answer/",
        QuarantineRawView.as_view(),
        name="store_quarantine_raw",
    ),
    path("tokens/", TokenListView.as_view(), name="tokens"),
    path("tokens/<int:token_id>/", TokenView.as_view(), name="token"),
]
