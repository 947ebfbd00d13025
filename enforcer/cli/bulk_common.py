# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lines of a bulk file have in common, and how one line goes over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from enforcer.application.commands import PlaceOrder
from enforcer.cli.bulk_demands import Fields, demand_of, several, truth
from enforcer.cli.bulk_options import Defaults
from enforcer.cli.placing import Moment, end_of, exceptions, policy_clause, start_of
from enforcer.cli.targets import Resolver, always, select
from enforcer.core.orders import Scope, Selection
from enforcer.core.times import parse_duration, parse_when
from enforcer.errors import InvalidInput
from enforcer.wire import demand_from_wire

_FLAGS = ("confirm_wide", "confirm_collateral", "confirm_routes", "confirm_foreign")
_TEXTS = ("reason", "ticket", "emergency")
_ENDS = ("end", "duration", "open_ended")
_STARTS = ("start", "start_after")
_SCOPE = {"devices", "roles", "sites"}
_POLICY = {"pack", "version", "clause"}


@dataclass(frozen=True)
class Common:
    """Options that hold for every line, as fields of a `PlaceOrder`."""

    options: Defaults
    spared: Selection
    fields: Mapping[str, Any]
    key_prefix: str
    now: datetime
    name: Resolver

    @classmethod
    def of(cls, options: Defaults, key_prefix: str, now: datetime, name: Resolver) -> Common:
        """Raises InvalidInput for options that cannot be understood."""
        fields: dict[str, Any] = {flag: getattr(options, flag) for flag in _FLAGS}
        fields |= {name: getattr(options, name) for name in _TEXTS}
        fields["policy"] = policy_clause(options.policy)
        fields |= _start(start_of(options.start, now))
        if options.duration is not None or options.until is not None or options.open_ended:
            fields |= _end(end_of(options.duration, options.until, options.open_ended, now))
        scope = Scope(tuple(options.devices), tuple(options.roles), tuple(options.sites))
        fields["scope"] = scope
        return cls(options, exceptions(options), fields, key_prefix, now, name)

    def from_columns(self, cells: Fields, number: int) -> PlaceOrder:
        """The command of one CSV or plain line. Raises InvalidInput."""
        spared = self.spared
        if "except" in cells:
            spared = select(several(cells["except"]), always("service"))
        demand = demand_of(cells, self.options.direction, spared, self.name)
        own: dict[str, Any] = {k: cells[k] for k in _TEXTS if k in cells}
        own |= {flag: truth(cells[flag], flag) for flag in _FLAGS if flag in cells}
        if "policy" in cells:
            own["policy"] = policy_clause(cells["policy"])
        if "start" in cells:
            own |= _start(start_of(cells["start"], self.now))
        never = "open_ended" in cells and truth(cells["open_ended"], "open_ended")
        if never or "for" in cells or "until" in cells:
            own |= _end(end_of(cells.get("for"), cells.get("until"), never, self.now))
        if {"device", "role", "site"} & set(cells):
            parts = (tuple(several(cells.get(part, ""))) for part in ("device", "role", "site"))
            own["scope"] = Scope(*parts)
        return self._command({**own, "demand": demand}, number, cells.get("key"))

    def from_object(self, stated: Mapping[str, Any], number: int) -> PlaceOrder:
        """The command of one JSON line, in wire form. Raises InvalidInput."""
        demand = stated.get("demand")
        if not isinstance(demand, dict):
            raise InvalidInput("has no 'demand': give it as an object with a 'kind'")
        own = {key: value for key, value in stated.items() if value is not None}
        asked = demand_from_wire(demand)
        if asked.exceptions == Selection():
            asked = replace(asked, exceptions=self.spared)
        own["demand"] = asked
        for field in ("start", "end"):
            if field in own:
                own[field] = parse_when(_text(own[field], field), self.now)
        for field in ("duration", "start_after"):
            if field in own:
                own[field] = _seconds(own[field], field)
        for field, known in (("scope", _SCOPE), ("policy", _POLICY)):
            if field in own and not (isinstance(own[field], dict) and set(own[field]) <= known):
                raise InvalidInput(f"'{field}' is an object of {', '.join(sorted(known))}")
        return self._command(own, number, own.pop("idempotency_key", None))

    def _command(self, own: dict[str, Any], number: int, key: str | None) -> PlaceOrder:
        common = dict(self.fields)
        for group in (_ENDS, _STARTS):
            if any(own.get(field) for field in group):
                common = {k: v for k, v in common.items() if k not in group}
        whole = {**common, **own}
        reason = whole.get("reason")
        if reason is None or (isinstance(reason, str) and not reason.strip()):
            raise InvalidInput("says no reason: add one, or give --reason for all lines")
        if sum(bool(whole.get(field)) for field in _ENDS) != 1:
            raise InvalidInput(
                "says no single end: give exactly one in the line, or --for, --until or"
                " --open-ended for all lines"
            )
        whole["idempotency_key"] = key or f"{self.key_prefix}:{number}"
        try:
            return PlaceOrder(**whole)
        except ValidationError as error:
            raise InvalidInput(_first_problem(error)) from None


def _start(moment: Moment) -> dict[str, Any]:
    return {"start": moment.at, "start_after": moment.after}


def _end(moment: Moment) -> dict[str, Any]:
    return {"end": moment.at, "duration": moment.after, "open_ended": moment.never}


def _text(value: object, field: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"'{field}' is an instant such as 2026-12-01T08:00Z, as text")
    return value


def _seconds(value: object, field: str) -> timedelta:
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e10:
        raise InvalidInput(f"'{field}' is a number of seconds, or text such as 2h")
    return timedelta(seconds=value)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"'{'.'.join(map(str, first['loc']))}': {first['msg']}"
