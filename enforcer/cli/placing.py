# SPDX-License-Identifier: GPL-2.0-or-later
"""From options to a placed order: build the command, preview, ask, place, wait."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from enforcer.application.commands import PlaceOrder
from enforcer.application.views import OrderView, Preview
from enforcer.cli.exit_codes import ExitCode, NotSettled
from enforcer.cli.options import Format, Reach, RouteTerms, Terms
from enforcer.cli.targets import always, select
from enforcer.core.orders import (
    Demand,
    DropRoutes,
    PolicyClause,
    Scope,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.times import format_duration, parse_duration, parse_when
from enforcer.errors import Forbidden, InvalidInput, OrderRefused

if TYPE_CHECKING:
    from enforcer.cli.session import Session

SETTLED = frozenset({"enforced", "scheduled", "expired", "lifted", "removed"})
"""Statuses after which nothing more is to be waited for."""
_ASKING = "asking the routers for their routes"
_REFUSED = re.compile(r"would be refused: \[([a-z0-9-]+)\] ")


def exceptions(reach: Reach) -> Selection:
    """Whom an order spares: a bare name is a service set."""
    return select(reach.exceptions, always("service"))


def place(session: Session, demand: Demand, terms: Terms, confirm_foreign: bool = False) -> int:
    """Place `demand`, or preview it with ``--dry-run``. Returns the exit code."""
    timeout = wait_time(terms.wait)
    command = place_command(demand, terms, session.now)
    command = command.model_copy(update={"confirm_foreign": confirm_foreign})
    if terms.fresh and not terms.dry_run:
        raise InvalidInput("--fresh goes with --dry-run: add it, or leave --fresh out")
    if terms.dry_run:
        with session.busy(_ASKING if _asks(demand) else "computing what would happen"):
            preview = session.application.preview(session.actor, command, terms.fresh)
        session.out.one(preview)
        return ExitCode.OK
    _confirm(session, command, terms.yes)
    with session.busy(_ASKING) if _asks(demand) else nullcontext():
        order = session.application.place(session.actor, command)
    for warning in order.warnings:
        session.out.note(f"warning: {warning}")
    return settle(session, order, timeout)


def _asks(demand: Demand) -> bool:
    """Whether the routers may be asked before such an order is placed."""
    return isinstance(demand, DropRoutes | ShutdownSession | SuspendCustomer)


def _confirm(session: Session, command: PlaceOrder, yes: bool) -> None:
    asks = session.out.format is Format.TABLE and session.wiring.at_a_terminal()
    if yes or not asks:
        return
    with session.busy(_ASKING) if _asks(command.demand) else nullcontext():
        preview = session.application.preview(session.actor, command)
    session.out.one(preview)
    _admitted(preview)
    session.confirmed("Place this order?", yes)


def _admitted(preview: Preview) -> None:
    """Raise OrderRefused where the preview says that the order would be refused like this.

    The sentence names the option that confirms it, where there is one.
    """
    found = [match for warning in preview.warnings if (match := _REFUSED.match(warning))]
    if found:
        raise OrderRefused(found[0][1], "; ".join(m.string[m.end() :] for m in found))


def settle(session: Session, order: OrderView, timeout: timedelta | None) -> int:
    """Print `order`; with a timeout wait first. Raises NotSettled after printing."""
    if timeout is None:
        session.out.one(order)
        stopped = session.out.format is Format.TABLE and _stopped(session, order)
        if stopped:
            session.out.note(f"warning: order {order.id} waits: {stopped}")
        return ExitCode.OK
    try:
        with session.busy(f"order {order.id}: waiting for {len(order.devices)} device(s)"):
            order = session.application.wait(session.actor, order.id, timeout)
    except KeyboardInterrupt:
        session.out.note(f"order {order.id} stays as it is; 'enforcer order show {order.id}'")
        raise
    session.out.one(order)
    if order.status not in SETTLED:
        raise NotSettled(_unsettled(order, timeout, _stopped(session, order)))
    return ExitCode.OK


def _stopped(session: Session, order: OrderView) -> str:
    """Why nothing is written for `order` now, and the way out; "" when it is."""
    if order.status in SETTLED:
        return ""
    try:
        control = session.application.control(session.actor)
    except Forbidden:
        return ""  # A detector's token: it is told of its own orders alone.
    if control.state == "running" or (control.state == "paused" and order.status == "removing"):
        return ""
    return f"the controller is {control.state} ({control.reason}) until 'enforcer resume'"


def _unsettled(order: OrderView, timeout: timedelta, stopped: str) -> str:
    behind = [f"{d.device} is {d.status}" for d in order.devices if d.status not in SETTLED]
    where = f" ({', '.join(behind)})" if behind else ""
    if order.withheld and all(d.status in {*SETTLED, "partial"} for d in order.devices):
        return (
            f"order {order.id} is partial and stays so: what is protected is left out of it;"
            f" see 'enforcer order show {order.id}'"
        )
    if stopped:
        return f"order {order.id} is {order.status}{where} and waits: {stopped}"
    return (
        f"order {order.id} is {order.status} after {format_duration(timeout)}{where}:"
        f" the controller goes on; see 'enforcer order show {order.id}'"
    )


def place_command(demand: Demand, terms: Terms, now: datetime) -> PlaceOrder:
    """The command for these options. Raises InvalidInput."""
    end = end_of(terms.duration, terms.until, terms.open_ended, now)
    start = start_of(terms.start, now)
    return PlaceOrder(
        demand=demand,
        reason=terms.reason,
        ticket=terms.ticket,
        policy=policy_clause(terms.policy),
        start=start.at,
        start_after=start.after,
        end=end.at,
        duration=end.after,
        open_ended=end.never,
        scope=Scope(tuple(terms.devices), tuple(terms.roles), tuple(terms.sites)),
        idempotency_key=terms.key,
        confirm_wide=terms.confirm_wide,
        confirm_collateral=terms.confirm_collateral,
        confirm_routes=isinstance(terms, RouteTerms) and terms.confirm_routes,
        emergency=terms.emergency,
    )


@dataclass(frozen=True)
class Moment:
    """An instant, a duration from another one, or never."""

    at: datetime | None = None
    after: timedelta | None = None
    never: bool = False


def end_of(duration: str | None, until: str | None, open_ended: bool, now: datetime) -> Moment:
    """The end, from exactly one of ``--for``, ``--until`` and ``--open-ended``.

    Raises InvalidInput otherwise: an order never lasts for ever by omission.
    """
    if (duration is not None) + (until is not None) + open_ended != 1:
        raise InvalidInput("say when it ends: exactly one of --for, --until and --open-ended")
    if duration is not None:
        return Moment(after=parse_duration(duration))
    if until is not None:
        return Moment(at=parse_when(until, now))
    return Moment(never=True)


def start_of(text: str | None, now: datetime) -> Moment:
    """The start: ``+2h`` after now, an instant, or (None) now. Raises InvalidInput."""
    if text is None or text == "now":
        return Moment()
    if text.startswith("+"):
        return Moment(after=parse_duration(text[1:]))
    return Moment(at=parse_when(text, now))


def policy_clause(text: str | None) -> PolicyClause | None:
    """The clause behind ``PACK/VERSION/CLAUSE``. Raises InvalidInput."""
    if text is None:
        return None
    parts = text.split("/", 2)
    if len(parts) != 3 or not all(part.strip() for part in parts):
        raise InvalidInput(
            f"'{text}' is no policy clause: write PACK/VERSION/CLAUSE, such as aup/2026-01/4.2"
        )
    return PolicyClause(*parts)


def wait_time(text: str | None) -> timedelta | None:
    """The time behind ``--wait``: a duration or whole seconds; None: do not wait."""
    if text is None:
        return None
    return parse_duration(f"{text}s" if text.isdecimal() else text)
