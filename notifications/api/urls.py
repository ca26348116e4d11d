"""The API's addresses about mail."""

from __future__ import annotations

from django.urls import path

from .views import (
    BatchListView,
    BatchView,
    CancelView,
    MessageListView,
    PauseView,
    ResumeView,
    TemplateListView,
    TemplateView,
)

urlpatterns = [
    path("mail/templates/", TemplateListView.as_view(), name="mail_templates"),
    path("mail/templates/<int:template_id>/", TemplateView.as_view(), name="mail_template"),
    path("mail/batches/", BatchListView.as_view(), name="mail_batches"),
    path("mail/batches/<uuid:batch_id>/", BatchView.as_view(), name="mail_batch"),
    path("mail/batches/<uuid:batch_id>/messages/", MessageListView.as_view(), name="mail_messages"),
    path("mail/batches/<uuid:batch_id>/pause/", PauseView.as_view(), name="mail_batch_pause"),
    path("mail/batches/<uuid:batch_id>/resume/", ResumeView.as_view(), name="mail_batch_resume"),
    path("mail/batches/<uuid:batch_id>/cancel/", CancelView.as_view(), name="mail_batch_cancel"),
]
