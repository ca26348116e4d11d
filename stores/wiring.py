"""What the store floor brings to the registries of the ground floor."""

from __future__ import annotations

from backoffice.core import privacy, sweeps

from . import copying
from .services import (
    compliance,
    copy_parts,
    credentials,
    first_load,
    inbox,
    proof,
    quarantine,
    quarantine_privacy,
    sync,
)


def connect() -> None:
    """Called once, when the applications are ready."""
    sweeps.register("stores.sync", sync.sweep)
    sweeps.register("stores.first_load", first_load.sweep)
    sweeps.register("stores.inbox", inbox.sweep)
    sweeps.register("stores.credentials", credentials.sweep)
    sweeps.register("stores.compliance", compliance.sweep)
    sweeps.register("stores.proof", proof.sweep)
    sweeps.register("stores.quarantine", quarantine.sweep)
    privacy.register(quarantine_privacy.PART)
    for part in copy_parts.PARTS:
        copying.register(part)
