# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer device pause | resume | release | mode | retire | move``."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.devices import devices
from enforcer.cli.exit_codes import NotSettled
from enforcer.cli.options import (
    AskedOption,
    CustomerArgument,
    DeviceArgument,
    Format,
    ReasonOption,
)
from enforcer.cli.session import Session
from enforcer.cli.signature import command

if TYPE_CHECKING:
    from enforcer.application.views import DeviceView

__all__ = ["devices"]


class Mode(StrEnum):
    """What is done to a device."""

    OBSERVE = "observe"
    ENFORCE = "enforce"
    INVENTORY = "inventory"


@command(devices, "pause")
def pause(session: Session, device: DeviceArgument, reason: ReasonOption) -> int:
    """Stop additions on one device; what ends is still removed.

    It holds until 'enforcer device resume', also over a restart.

    Example:
      enforcer device pause edge1 --reason "software upgrade until 04:00"
    """
    session.out.one(session.application.device_pause(session.actor, device, reason))
    return 0


@command(devices, "resume")
def resume(session: Session, device: DeviceArgument) -> int:
    """End the pause of one device.

    Example:
      enforcer device resume edge1
    """
    session.out.one(session.application.device_resume(session.actor, device))
    return 0


@command(devices, "release")
def release(
    session: Session, device: DeviceArgument, reason: ReasonOption, yes: AskedOption = False
) -> int:
    """Let pass what the brake holds on a device.

    Also takes up again the objects that somebody else changed back three
    times, which were left alone since. At a terminal it shows what is held,
    and asks.

    Example:
      enforcer device release edge1 --reason "the renumbering is meant"
    """
    if session.out.format is Format.TABLE and session.wiring.at_a_terminal() and not yes:
        session.out.one(session.application.device(session.actor, device))
    session.confirmed(f"Let pass what is held on {device}?", yes)
    session.out.one(session.application.device_release(session.actor, device, reason))
    return 0


@command(devices, "mode")
def mode(
    session: Session,
    device: DeviceArgument,
    to: Annotated[
        Mode,
        typer.Argument(
            metavar="observe|enforce|inventory",
            help="observe: report drift, write nothing; enforce; inventory: what the files say.",
        ),
    ],
    reason: ReasonOption,
) -> int:
    """Set what is done to a device, over what the inventory's files say.

    Example:
      enforcer device mode edge1 observe --reason "watch it for a week first"
    """
    session.out.one(session.application.device_mode(session.actor, device, to.value, reason))
    return 0


@command(devices, "retire")
def retire(
    session: Session, device: DeviceArgument, reason: ReasonOption, yes: AskedOption = False
) -> int:
    """Let a device go: it is drained, verified to be empty, then forgotten.

    Every rule of ours is removed from it. It leaves the inventory in force
    when a read has proved that nothing is left; until then it is listed as
    draining. Take it out of the inventory's files too. Exit code 5 if
    something keeps it from being emptied: the message says what.

    Example:
      enforcer device retire edge1 --reason "replaced by edge3"
    """
    session.confirmed(f"Remove every rule of ours from {device}, and forget it?", yes)
    view = session.application.device_retire(session.actor, device, reason)
    session.out.one(view)
    waits = list(_waits_for(session, view)) if view.leaving else []
    if waits and view.status != "retired":
        raise NotSettled(f"{device} is not empty yet and stays in force: {'; '.join(waits)}")
    return 0


def _waits_for(session: Session, view: DeviceView) -> Iterator[str]:
    """What keeps a draining device from being emptied, each with the way out."""
    if view.mode == Mode.OBSERVE:
        yield f"it is only observed: 'enforcer device mode {view.name} enforce'"
    if view.status == "not-adopted":
        yield f"it carries another mark: 'enforcer device adopt {view.name}'"
    if view.held or view.contested:
        yield f"something is held back there: 'enforcer device release {view.name}'"
    if view.error:
        yield view.error
    control = session.application.control(session.actor)
    if control.state == "frozen":
        yield f"the controller is frozen ({control.reason}) until 'enforcer resume'"


@command(devices, "move")
def move(
    session: Session,
    customer: CustomerArgument,
    device: DeviceArgument,
    place: Annotated[
        str,
        typer.Argument(
            metavar="PLACE", help="The interface, BGP neighbor or news site of the old attachment."
        ),
    ],
    reason: ReasonOption,
    yes: AskedOption = False,
) -> int:
    """Let a customer's old attachment go once its new ones are proved.

    Put the new attachment into the inventory first, and reload. The orders
    about the customer are enforced at the new place before anything is
    cleared at the old one.

    Example:
      enforcer device move acme edge1 eth1 --reason "moved to edge2 eth3"
    """
    from enforcer.application.commands import MoveAttachment

    session.confirmed(f"Let go {device} {place} of {customer} once the new ones are proved?", yes)
    asked = MoveAttachment(customer=customer, device=device, place=place, reason=reason)
    session.out.one(session.application.attachment_move(session.actor, asked))
    return 0
