# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is let in with rights, and what of theirs needs a second person."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.application.actor import Actor
from enforcer.application.approval_views import ProposalView
from enforcer.application.commands import PlaceOrder
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.orders import BlockAddress
from enforcer.errors import AwaitingApproval
from tests.unit.usecases.office import HOUR, Office


def person(name: str, *roles: Role, source: str = "web", owner: str = "") -> Actor:
    """Somebody with an account, or with `owner` one of that account's tokens."""
    return Actor(name, source, Rights(frozenset(roles)), owner)


def machine(source: str = "detector", **limits: Any) -> Actor:
    """A detector's token."""
    rights = Rights(frozenset({Role.DETECTOR}), machine=MachineLimits(**limits))
    return Actor(f"enf_{source}", source, rights, "ada")


EVE = person("eve", Role.ABUSE, Role.APPROVER)
"""Who asks; she might approve, but not what is her own."""
ENGINEER = person("ernie", Role.ENGINEER)
BOB = person("bob", Role.APPROVER)
CAROL = person("carol", Role.APPROVER)
VIEWER = person("vic", Role.VIEWER)
ADMIN = person("ada", Role.ADMIN)

WIDE = BlockAddress(ip_network("8.8.0.0/22"))
SMALL = BlockAddress(ip_network("8.8.8.8"))


def asks(**changes: object) -> PlaceOrder:
    """A wide target for an hour, which needs a second person."""
    command = PlaceOrder(demand=WIDE, reason="flood", duration=HOUR, confirm_wide=True)
    return command.model_copy(update=changes)


def proposed(office: Office, actor: Actor = EVE, **changes: object) -> ProposalView:
    """What becomes of `asks`."""
    with pytest.raises(AwaitingApproval) as waits:
        office.app.place(actor, asks(**changes))
    return office.app.proposal(actor, waits.value.proposal)


def open_alarms(office: Office, kind: str) -> list[str]:
    """What the open alarms of one kind are about."""
    return [alarm.subject for alarm in office.app.alarms(BOB) if alarm.kind == kind]


def later(office: Office, passed: timedelta) -> None:
    """Let time pass."""
    office.clock.advance(passed.total_seconds())
