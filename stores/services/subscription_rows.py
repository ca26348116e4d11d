"""What is known of our subscriptions in a shop, as rows: what the hourly look found, for the store's page and API."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models.functions import Now

from stores.choices import SubscriptionState
from stores.models import Store, Subscription, SubscriptionCheck
from stores.shopify.subscriptions import Ensured, Topic

_MOST_FORMER = 10


def former_uris(store: Store, uri: str) -> Collection[str]:
    """Where this shop was told to send before: subscriptions that still point there are ours, and stale."""
    check = SubscriptionCheck.objects.filter(store=store).first()
    return frozenset({*check.former_uris, check.uri} - {uri, ""}) if check else frozenset()


def note_look(store: Store, uri: str, wanted: Iterable[Topic], ensured: Ensured) -> list[str]:
    """Keeps what a look found. Returns the topics that were there at the look before, at the same address, and had to
    be made again."""
    refused = dict(ensured.refused)
    headers = {topic.name: topic.header for topic in wanted}
    with transaction.atomic():
        check, _ = SubscriptionCheck.objects.select_for_update().get_or_create(store=store)
        rows = {row.topic: row for row in Subscription.objects.filter(store=store)}
        before = {topic for topic, row in rows.items() if row.state == SubscriptionState.PRESENT}
        lost = sorted({headers[name] for name in ensured.created} & before) if check.uri == uri else []
        Subscription.objects.filter(store=store).exclude(topic__in=headers.values()).delete()
        for name, header in headers.items():
            state = SubscriptionState.REFUSED if name in refused else SubscriptionState.PRESENT
            found: dict[str, object] = {"state": state, "refusal": refused.get(name, "")}
            row = rows.get(header)
            if row is None or row.state != state or header in lost:
                found["since"] = Now()
            if header in lost:
                found["lost_at"] = Now()
            Subscription.objects.update_or_create(store=store, topic=header, defaults=found)
        if check.uri not in ("", uri):
            check.former_uris = [check.uri, *(one for one in check.former_uris if one != check.uri)][:_MOST_FORMER]
        SubscriptionCheck.objects.filter(pk=check.pk).update(
            uri=uri,
            former_uris=[one for one in check.former_uris if one != uri],
            checked_at=Now(),
            tried_at=Now(),
            error_code="",
            error_message="",
        )
    return lost


def note_failure(store: Store, code: str, message: str) -> None:
    """A look that could not be made; what the last one found stays."""
    SubscriptionCheck.objects.update_or_create(
        store=store, defaults={"tried_at": Now(), "error_code": code, "error_message": message}
    )
