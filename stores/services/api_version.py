"""Which version of Shopify's API answers a store, and how long it still will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.core.clock import db_now
from stores.models import Store
from stores.services.proof_status import Level
from stores.shopify.versions import ends_at

WARNED_BEFORE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class VersionStatus:
    """`asked` is the version that we speak, `served` the one that answered last. `ends_at`: from then on Shopify
    answers `asked` with another version; None where that is not known."""

    asked: str
    served: str
    ends_at: datetime | None
    days_left: int | None
    fell_forward: bool
    deprecated: str
    level: Level
    sentence: str


def version_status(store: Store, *, now: datetime | None = None) -> VersionStatus:
    """Red when ours has ended, amber when another one answers, in the last 90 days and for deprecated calls. The
    shop's own list of supported versions decides where we have it, the rule of twelve months otherwise. No query when
    `now` is given."""
    now = now or db_now()
    asked: str = settings.SHOPIFY_API_VERSION
    end = ends_at(asked)
    days_left = max((end - now).days, 0) if end else None
    # What an older release of this software heard of another version says nothing about this one.
    fell_forward = store.api_asked == asked and bool(store.api_version) and store.api_version != asked
    has_ended = asked not in store.api_versions if store.api_versions else end is not None and now >= end
    level, sentence = Level.GOOD, ""
    if fell_forward:
        level = Level.WARNING
        sentence = _(
            "Shopify answers with version %(served)s although %(asked)s was asked for. Update this software; until "
            "then parts of an order may be missing."
        ) % {"served": store.api_version, "asked": asked}
    elif has_ended:
        level = Level.BAD
        sentence = _("Version %(asked)s of Shopify's API has ended. Update this software.") % {"asked": asked}
    elif end is not None and end - now <= WARNED_BEFORE:
        level = Level.WARNING
        sentence = ngettext(
            "Version %(asked)s of Shopify's API ends in %(days)d day, on %(day)s. Update this software before.",
            "Version %(asked)s of Shopify's API ends in %(days)d days, on %(day)s. Update this software before.",
            days_left or 0,
        ) % {"asked": asked, "days": days_left, "day": f"{end:%Y-%m-%d}"}
    elif store.api_deprecated:
        level = Level.WARNING
        sentence = _("Shopify calls something that this software asks for deprecated: %(why)s") % {
            "why": store.api_deprecated
        }
    return VersionStatus(asked, store.api_version, end, days_left, fell_forward, store.api_deprecated, level, sentence)
