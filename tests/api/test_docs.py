"""The curl lines of docs/api.md work as they stand, against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone
from django_scopes import scopes_disabled
from pytest_django.live_server_helper import LiveServer

from backoffice.core.actor import Role
from notifications.models import Template
from notifications.services.batches import start_batch
from orders.choices import Source, Stage
from orders.services.archive import archive_orders
from stores.models import Store
from stores.services.access import TOKEN_SCOPES, actor_of, create_token
from tests.builders.orders import make_customer, make_order

GUIDE = Path(settings.BASE_DIR) / "docs" / "api.md"


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_guide_has_lines_to_try():
    assert len("".join(blocks()).split("curl ")) > 15


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.django_db(transaction=True)
def test_every_line_of_the_guide_works(agent: User, store: Store, live_server: LiveServer):
    actor = actor_of(agent)
    with scopes_disabled():
        customer = make_customer(store)
        shown = make_order(store, customer=customer, processed_at=timezone.now() - timedelta(days=10))
        other = make_order(store, stage=Stage.TO_ARCHIVE)
        run = archive_orders([other], actor=actor, source=Source.STAFF).run_id
        batch = start_batch([shown], subject="S", body="<p>B</p>", actor=actor)
        template = Template.objects.create(name="Guide", subject="S", body="<p>B</p>")
        secret = create_token(agent, name="guide", role=Role.AGENT, scopes=TOKEN_SCOPES, actor=actor).secret
    script = "\n".join(blocks()).replace("http://127.0.0.1:8000", live_server.url)
    script = script.replace('"template": 1', f'"template": {template.pk}').replace("[1, 2, 3]", f"[{other.pk}]")
    script = script.replace("curl -sS", "curl -sS --fail-with-body --max-time 20").replace("$(uuidgen)", "key-$RANDOM")
    done = subprocess.run(
        ["bash", "-e", "-u", "-c", script],
        capture_output=True,
        text=True,
        timeout=90,
        env={
            "PATH": os.environ["PATH"],
            "TOKEN": secret,
            "ORDER": str(shown.pk),
            "RUN": str(run),
            "BATCH": str(batch.pk),
        },
    )
    assert done.returncode == 0, f"{done.stdout[-800:]}\n{done.stderr[-800:]}"
    assert done.stdout.count('"request_id"') == 0
    assert "fail" not in done.stderr
