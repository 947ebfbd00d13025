# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer device snippets``."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.device_changes import devices
from enforcer.cli.options import Format
from enforcer.cli.session import Session
from enforcer.cli.signature import command

__all__ = ["devices"]


class Tool(StrEnum):
    """Programs that keep a history of configurations."""

    RANCID = "rancid"
    OXIDIZED = "oxidized"


@command(devices, "snippets")
def snippets(
    session: Session,
    device: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE", help="This device; else all.", autocompletion=completing.devices
        ),
    ] = "",
    platform: Annotated[
        str,
        typer.Option("--platform", metavar="PLATFORM", help="Every device of this platform."),
    ] = "",
    tool: Annotated[
        Tool | None,
        typer.Option("--for", metavar="rancid|oxidized", help="For this program; else both."),
    ] = None,
) -> int:
    """Print the rules that make rancid and oxidized leave out what orders change.

    So that blocks which come and go are no differences in the history of a
    router's configuration. One set of rules is for all devices that those
    programs treat alike. It asks no device.

    Example:
      enforcer device snippets edge7 --for oxidized
    """
    from enforcer.application.desk_views import SnippetView

    asked = session.application.device_snippets(session.actor, device, platform, tool or "")
    if session.out.format is not Format.TABLE:
        session.out.many(asked, SnippetView)
        return 0
    session.out.lines([line for found in asked for line in found.text.splitlines()], "line")
    return 0
