# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what: roles, actions, and the one table that joins them.

Whoever sits at the shell of the installation, and the controller itself, carry no rights object
(`Actor.rights` is None): the operating system let them in, and they may do everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What an account or a token is for; one may have several."""

    VIEWER = "viewer"
    ABUSE = "abuse"
    ENGINEER = "engineer"
    APPROVER = "approver"
    ADMIN = "admin"
    DETECTOR = "detector"


class Action(StrEnum):
    """What can be done; every route of the API and the desk names exactly one."""

    READ = "read"
    """Look at orders, devices, customers, lists, alarms, `why`, previews, events."""
    OWN = "own"
    """Look at the orders of one's own source, and hear of them: what a detector reads."""
    PLACE = "place"
    """Place, extend, shorten, lift, amend and reconfirm orders."""
    COMMENT = "comment"
    """Write a comment on an order; nothing else changes by it."""
    BULK = "bulk"
    """Place many orders at once, import lists."""
    EMERGENCY = "emergency"
    """Place at once what would wait for a second person; it is reviewed afterwards."""
    APPROVE = "approve"
    """Approve or reject what somebody else proposed; review emergencies."""
    DEVICES = "devices"
    """Pause, resume, release, adopt, reconcile, retire devices; move attachments."""
    PAUSE = "pause"
    """Pause all enforcement; stop a source (kill switch)."""
    RESUME = "resume"
    """Freeze, resume enforcement; start a source again."""
    INVENTORY = "inventory"
    """Check and reload the inventory; let go what left it."""
    AUDIT = "audit"
    """Read, verify, sign and export the audit chain; reports for disputes."""
    REPORT = "report"
    """Send reports and signals: what a detector does."""
    JUDGE = "judge"
    """Decide on reports that wait for a person."""
    ACCOUNTS = "accounts"
    """Users, tokens and sessions of others."""
    SELF = "self"
    """One's own sessions, password, tokens and preferences."""
    METRICS = "metrics"
    """Read `/metrics`."""


_LOOK = frozenset({Action.READ, Action.OWN, Action.SELF, Action.AUDIT, Action.METRICS})
_STAFF = _LOOK | {Action.PLACE, Action.COMMENT, Action.BULK, Action.PAUSE, Action.JUDGE}

ACTIONS: Mapping[Role, frozenset[Action]] = {
    Role.VIEWER: _LOOK,
    Role.ABUSE: _STAFF,
    Role.ENGINEER: _STAFF | {Action.EMERGENCY, Action.DEVICES, Action.RESUME, Action.INVENTORY},
    Role.APPROVER: _LOOK | {Action.APPROVE, Action.COMMENT, Action.PAUSE},
    Role.ADMIN: frozenset(Action) - {Action.REPORT, Action.APPROVE},
    Role.DETECTOR: frozenset({Action.REPORT, Action.OWN, Action.PLACE, Action.BULK}),
}
"""What each role may do. An admin gives roles, himself the approver's too, and that is in the
audit; he does not approve by being admin."""

CHANGING = frozenset(Action) - {Action.READ, Action.OWN, Action.METRICS}
"""What a read-only token may not do, whatever its roles: all but looking.

`AUDIT` counts as changing only where it signs; the route says so."""


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """What a detector's token may ask for at most, beside the limits of its source.

    `kinds`: of orders, empty for all; `longest`: seconds; `widest4`, `widest6`: the shortest
    prefix length, which no confirmation overrides; `own_space`: only targets inside our own and
    our customers' space; `per_minute`: requests that ask for something.
    """

    kinds: frozenset[str] = frozenset({"block_address", "block_port", "block_flow"})
    longest: int = 86_400
    widest4: int = 32
    widest6: int = 64
    own_space: bool = True
    per_minute: int = 600


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody who was let in may do.

    `machine`: limits of a detector; None for people. `session`: which login or token this is,
    for the audit; never a secret. `nobodys`: of a token without an owner, so that nobody can say
    which person is behind it.
    """

    roles: frozenset[Role] = frozenset()
    read_only: bool = False
    machine: MachineLimits | None = None
    session: str = field(default="", compare=False)
    nobodys: bool = False

    def allow(self, action: Action) -> bool:
        """Whether any of the roles may do it."""
        if self.read_only and action in CHANGING - {Action.AUDIT}:
            return False
        return any(action in ACTIONS[role] for role in self.roles)
