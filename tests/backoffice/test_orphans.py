"""What dead workers held is taken up at once, when it is certain that all of them are dead."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django_scopes import scopes_disabled

from backoffice.core import claims
from orders.choices import ChangeState, Source, Verb
from orders.models import RemoteChange
from stores.models import Credential, SyncStream
from tests.builders.orders import make_order


@pytest.mark.row("REL-Q01")
def test_leases_of_dead_workers_end_and_those_of_pages_do_not(store):
    ends = Now() + timedelta(minutes=5)
    with scopes_disabled():
        order = make_order(store)
        SyncStream.objects.create(store=store, resource="orders", leased_until=ends, claim=3)
        RemoteChange.objects.create(
            store=store,
            order=order,
            verb=Verb.ARCHIVE,
            state=ChangeState.SENDING,
            source=Source.SYSTEM,
            actor_label="x",
            run_id="00000000-0000-4000-8000-000000000000",
            leased_until=ends,
        )
        Credential.objects.filter(store=store).update(leased_until=ends)

        assert claims.release_orphans() == 2
        assert claims.release_orphans() == 0

        assert claims.expired(SyncStream.objects.all()).get().claim == 3
        assert claims.expired(RemoteChange.objects.all()).count() == 1
        assert claims.expired(Credential.objects.all()).count() == 0
