# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer device list | show | plan | reconcile | drift | adopt``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import typer

from enforcer.cli import completing
from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.options import AskedOption, DeviceArgument, flag
from enforcer.cli.report import report
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import DeviceError, InvalidInput

devices = typer.Typer(
    help="Devices: what is known of them, what differs, what would be done.", no_args_is_help=True
)

_View = TypeVar("_View")


@command(devices, "list")
def list_devices(session: Session) -> int:
    """List all devices and their state.

    Example:
      enforcer device list --output json
    """
    from enforcer.application.views import DeviceView

    session.out.many(session.application.devices(session.actor), DeviceView)
    return 0


@command(devices, "show")
def show(session: Session, device: DeviceArgument) -> int:
    """Show one device.

    Example:
      enforcer device show edge1
    """
    session.out.one(session.application.device(session.actor, device))
    return 0


@command(devices, "plan")
def plan(session: Session, device: DeviceArgument) -> int:
    """Read a device and show what the next pass would do. Changes nothing.

    Example:
      enforcer device plan edge1
    """
    with session.busy(f"{device}: reading"):
        planned = session.application.device_plan(session.actor, device)
    session.out.one(planned, "plan")
    return 0


@command(devices, "reconcile")
def reconcile(
    session: Session,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICE", help="The devices' names.", autocompletion=completing.devices
        ),
    ] = [],  # noqa: B006 - Typer copies it
    everything: Annotated[bool, flag("--all", "-a", help="Every device.")] = False,
) -> int:
    """Make a full pass over devices now: read, compare, repair, read back.

    The running controller does it; without one it is done here, under the
    same lock. Exit code 5 if a pause or freeze held a pass back, 1 if one
    failed. A device that is only observed is read, and never repaired.

    Example:
      enforcer device reconcile edge1
    """
    from enforcer.application.views import PassView

    if bool(names) == everything:
        raise InvalidInput("say which devices: their names, or --all")
    made, failed = _each(session, names, "reconciling", session.application.device_reconcile)
    session.out.many(made, PassView)
    for one in made:
        if one.outcome == "observed" and one.drift:
            session.out.note(f"{one.device} differs and stays so: its mode is observe")
    outcomes = {one.outcome for one in made}
    if failed or "failed" in outcomes:
        return ExitCode.ERROR
    return ExitCode.PARTIAL if "held" in outcomes else ExitCode.OK


@command(devices, "drift")
def drift(
    session: Session,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="DEVICE", help="These devices; else all.", autocompletion=completing.devices
        ),
    ] = [],  # noqa: B006 - Typer copies it
    check: Annotated[bool, flag("--check", help="Exit code 10 if anything differs.")] = False,
) -> int:
    """Read devices now and compare them with what is desired. Changes nothing.

    Example:
      enforcer device drift --check || mail -s "drift" noc@isp.example
    """
    from enforcer.application.views import DriftView

    found, failed = _each(session, names, "reading", session.application.device_drift)
    session.out.many(found, DriftView)
    if failed:
        return ExitCode.ERROR
    return ExitCode.DRIFT if check and any(one.drifted for one in found) else ExitCode.OK


@command(devices, "adopt")
def adopt(session: Session, device: DeviceArgument, yes: AskedOption = False) -> int:
    """Take over a device that another controller marked as its own.

    Also needed after a database was restored or cloned. What this database
    does not want is removed from the device by the next pass: look at
    'enforcer device plan' first.

    Example:
      enforcer device adopt edge1
    """
    session.confirmed(f"Take over {device}, and remove what this database does not want?", yes)
    session.out.one(session.application.device_adopt(session.actor, device))
    return 0


def _each(
    session: Session,
    names: Sequence[str],
    doing: str,
    act: Callable[..., _View],
) -> tuple[list[_View], bool]:
    """`act` on each device (all of them without names); one that fails does not stop the rest.

    Returns the views and whether any device failed; failures are reported at once.
    """
    chosen = list(names) or [d.name for d in session.application.devices(session.actor)]
    views: list[_View] = []
    failed = False
    for name in chosen:
        try:
            with session.busy(f"{name}: {doing}"):
                views.append(act(session.actor, name))
        except DeviceError as error:
            failed = True
            report(error, session.out.format, session.options)
    return views, failed
