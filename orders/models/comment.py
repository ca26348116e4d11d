"""Comments: what staff tell each other about an order. They live here alone and never reach a customer."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models import Store
from stores.querysets import StoreOwnedManager

from .order import Order


class Comment(models.Model):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=200)
    body = models.TextField(_("comment"))
    pinned = models.BooleanField(_("pinned"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = StoreOwnedManager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["order", "-created_at", "-id"], name="orders_comment_newest")]


class CommentVersion(models.Model):
    """What a comment said before an edit or its deletion: nothing is silently gone."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="versions")
    body = models.TextField()
    replaced_at = models.DateTimeField(auto_now_add=True)
    replaced_by = models.CharField(max_length=200)

    objects = StoreOwnedManager()
