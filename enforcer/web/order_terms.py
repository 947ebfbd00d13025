# SPDX-License-Identifier: GPL-2.0-or-later
"""The rest of an order's form: why, from when to when, where, and under which key."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import Demand, PolicyClause, Scope
from enforcer.core.times import parse_duration
from enforcer.errors import InvalidInput
from enforcer.web.demands import demand_of
from enforcer.web.form_fields import Fields
from enforcer.web.times import parse_local

CONFIRMS: Mapping[str, str] = {
    "too-wide": "confirm_wide",
    "protected": "confirm_wide",
    "collateral": "confirm_collateral",
    "foreign-destination": "confirm_foreign",
    "upstream-session": "confirm_routes",
    "internal-session": "confirm_routes",
    "exceptions-need-routes": "confirm_routes",
    "carries-management": "confirm_routes",
    "nothing-registered": "confirm_routes",
    "loses-all-routes": "confirm_routes",
    "loses-default-route": "confirm_routes",
    "loses-protected-route": "confirm_routes",
    "routes-unread": "confirm_routes",
}
"""Which field of the command says that the issuer knows better, by the code of the refusal."""


def new_key() -> str:
    """An idempotency key for a form that was just made: sent twice, it places one order."""
    return f"desk-{secrets.token_hex(12)}"


@dataclass(frozen=True)
class End:
    """An instant, a duration, or never; all None where the form is wrong."""

    at: datetime | None = None
    after: timedelta | None = None
    never: bool = False


def command_of(fields: Fields, now: datetime, zone: tzinfo) -> PlaceOrder | None:
    """The order that a form asks for; None where a field is wrong."""
    demand = demand_of(fields)
    if not fields.get("reason"):
        fields.problems.setdefault("reason", "say why: it stays in the record")
    end = end_of(fields, now, zone)
    start = fields.read("start", lambda text: parse_local(text, zone, now))
    policy = fields.read("policy", parse_policy)
    if demand is None or fields.problems:
        return None
    return _command(fields, demand, end, start, policy)


def _command(
    fields: Fields,
    demand: Demand,
    end: End,
    start: datetime | None,
    policy: PolicyClause | None,
) -> PlaceOrder:
    stated = PlaceOrder(
        demand=demand,
        reason=fields.get("reason"),
        ticket=fields.get("ticket") or None,
        policy=policy,
        start=start,
        end=end.at,
        duration=end.after,
        open_ended=end.never,
        scope=scope_of(fields),
        idempotency_key=fields.get("key") or None,
        emergency=fields.get("emergency"),
    )
    return stated.model_copy(update=confirmed(fields))


def confirmed(fields: Fields) -> dict[str, bool]:
    """What was confirmed: a field of the command counts where all codes behind it are checked."""
    needed, checked = set(fields.all("needs")), set(fields.all("confirm"))
    flags = {CONFIRMS[code] for code in needed & checked if code in CONFIRMS}
    return {
        flag: all(code in checked for code in needed if CONFIRMS.get(code) == flag)
        for flag in flags
    }


def end_of(fields: Fields, now: datetime, zone: tzinfo) -> End:
    """When it ends: a preset, a duration, an instant, or never, which must be said."""
    chosen = fields.get("end")
    if chosen == "never":
        return End(never=True)
    if chosen == "until":
        needed = "give the time when it ends"
        return End(at=fields.read("until", lambda text: parse_local(text, zone, now), needed))
    if chosen == "for":
        return End(after=fields.read("duration", parse_duration, "give how long, such as 90m"))
    return End(after=fields.read("end", parse_duration, "say when it ends"))


def scope_of(fields: Fields) -> Scope:
    """On which devices only."""
    names = (tuple(fields.several(name)) for name in ("devices", "roles", "sites"))
    return Scope(*names)


def parse_policy(text: str) -> PolicyClause:
    """``PACK/VERSION/CLAUSE``. Raises InvalidInput."""
    parts = [part.strip() for part in text.split("/", 2)]
    if len(parts) != 3 or not all(parts):
        raise InvalidInput("write it as PACK/VERSION/CLAUSE, such as aup/2026-01/4.2")
    return PolicyClause(*parts)
