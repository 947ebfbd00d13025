# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer customer list | show | confirm-gone``."""

from __future__ import annotations

import typer

from enforcer.cli.options import AskedOption, CustomerArgument, ReasonOption
from enforcer.cli.session import Session
from enforcer.cli.signature import command

customers = typer.Typer(
    help="Customers: what they have, where they are, what is ordered about them.",
    no_args_is_help=True,
)


@command(customers, "list")
def list_customers(session: Session) -> int:
    """List all customers: prefixes, where they are attached, whether they left.

    Example:
      enforcer customer list --output csv
    """
    from enforcer.application.desk_views import CustomerView

    session.out.many(session.application.customers(session.actor), CustomerView)
    return 0


@command(customers, "show")
def show(session: Session, name: CustomerArgument) -> int:
    """Show one customer, whom to call, who shares addresses, and its orders.

    Example:
      enforcer customer show acme
    """
    session.out.one(session.application.customer(session.actor, name))
    return 0


@command(customers, "confirm-gone")
def confirm_gone(
    session: Session, name: CustomerArgument, reason: ReasonOption, yes: AskedOption = False
) -> int:
    """Let a customer go that left the inventory's files.

    Until then its last addresses stay enforced, because a customer who
    vanishes from a file may be a slip of the hand. What only this customer
    held is no longer enforced afterwards.

    Example:
      enforcer customer confirm-gone acme --reason "contract ended"
    """
    session.confirmed(f"Let {name} go, and enforce nothing on its addresses any more?", yes)
    session.out.one(session.application.customer_confirm_gone(session.actor, name, reason))
    return 0
