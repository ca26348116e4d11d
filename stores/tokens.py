"""The token of a store as its row keeps it: every process that speaks to the shop takes it here.

Tokens that expire are minted under the row's lease, five minutes early: one worker asks, the others go on with the old
one while it holds and wait otherwise. Asking Shopify again harms nothing, so a lost answer or a dead worker costs a
repetition. No transaction is open while the shop is asked; callers must not have one open either."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from backoffice.core import claims, queue
from backoffice.core.clock import db_now

from .choices import CredentialKind
from .models import Credential, Store
from .shopify import oauth
from .shopify.auth import StaticToken, TokenSource
from .shopify.clock import Clock, SystemClock
from .shopify.errors import NeedsPerson, ShopifyError, TryAgain
from .shopify.retry import Patience, with_retries
from .shopify.scopes import spelled_out

logger = logging.getLogger(__name__)

LOOK_JOB = "stores.services.facts.look_job"
EARLY = timedelta(minutes=5)
_LEASE_SECONDS = 45
# Two exchanges of 15 s and the pause between them end before the lease does.
_PATIENCE = Patience(tries=2, seconds=5.0)
_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 0.1
# Shopify says so with every token; this is for an answer that does not.
_DAY_SECONDS = 86_400


def token_source(store: Store, *, base_url: str | None = None) -> TokenSource:
    """Where the calls to the store's shop take their token. Raises `NeedsPerson("bad_token")` when none is kept."""
    row = _read(store.pk)
    if row.kind == CredentialKind.CLIENT_CREDENTIALS:
        return MintedToken(store, base_url=base_url)
    return StaticToken(row.token)


class MintedToken:
    """`TokenSource` of a store that is connected with client id and secret. For one job; never shows itself."""

    def __init__(self, store: Store, *, base_url: str | None = None, clock: Clock | None = None) -> None:
        self._store_id = store.pk
        self._domain = store.domain
        self._base_url = base_url
        self._clock: Clock = clock or SystemClock()
        self._kept = ""
        self._kept_until = 0.0

    def __repr__(self) -> str:
        return f"<MintedToken of store {self._store_id}>"

    def __call__(self) -> str:
        if self._clock.now() < self._kept_until:
            return self._kept
        return self._current(refused="")

    def renewed(self, refused: str) -> str | None:
        return self._current(refused=refused)

    def _current(self, *, refused: str) -> str:
        give_up_at = self._clock.now() + _WAIT_SECONDS
        while True:
            row = _read(self._store_id)
            token: str = row.token
            left = _left(row, refused)
            if left > EARLY:
                return self._remember(row, left)
            free = Credential.objects.filter(pk=row.pk).exclude(leased_until__gt=Now())
            held = claims.claim(free, limit=1, lease_seconds=_LEASE_SECONDS)
            if held:
                if self._minted(held[0], refused):
                    continue
                return token
            if left > timedelta():
                return token
            if self._clock.now() >= give_up_at:
                raise TryAgain("token_busy", after_seconds=5.0)
            self._clock.sleep(_LOOK_SECONDS)

    def _minted(self, row: Credential, refused: str) -> bool:
        """Puts a new token into the row that we hold, unless somebody did so before we held it. False when the shop
        gave none and the old one still serves."""
        left = _left(row, refused)
        if left > EARLY:
            claims.settle(row, attempts=0)
            return True
        asked_at = db_now()
        app = oauth.App(row.client_id, row.client_secret)
        try:
            grant = with_retries(
                lambda: oauth.mint(self._domain, app, base_url=self._base_url), clock=self._clock, patience=_PATIENCE
            )
        except ShopifyError as error:
            claims.settle(row, attempts=0, error_at=db_now(), error_code=error.code, error_message=str(error))
            if isinstance(error, TryAgain) and left > timedelta():
                logger.warning("A token could not be renewed yet", extra={"store": row.pk, "code": error.code})
                return False
            raise
        # Counted from before the question, so that it is never taken to be longer than it is.
        expires_at = asked_at + timedelta(seconds=grant.expires_in or _DAY_SECONDS)
        fresh = {"token": grant.token, "expires_at": expires_at, "minted_at": asked_at}
        if claims.settle(row, attempts=0, error_at=None, error_code="", error_message="", **fresh):
            logger.info("A token was minted", extra={"store": row.pk, "expires_in": grant.expires_in})
            _compare_scopes(row.pk, grant.scopes)
        return True

    def _remember(self, row: Credential, left: timedelta) -> str:
        self._kept, self._kept_until = row.token, self._clock.now() + (left - EARLY).total_seconds()
        return self._kept


def _read(store_id: int) -> Credential:
    row = Credential.objects.filter(store_id=store_id).first()
    if row is None or not (row.token or row.kind == CredentialKind.CLIENT_CREDENTIALS):
        raise NeedsPerson("bad_token")
    return row


def _compare_scopes(store_id: int, granted: frozenset[str]) -> None:
    """A token that may do something else than the last one: what is lost is not asked for any more from here on; the
    rest is for a look at the shop, which also begins to read what has become visible."""
    if not granted:
        return
    with transaction.atomic():
        store = Store._base_manager.select_for_update(no_key=True).get(pk=store_id)
        now, before = spelled_out(granted), spelled_out(store.scopes)
        if now == before:
            return
        kept = sorted(scope for scope in store.scopes if scope in now)
        Store._base_manager.filter(pk=store_id).update(scopes=kept)
        queue.ring(LOOK_JOB, store_id)
    logger.warning(
        "The scopes of a store changed",
        extra={"store": store_id, "gained": sorted(now - before), "lost": sorted(before - now)},
    )


def _left(row: Credential, refused: str) -> timedelta:
    """How long the row's token still serves: not at all when it is the one that was refused."""
    if not row.token or row.token == refused or row.expires_at is None:
        return timedelta()
    return row.expires_at - db_now()
