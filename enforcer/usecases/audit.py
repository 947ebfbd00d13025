# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit chain: list it, show an entry with its evidence, export, sign."""

from __future__ import annotations

from collections.abc import Iterator

from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter
from enforcer.application.record_views import AuditEntryView, SignatureView
from enforcer.application.views import AuditCheck, EventView
from enforcer.usecases.world import World


def verify(world: World) -> AuditCheck:
    """See `Application.audit_verify`."""
    raise NotImplementedError


def entries(world: World, which: AuditFilter) -> list[EventView]:
    """See `Application.audit_list`."""
    raise NotImplementedError


def show(world: World, sequence: int) -> AuditEntryView:
    """See `Application.audit_show`."""
    raise NotImplementedError


def export(world: World, which: AuditFilter) -> Iterator[str]:
    """See `Application.audit_export`."""
    raise NotImplementedError


def sign(world: World, actor: Actor) -> SignatureView:
    """See `Application.audit_sign`."""
    raise NotImplementedError


def signatures(world: World) -> list[SignatureView]:
    """See `Application.audit_signatures`."""
    raise NotImplementedError
