"""States and kinds of the store floor."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from backoffice.core.actor import Role


class RoleChoices(models.IntegerChoices):
    """`Role` of the ground floor with its words for people."""

    VIEWER = Role.VIEWER.value, pgettext_lazy("role", "Viewer")
    AGENT = Role.AGENT.value, pgettext_lazy("role", "Agent")
    MANAGER = Role.MANAGER.value, pgettext_lazy("role", "Manager")


class StoreState(models.TextChoices):
    """Whether we may speak to the shop. Only CONNECTED stores are synced and written to."""

    CONNECTED = "connected", pgettext_lazy("store state", "Connected")
    NEEDS_ATTENTION = "needs_attention", pgettext_lazy("store state", "Needs attention")
    PAUSED = "paused", pgettext_lazy("store state", "Paused")
    DISCONNECTED = "disconnected", pgettext_lazy("store state", "Disconnected")


class CredentialKind(models.TextChoices):
    """How the token is come by: pasted, minted from the app's id and secret, or given when the owner let the app in."""

    STATIC = "static", pgettext_lazy("credential kind", "Pasted access token")
    CLIENT_CREDENTIALS = "client_credentials", pgettext_lazy("credential kind", "Client id and secret")
    AUTHORIZATION_CODE = "authorization_code", pgettext_lazy("credential kind", "Authorization by the shop")


class SyncPhase(models.TextChoices):
    """Where a stream of a store stands."""

    FIRST_LOAD = "first_load", pgettext_lazy("sync phase", "First load")
    FOLLOWING = "following", pgettext_lazy("sync phase", "Following")


class InboxState(models.TextChoices):
    """What became of a webhook."""

    PENDING = "pending", pgettext_lazy("inbox state", "Waiting")
    DONE = "done", pgettext_lazy("inbox state", "Done")
    IGNORED = "ignored", pgettext_lazy("inbox state", "Ignored")
    FAILED = "failed", pgettext_lazy("inbox state", "Failed")


class ParkCause(models.TextChoices):
    """Why something of the shop could not be mirrored."""

    UNREADABLE = "unreadable", pgettext_lazy("cause", "Answer not readable")
    INCOMPLETE = "incomplete", pgettext_lazy("cause", "Answer not complete")
    NOT_STORED = "not_stored", pgettext_lazy("cause", "Refused by the database")


class ProofState(models.TextChoices):
    """Where a proof stands, and what it found: WAITING and RUNNING are open, the others are over."""

    WAITING = "waiting", pgettext_lazy("proof state", "Waiting")
    RUNNING = "running", pgettext_lazy("proof state", "Running")
    EQUAL = "equal", pgettext_lazy("proof state", "Equal")
    REPAIRED = "repaired", pgettext_lazy("proof state", "Repaired")
    DIFFERS = "differs", pgettext_lazy("proof state", "Differs")
    FAILED = "failed", pgettext_lazy("proof state", "Failed")
