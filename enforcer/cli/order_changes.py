# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer order list | show`` and what changes, ends or explains an order."""

from __future__ import annotations

from typing import Annotated

import typer

from enforcer.cli.filters import Which
from enforcer.cli.options import (
    EmergencyOption,
    ForOption,
    OpenEndedOption,
    OrderArgument,
    ReasonOption,
    UntilOption,
    WaitOption,
)
from enforcer.cli.route_orders import orders
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import InvalidInput

__all__ = ["orders"]


@command(orders, "list")
def list_orders(session: Session, which: Which) -> int:
    """List orders, newest first: the active ones unless asked otherwise.

    Example:
      enforcer order list --customer acme --status failing --status partial
    """
    from enforcer.application.commands import OrderFilter
    from enforcer.application.views import OrderView

    if which.everything and which.ended:
        raise InvalidInput("--all and --ended exclude each other: give one of them")
    active = None if which.everything or which.statuses else True
    wanted = OrderFilter(
        active=False if which.ended else active,
        statuses=tuple(which.statuses),
        kinds=tuple(kind.replace("-", "_") for kind in which.kinds),
        customer=which.customer,
        source=which.source,
        text=which.text,
        limit=which.limit,
        before=which.before,
    )
    found = session.application.orders(session.actor, wanted)
    session.out.many(found, OrderView)
    if len(found) == which.limit:
        session.out.note(f"there may be more: --before {found[-1].id} shows them")
    return 0


@command(orders, "show")
def show(session: Session, order: OrderArgument, wait: WaitOption = None) -> int:
    """Show one order and its state on each device.

    Example:
      enforcer order show 000A-C --wait 1m
    """
    from enforcer.cli.placing import settle, wait_time

    timeout = wait_time(wait)
    return settle(session, session.application.order(session.actor, order), timeout)


@command(orders, "extend")
def extend(
    session: Session,
    order: OrderArgument,
    duration: ForOption = None,
    until: UntilOption = None,
    open_ended: OpenEndedOption = False,
    reason: ReasonOption = "",
    emergency: EmergencyOption = "",
    wait: WaitOption = None,
) -> int:
    """Let an order end later; --for counts from now. An earlier end is refused.

    Where a second person has to agree it waits, unless --emergency says why
    it cannot: somebody else reviews it then.

    Example:
      enforcer order extend 000A-C --for 7d --reason "still open"
    """
    from enforcer.application.commands import ChangeEnd
    from enforcer.cli.placing import end_of, settle, wait_time

    timeout = wait_time(wait)
    end = end_of(duration, until, open_ended, session.now)
    change = ChangeEnd(
        order=order,
        extend=True,
        end=end.at,
        duration=end.after,
        open_ended=end.never,
        reason=reason,
        emergency=emergency,
    )
    return settle(session, session.application.change_end(session.actor, change), timeout)


@command(orders, "shorten")
def shorten(
    session: Session,
    order: OrderArgument,
    duration: ForOption = None,
    until: UntilOption = None,
    reason: ReasonOption = "",
    wait: WaitOption = None,
) -> int:
    """Let an order end earlier; --for counts from now. A later end is refused.

    Example:
      enforcer order shorten 000A-C --for 10m --reason "nearly cleaned up"
    """
    from enforcer.application.commands import ChangeEnd
    from enforcer.cli.placing import end_of, settle, wait_time

    timeout = wait_time(wait)
    if duration is None and until is None:
        raise InvalidInput("say when it ends: exactly one of --for and --until")
    end = end_of(duration, until, False, session.now)
    change = ChangeEnd(order=order, extend=False, end=end.at, duration=end.after, reason=reason)
    return settle(session, session.application.change_end(session.actor, change), timeout)


@command(orders, "lift")
def lift(
    session: Session, order: OrderArgument, reason: ReasonOption, wait: WaitOption = None
) -> int:
    """End an order now.

    What other orders still block stays blocked. Lifting an order that has
    ended changes nothing.

    Example:
      enforcer order lift 000A-C --reason "cleaned up" --wait
    """
    from enforcer.application.commands import LiftOrder
    from enforcer.cli.placing import settle, wait_time

    timeout = wait_time(wait)
    lifted = session.application.lift(session.actor, LiftOrder(order=order, reason=reason))
    return settle(session, lifted, timeout)


@command(orders, "amend")
def amend(
    session: Session,
    order: OrderArgument,
    reason: Annotated[
        str | None, typer.Option("--reason", "-r", metavar="TEXT", help="The corrected reason.")
    ] = None,
    ticket: Annotated[
        str | None, typer.Option("--ticket", "-t", metavar="ID", help="The corrected ticket.")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option("--policy", metavar="PACK/VERSION/CLAUSE", help="The corrected clause."),
    ] = None,
) -> int:
    """Correct what is written about an order.

    Its target never changes: another target is another order.

    Example:
      enforcer order amend 000A-C --ticket T-1235
    """
    from enforcer.application.commands import AmendOrder
    from enforcer.cli.placing import policy_clause

    if reason is None and ticket is None and policy is None:
        raise InvalidInput("nothing to amend: give --reason, --ticket or --policy")
    change = AmendOrder(order=order, reason=reason, ticket=ticket, policy=policy_clause(policy))
    session.out.one(session.application.amend(session.actor, change))
    return 0


@command(orders, "comment")
def comment(
    session: Session,
    order: OrderArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be remembered of it.")],
) -> int:
    """Write a comment into the history of an order, which stays as it is.

    Example:
      enforcer order comment 000A-C "the customer called: cleaned up, asks for a look"
    """
    from enforcer.application.commands import CommentOrder

    said = CommentOrder(order=order, text=text)
    session.out.one(session.application.comment(session.actor, said))
    return 0


@command(orders, "reconfirm")
def reconfirm(session: Session, order: OrderArgument, reason: ReasonOption) -> int:
    """Keep an order whose target changed hands, which would end after 24 hours.

    Example:
      enforcer order reconfirm 000A-C --reason "the new owner is the same crew"
    """
    from enforcer.application.commands import Reconfirm

    kept = session.application.reconfirm(session.actor, Reconfirm(order=order, reason=reason))
    session.out.one(kept)
    return 0


@command(orders, "history")
def history(session: Session, order: OrderArgument) -> int:
    """Show everything that is recorded about an order, oldest first.

    Example:
      enforcer order history 000A-C --output ndjson
    """
    from enforcer.application.views import EventView

    session.out.many(session.application.history(session.actor, order), EventView)
    return 0
