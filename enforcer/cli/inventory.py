# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer inventory check | show | diff | reload``."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.options import AskedOption, Format
from enforcer.cli.session import Session
from enforcer.cli.signature import command

if TYPE_CHECKING:
    from enforcer.application.desk_views import InventoryDiff

inventory = typer.Typer(
    help="The inventory: devices, customers, services, protected space.", no_args_is_help=True
)


class Section(StrEnum):
    """A part of the inventory."""

    DEVICES = "devices"
    CUSTOMERS = "customers"
    SERVICE_SETS = "service-sets"
    PROTECTED = "protected"
    POOLS = "pools"
    SHARED = "shared"
    FEEDS = "feeds"
    SOURCES = "sources"


@command(inventory, "check")
def check(session: Session) -> int:
    """Load the inventory's files and say what is wrong: file, line and key.

    Also says whether they are what is in force. Exit code 1 if anything is
    wrong. Changes nothing.

    Example:
      enforcer inventory check
    """
    report = session.application.inventory_check(session.actor)
    session.out.one(report)
    return ExitCode.OK if report.ok else ExitCode.ERROR


@command(inventory, "show")
def show(
    session: Session,
    sections: Annotated[
        list[Section], typer.Argument(metavar="SECTION", help="Only these parts; else all.")
    ] = [],  # noqa: B006 - Typer copies it
) -> int:
    """Show the inventory in force: all that every process works with now.

    In the other forms of output, parts that were not asked for are empty.

    Example:
      enforcer inventory show protected pools
    """
    view = session.application.inventory_show(session.actor)
    if sections:
        kept = {section.value.replace("-", "_") for section in sections}
        fields = {section.value.replace("-", "_") for section in Section}
        view = view.model_copy(update={field: [] for field in fields - kept})
    session.out.one(view)
    return 0


@command(inventory, "diff")
def diff(session: Session) -> int:
    """Show what a reload would change. Changes nothing.

    What is gained and lost, what moves on each device, which orders a
    device could not hold any more, whether the brake would hold it. Exit
    code 1 if the files cannot be loaded.

    Example:
      enforcer inventory diff
    """
    with session.busy("comparing the files with what is in force"):
        found = session.application.inventory_diff(session.actor)
    session.out.one(found)
    return ExitCode.OK if found.ok else ExitCode.ERROR


@command(inventory, "reload")
def reload(
    session: Session,
    reason: Annotated[
        str, typer.Option("--reason", "-r", metavar="TEXT", help="Why, for the record.")
    ] = "",
    yes: AskedOption = False,
) -> int:
    """Put the inventory's files in force, for every process, at once.

    At a terminal it shows what changes, and asks if something is lost,
    braked or has to be decided. Files that cannot be loaded change nothing
    (exit code 1). Exit code 5 if the brake holds a device, until 'enforcer
    device release'.

    Example:
      enforcer inventory reload --reason "new customer newsco"
    """
    application, out = session.application, session.out
    asks = out.format is Format.TABLE and session.wiring.at_a_terminal() and not yes
    if asks:
        with session.busy("comparing the files with what is in force"):
            coming = application.inventory_diff(session.actor)
        out.one(coming)
        if not coming.ok:
            return ExitCode.ERROR
        if grave(coming):
            session.confirmed("Put this in force?", yes)
    with session.busy("putting the inventory in force"):
        done = application.inventory_reload(session.actor, reason)
    out.one(done, "sum" if asks and done.ok else "")
    if not done.ok:
        return ExitCode.ERROR
    return ExitCode.PARTIAL if any(device.braked for device in done.devices) else ExitCode.OK


def grave(diff: InventoryDiff) -> bool:
    """Whether a person should look before this is put in force."""
    lost = any(change.what in ("removed", "kept") for change in diff.changes)
    braked = any(device.braked or device.unsupported for device in diff.devices)
    return lost or braked or bool(diff.warnings)
