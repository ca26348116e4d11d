"""The health of a store in lines: each has a colour, what is so, and, unless it is green, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from stores.choices import CredentialKind, StoreState, StreamName, SyncPhase
from stores.features import FeatureLevel as Tone
from stores.models import SyncStream

from .api_version import version_status
from .health_facts import Facts
from .hidden import Hidden, hidden_of
from .truth import behind_after

_WORSE = (Tone.GOOD, Tone.INFO, Tone.WARNING, Tone.BAD)
_LONG_BEHIND = timedelta(hours=1)
_SLOW_INBOX, _STUCK_INBOX = timedelta(minutes=3), timedelta(hours=1)
_LOOK_OVERDUE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Line:
    """`key` is for programs. `todo` is empty where nothing needs to be done."""

    key: str
    label: str
    tone: Tone
    says: str
    todo: str = ""


def lines_of(facts: Facts) -> tuple[Line, ...]:
    """All lines, in the order in which people read them. A store that stands still on purpose is not called behind."""
    lines = [_connection(facts), *_token(facts), *_features(facts), _version(facts)]
    if (hidden := hidden_of(facts.store)) is not None:
        lines.append(_hidden(hidden))
    if facts.store.is_connected:
        lines += [*_streams(facts), _webhooks(facts), _inbox(facts)]
    return (*lines, _parked(facts), *_privacy(facts), _proof(facts))


def worst(lines: Iterable[Line]) -> Line:
    """The first of the worst."""
    return max(lines, key=lambda line: _WORSE.index(line.tone))


def _connection(facts: Facts) -> Line:
    store, label = facts.store, pgettext("health", "Connection")
    says = str(StoreState(store.state).label)
    if store.state == StoreState.CONNECTED:
        return Line("connection", label, Tone.GOOD, says)
    if store.state == StoreState.PAUSED:
        return Line("connection", label, Tone.WARNING, says, _("Resume the store; it then catches up by itself."))
    again = _("Reconnect the store.")
    return Line("connection", label, Tone.BAD, says, store.state_message or again)


def _token(facts: Facts) -> Iterator[Line]:
    token, label = facts.token, pgettext("health", "Access token")
    if token is None:
        if facts.store.state != StoreState.DISCONNECTED:
            yield Line("token", label, Tone.BAD, _("none is kept"), _("Reconnect the store."))
        return
    kind = str(CredentialKind(token.kind).label)
    if token.error_code:
        dead = token.expires_at is None or token.expires_at <= facts.now
        yield Line("token", label, Tone.BAD if dead else Tone.WARNING, kind, token.error_message)
    else:
        yield Line("token", label, Tone.GOOD, kind)


def _features(facts: Facts) -> Iterator[Line]:
    """One line a feature that is off; one for all when none is."""
    label = pgettext("health", "Permissions")
    off = [one for one in facts.features if not one.is_on and one.level is not Tone.INFO]
    for one in off:
        yield Line(f"feature.{one.feature.name}", str(one.feature.label), one.level, _("off"), one.sentence)
    if not off:
        on = sum(one.is_on for one in facts.features)
        yield Line(
            "features",
            label,
            Tone.GOOD,
            _("%(on)d of %(all)d features on") % {"on": on, "all": len(facts.features)},
        )


def _version(facts: Facts) -> Line:
    found = version_status(facts.store, now=facts.now)
    return Line("api_version", _("API version"), Tone(found.level.value), found.served or found.asked, found.sentence)


def _hidden(hidden: Hidden) -> Line:
    told = {"names": hidden.words, "day": hidden.since.date().isoformat()}
    says = _("Shopify hides since %(day)s: %(names)s") % told
    return Line("hidden_fields", _("Personal data"), Tone.WARNING, says, hidden.remedy)


# What takes its turn within a share of the budget is never as near as what follows changes.
_IN_TURN = {StreamName.TIMELINES.value: timedelta(hours=1)}


def _streams(facts: Facts) -> Iterator[Line]:
    """The orders first: the others follow them."""
    for stream in sorted(facts.streams, key=lambda each: (each.resource != StreamName.ORDERS, each.resource)):
        known = stream.resource in StreamName.values
        label = str(StreamName(stream.resource).label) if known else stream.resource
        yield _stream(stream, label, facts.now)


def _stream(stream: SyncStream, label: str, now: datetime) -> Line:
    key = f"stream.{stream.resource}"
    if stream.phase == SyncPhase.FIRST_LOAD:
        share = min(100, 100 * stream.loaded // stream.expected) if stream.expected else 0
        tone = Tone.WARNING if stream.error_code else Tone.INFO
        return Line(key, label, tone, _("first load %(share)d %%") % {"share": share}, stream.error_message)
    if stream.true_as_of is None:
        return Line(key, label, Tone.INFO, _("begins"), stream.error_message)
    lag = now - stream.true_as_of
    seconds = max(int(lag.total_seconds()), 0)
    says = (
        ngettext("%(n)d s behind", "%(n)d s behind", seconds) % {"n": seconds}
        if seconds < 120
        else ngettext("%(n)d minute behind", "%(n)d minutes behind", seconds // 60) % {"n": seconds // 60}
    )
    if lag <= _IN_TURN.get(stream.resource, behind_after()):
        return Line(key, label, Tone.GOOD, says)
    waits = stream.next_attempt_at is not None and now - stream.next_attempt_at < behind_after()
    if stream.resource in _IN_TURN and waits:
        slow = _("There are more live orders than a tenth of this shop's budget reaches in an hour: the oldest wait.")
        return Line(key, label, Tone.WARNING, says, stream.error_message or slow)
    tone = Tone.BAD if lag > _LONG_BEHIND else Tone.WARNING
    worker = _("Nothing has asked this shop: see whether `manage.py work` runs.")
    return Line(key, label, tone, says, stream.error_message or worker)


def _webhooks(facts: Facts) -> Line:
    label, check = _("Webhooks"), facts.check
    if check is None or check.tried_at is None:
        return Line("webhooks", label, Tone.INFO, _("not looked at yet"))
    if check.error_code and (check.checked_at is None or check.error_code in ("no_secret", "no_address")):
        return Line("webhooks", label, Tone.WARNING, _("none"), check.error_message)
    present = len(facts.topics) - len(facts.refused_topics)
    says = _("%(present)d of %(wanted)d topics") % {"present": present, "wanted": len(facts.topics)}
    if facts.refused_topics:
        first = facts.refused_topics[0]
        todo = _("Shopify refuses %(topic)s: %(why)s") % {"topic": first.topic, "why": first.refusal}
        return Line("webhooks", label, Tone.WARNING, says, todo)
    if check.checked_at is None or facts.now - check.checked_at > _LOOK_OVERDUE:
        todo = check.error_message or _("Nobody has looked for hours: see whether `manage.py work` runs.")
        return Line("webhooks", label, Tone.WARNING, says, todo)
    return Line("webhooks", label, Tone.GOOD, says)


def _inbox(facts: Facts) -> Line:
    label = pgettext("health", "Inbox")
    waits = facts.now - facts.oldest_waiting if facts.oldest_waiting else timedelta()
    says = ngettext("%(n)d webhook waits", "%(n)d webhooks wait", facts.waiting) % {"n": facts.waiting}
    if waits > _SLOW_INBOX:
        tone = Tone.BAD if waits > _STUCK_INBOX else Tone.WARNING
        todo = _("The oldest waits for %(n)d minutes: see whether `manage.py work` runs and the shop answers.")
        return Line("inbox", label, tone, says, todo % {"n": waits.total_seconds() // 60})
    if facts.failed:
        failed = ngettext("%(n)d was given up", "%(n)d were given up", facts.failed) % {"n": facts.failed}
        todo = _("Polling and the nightly proof make up for it; prove the store now to be sure at once.")
        return Line("inbox", label, Tone.WARNING, f"{says}, {failed}", todo)
    return Line("inbox", label, Tone.GOOD, says)


def _parked(facts: Facts) -> Line:
    label = pgettext("quarantine", "Set aside")
    if not facts.parked:
        return Line("quarantine", label, Tone.GOOD, _("nothing"))
    says = ngettext("%(n)d order", "%(n)d orders", facts.parked) % {"n": facts.parked}
    return Line("quarantine", label, Tone.WARNING, says, _("See why, and have them tried again, under “Set aside”."))


def _privacy(facts: Facts) -> Iterator[Line]:
    """Only while something is asked for: what is done stands on a page of its own."""
    if facts.first_due is None:
        return
    label = pgettext("page", "Privacy requests")
    if facts.first_due < facts.now:
        todo = _("The law's month is over. See whether `manage.py work` runs, and what “Privacy requests” says.")
        yield Line("privacy", label, Tone.BAD, _("overdue"), todo)
    elif facts.due_trouble:
        todo = _("It is tried again within the hour. If this stays, send the log to whoever looks after this software.")
        yield Line("privacy", label, Tone.WARNING, _("held up"), todo)
    else:
        yield Line("privacy", label, Tone.INFO, _("under way"))


def _proof(facts: Facts) -> Line:
    proof = facts.truth.proof
    todo = ""
    if proof.level.value == Tone.BAD:
        todo = _("Prove the store again; what stays different is named below and may be set aside.")
    elif proof.level.value == Tone.WARNING:
        todo = _("It is proven each night; prove the store now to know at once.")
    return Line("proof", pgettext("of the mirror", "Proof"), Tone(proof.level.value), proof.sentence, todo)
