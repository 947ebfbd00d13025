# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer approval list | show | approve | reject | withdraw | review``."""

from __future__ import annotations

from typing import Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import AskedOption, OrderArgument, ReasonOption, WaitOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command

approvals = typer.Typer(
    help="What waits for a second person: look, approve, reject.", no_args_is_help=True
)

ProposalArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROPOSAL",
        help="The proposal's id, such as P.000A-C.",
        autocompletion=completing.proposals,
    ),
]


@command(approvals, "list")
def list_proposals(
    session: Session,
    everything: Annotated[
        bool, flag("--all", "-a", help="Also what was decided, or lapsed.")
    ] = False,
) -> int:
    """List what waits for a second person, newest first, and why.

    Example:
      enforcer approval list --all
    """
    from enforcer.application.approval_views import ProposalView

    state = None if everything else "waiting"
    session.out.many(session.application.proposals(session.actor, state), ProposalView)
    return 0


@command(approvals, "show")
def show(session: Session, proposal: ProposalArgument) -> int:
    """Show one proposal: who asks for what, why it waits, what became of it.

    Example:
      enforcer approval show P.000A-C
    """
    session.out.one(session.application.proposal(session.actor, proposal))
    return 0


@command(approvals, "approve")
def approve(
    session: Session,
    proposal: ProposalArgument,
    reason: ReasonOption = "",
    wait: WaitOption = None,
    yes: AskedOption = False,
) -> int:
    """Let a proposal of somebody else pass; everything is checked again.

    It is done in the name of who proposed it, and the record names both. A
    duration counts from now. Approving it again changes nothing.

    Example:
      enforcer approval approve P.000A-C --reason "agreed with the NOC"
    """
    from enforcer.cli.options import Format
    from enforcer.cli.placing import settle, wait_time

    timeout = wait_time(wait)
    asks = session.out.format is Format.TABLE and session.wiring.at_a_terminal()
    if asks and not yes:
        session.out.one(session.application.proposal(session.actor, proposal))
        session.confirmed("Approve this?", yes)
    order = session.application.approve(session.actor, proposal, reason)
    return settle(session, order, timeout)


@command(approvals, "reject")
def reject(session: Session, proposal: ProposalArgument, reason: ReasonOption) -> int:
    """Turn a proposal of somebody else down.

    Example:
      enforcer approval reject P.000A-C --reason "name the addresses that are meant"
    """
    session.out.one(session.application.reject(session.actor, proposal, reason))
    return 0


@command(approvals, "withdraw")
def withdraw(session: Session, proposal: ProposalArgument, reason: ReasonOption = "") -> int:
    """Take a proposal of one's own back.

    Example:
      enforcer approval withdraw P.000A-C --reason "no longer needed"
    """
    session.out.one(session.application.withdraw(session.actor, proposal, reason))
    return 0


@command(approvals, "review")
def review(session: Session, order: OrderArgument, reason: ReasonOption) -> int:
    """Say that an order which somebody else placed as an emergency was looked at.

    Its alarm is over then. What was wrong is lifted with 'enforcer order lift'.

    Example:
      enforcer approval review 000A-C --reason "was right, the flood was real"
    """
    session.out.one(session.application.review(session.actor, order, reason))
    return 0
