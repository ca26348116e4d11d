"""A store's health as a text to hand to whoever helps: ids, codes, times and counts, the same in every language. It
holds no secret and nobody's data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .health_report import HealthReport


def diagnostics_of(report: HealthReport) -> str:
    """Lines of `name: value` under titles; times in UTC. Sentences for people are left out: codes say the same."""
    return "\n".join(_lines(report))


def _lines(report: HealthReport) -> Iterator[str]:
    store, token = report.facts.store, report.facts.token
    yield f"store {store.pk} {store.domain} {store.gid}"
    yield f"at {_at(report.at)} · {report.colour.tone.value} {report.colour.key}"
    yield f"state: {store.state} {store.state_code} since {_at(store.state_changed_at)}"
    yield f"connected: {_at(store.connected_at)} · last answer: {_at(store.checked_at)} · plan: {store.plan}"
    yield f"API: asked {report.version.asked}, served {report.version.served}"
    if token is not None:
        yield (
            f"token: {token.kind} · expires {_at(token.expires_at)} · minted {_at(token.minted_at)}"
            f" · last error {token.error_code or '-'} {_at(token.error_at)}"
        )
    yield f"scopes granted: {' '.join(report.granted)}"
    yield f"scopes missing: {' '.join(report.missing) or '-'}"
    yield f"scopes refused: {' '.join(sorted(store.refused_scopes)) or '-'}"
    yield f"fields hidden: {' '.join(sorted(store.hidden_fields)) or '-'}"
    yield f"history from: {store.history_from or 'the beginning'}"
    yield from _section("lines", (f"{line.tone.value} {line.key}" for line in report.lines))
    yield from _section("streams", _streams(report))
    yield from _section("webhooks", _webhooks(report))
    if report.budget is not None:
        budget = report.budget
        yield f"budget: {budget.available:.0f} of {budget.maximum:.0f}, {budget.restore_rate:.0f} a second"
    yield from _section("points (hour, day)", (f"{one.purpose.value}: {one.hour} {one.day}" for one in report.spent))
    yield from _section(
        "counted (hour, day)", (f"{one.counted.value}: {one.hour} {one.day}" for one in report.counted if one.day)
    )
    yield from _section("runs", _runs(report))


def _streams(report: HealthReport) -> Iterator[str]:
    for stream in report.facts.streams:
        yield (
            f"{stream.resource}: {stream.phase} · true as of {_at(stream.true_as_of)} · watermark"
            f" {_at(stream.watermark)} · loaded {stream.loaded} of {stream.expected} · attempts {stream.attempts}"
            f" · error {stream.error_code or '-'} · next {_at(stream.next_attempt_at)}"
        )


def _webhooks(report: HealthReport) -> Iterator[str]:
    facts = report.facts
    if facts.check is not None:
        yield (
            f"checked {_at(facts.check.checked_at)} · tried {_at(facts.check.tried_at)}"
            f" · error {facts.check.error_code or '-'}"
        )
    yield f"waiting {facts.waiting} since {_at(facts.oldest_waiting)} · given up {facts.failed}"
    for topic in facts.topics:
        yield f"{topic.topic}: {topic.state} since {_at(topic.since)} · last {_at(topic.last_delivery_at)}"


def _runs(report: HealthReport) -> Iterator[str]:
    for run in report.runs:
        yield (
            f"{_at(run.started_at)} {run.resource} {run.kind} x{run.passes}: pages {run.pages} rows {run.rows}"
            f" new {run.created} changed {run.changed} same {run.unchanged} again {run.refetched}"
            f" rejected {run.rejected} unannounced {run.unannounced} points {run.points}"
            f" errors {run.errors} {run.error_code}".rstrip()
        )


def _section(title: str, lines: Iterator[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield f"{title}:"
        yield from (f"  {line}" for line in found)


def _at(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "-"
