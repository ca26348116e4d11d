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


BEING_ERASED = "being_erased"
"""`Store.state_code` of a disconnected store while all of it is erased: it cannot be connected before that ends."""


class CredentialKind(models.TextChoices):
    """How the token is come by: pasted, minted from the app's id and secret, or given when the owner let the app in."""

    STATIC = "static", pgettext_lazy("credential kind", "Pasted access token")
    CLIENT_CREDENTIALS = "client_credentials", pgettext_lazy("credential kind", "Client id and secret")
    AUTHORIZATION_CODE = "authorization_code", pgettext_lazy("credential kind", "Authorization by the shop")


class SyncPhase(models.TextChoices):
    """Where a stream of a store stands."""

    FIRST_LOAD = "first_load", pgettext_lazy("sync phase", "First load")
    FOLLOWING = "following", pgettext_lazy("sync phase", "Following")


class LoadWay(models.TextChoices):
    """How the first load of a stream is done, once it has been looked how much there is."""

    PAGES = "pages", pgettext_lazy("way to load", "By pages")
    BULK = "bulk", pgettext_lazy("way to load", "In bulk")


class LoadState(models.TextChoices):
    """Where a window of a first load stands. DONE and SPLIT are over; what a SPLIT one lacks is with smaller ones."""

    PLANNED = "planned", pgettext_lazy("load state", "Planned")
    ASKED = "asked", pgettext_lazy("load state", "Shopify is preparing it")
    READY = "ready", pgettext_lazy("load state", "Ready")
    LOADING = "loading", pgettext_lazy("load state", "Loading")
    DONE = "done", pgettext_lazy("load state", "Done")
    SPLIT = "split", pgettext_lazy("load state", "Divided")


class InboxState(models.TextChoices):
    """What became of a webhook."""

    PENDING = "pending", pgettext_lazy("inbox state", "Waiting")
    DONE = "done", pgettext_lazy("inbox state", "Done")
    IGNORED = "ignored", pgettext_lazy("inbox state", "Ignored")
    FAILED = "failed", pgettext_lazy("inbox state", "Failed")


class StreamName(models.TextChoices):
    """The streams that people see, by the names of their resources."""

    ORDERS = "orders", pgettext_lazy("stream", "Orders")
    FULFILLMENT_ORDERS = "fulfillment_orders", pgettext_lazy("stream", "What is to be shipped")
    TIMELINES = "timelines", pgettext_lazy("stream", "Shopify's timelines")


class RunKind(models.TextChoices):
    """What a row of runs is: a first load, one pass that brought something, or an hour of passes that brought
    nothing."""

    FIRST_LOAD = "first_load", pgettext_lazy("kind of run", "First load")
    FOLLOW = "follow", pgettext_lazy("kind of run", "Changes")
    QUIET = "quiet", pgettext_lazy("kind of run", "Nothing new")


class Purpose(models.TextChoices):
    """What a shop's budget is spent on."""

    FIRST_LOAD = "first_load", pgettext_lazy("spent on", "First load")
    FOLLOW = "follow", pgettext_lazy("spent on", "Following changes")
    WEBHOOKS = "webhooks", pgettext_lazy("spent on", "Webhooks")
    DETAILS = "details", pgettext_lazy("spent on", "Details of orders")
    PROOF = "proof", pgettext_lazy("spent on", "Proof")
    PUSH = "push", pgettext_lazy("spent on", "Changes by staff")
    CARE = "care", pgettext_lazy("spent on", "Looking after the connection")
    QUARANTINE = "quarantine", pgettext_lazy("spent on", "What was set aside")
    OTHER = "other", pgettext_lazy("spent on", "Other")


class Counted(models.TextChoices):
    """What is counted by store and hour, beside the points spent.

    *Healed* is a difference between mirror and shop that was found and ended after the first load: by a webhook; by
    polling, where no webhook triggered at or after the change had come by then; by the proof. A change of our own
    whose answer was taken over is none.
    """

    DELIVERIES = "webhooks.worked", pgettext_lazy("counter", "Webhooks worked off")
    IGNORED = "webhooks.ignored", pgettext_lazy("counter", "Webhooks about nothing mirrored")
    DUPLICATES = "webhooks.duplicates", pgettext_lazy("counter", "Webhooks that came again")
    COALESCED = "webhooks.coalesced", pgettext_lazy("counter", "Webhooks about the same order at once")
    NEEDLESS = "webhooks.needless", pgettext_lazy("counter", "Webhooks that told nothing new before asking")
    FETCHED = "webhooks.fetched", pgettext_lazy("counter", "Orders read for webhooks")
    UNCHANGED = "webhooks.unchanged", pgettext_lazy("counter", "Orders read for webhooks without any change")
    HEALED_BY_WEBHOOK = "healed.webhook", pgettext_lazy("counter", "Differences ended by webhooks")
    HEALED_BY_POLLING = "healed.polling", pgettext_lazy("counter", "Differences ended by polling")
    HEALED_BY_PROOF = "healed.proof", pgettext_lazy("counter", "Differences ended by the proof")


class ParkCause(models.TextChoices):
    """Why something of the shop could not be mirrored."""

    UNREADABLE = "unreadable", pgettext_lazy("cause", "Answer not readable")
    INCOMPLETE = "incomplete", pgettext_lazy("cause", "Answer not complete")
    NOT_STORED = "not_stored", pgettext_lazy("cause", "Refused by the database")


class InboxOutcome(models.TextChoices):
    """What a webhook that was worked off led to. The first three asked the shop; COALESCED shared another's question,
    the others needed none: KNOWN tells of what was read since, ECHO of a change of our own."""

    CHANGED = "changed", pgettext_lazy("webhook outcome", "Read, something changed")
    UNCHANGED = "unchanged", pgettext_lazy("webhook outcome", "Read, nothing changed")
    PASS = "pass", pgettext_lazy("webhook outcome", "Asked what changed")
    COALESCED = "coalesced", pgettext_lazy("webhook outcome", "Read together with others")
    KNOWN = "known", pgettext_lazy("webhook outcome", "Known already")
    ECHO = "echo", pgettext_lazy("webhook outcome", "Our own change")
    SHOP = "shop", pgettext_lazy("webhook outcome", "About the shop itself")


class SubscriptionState(models.TextChoices):
    """Whether the shop sends us a topic."""

    PRESENT = "present", pgettext_lazy("subscription state", "Present")
    REFUSED = "refused", pgettext_lazy("subscription state", "Refused")


class ProofState(models.TextChoices):
    """Where a proof stands, and what it found: WAITING and RUNNING are open, the others are over."""

    WAITING = "waiting", pgettext_lazy("proof state", "Waiting")
    RUNNING = "running", pgettext_lazy("proof state", "Running")
    EQUAL = "equal", pgettext_lazy("proof state", "Equal")
    REPAIRED = "repaired", pgettext_lazy("proof state", "Repaired")
    DIFFERS = "differs", pgettext_lazy("proof state", "Differs")
    FAILED = "failed", pgettext_lazy("proof state", "Failed")


class ComplianceKind(models.TextChoices):
    """What is asked about a person or a shop."""

    EXPORT = "export", pgettext_lazy("privacy request", "Hand over a person's data")
    ERASE_PERSON = "erase_person", pgettext_lazy("privacy request", "Erase a person")
    ERASE_SHOP = "erase_shop", pgettext_lazy("privacy request", "Erase the shop")


class ComplianceState(models.TextChoices):
    """WAITING and RUNNING are open. There is no giving up: what fails is tried again until it is done."""

    WAITING = "waiting", pgettext_lazy("privacy request", "Waiting")
    RUNNING = "running", pgettext_lazy("privacy request", "Running")
    DONE = "done", pgettext_lazy("privacy request", "Done")
    CANCELLED = "cancelled", pgettext_lazy("privacy request", "Cancelled")


class ComplianceStage(models.TextChoices):
    """How far the work has come; each stage may be begun again."""

    BEGIN = "begin", pgettext_lazy("privacy request", "Beginning")
    ORDERS = "orders", pgettext_lazy("privacy request", "Order by order")
    PERSON = "person", pgettext_lazy("privacy request", "The person himself")
    REST = "rest", pgettext_lazy("privacy request", "Looking through everything else")
