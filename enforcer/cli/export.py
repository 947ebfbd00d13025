# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer export``: what is enforced, for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli import completing
from enforcer.cli.options import ToOption
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.cli.words import counted
from enforcer.errors import InvalidInput

if TYPE_CHECKING:
    from enforcer.application.commands import ExportEnforced


class ExportFormat(StrEnum):
    """What an export looks like."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    NFT = "nft"


ExportFormatOption = Annotated[
    ExportFormat,
    typer.Option(
        "--format", "-f", help="text: one prefix a line; csv; json; nft: a script for 'nft -f'."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this command to the top level."""
    command(app, "export")(export)


def export(
    session: Session,
    name: Annotated[
        str | None,
        typer.Option(
            "--list", metavar="LIST", help="Only this list.", autocompletion=completing.lists
        ),
    ] = None,
    version: Annotated[
        int | None,
        typer.Option(
            "--list-version", metavar="N", min=1, help="Of this version; else the newest."
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            metavar="NAME",
            help="Only what is to stand on this device; else all devices, one after another.",
            autocompletion=completing.devices,
        ),
    ] = None,
    form: ExportFormatOption = ExportFormat.TEXT,
    to: ToOption = None,
) -> int:
    """Write what is enforced now, or one list, in a form other programs read.

    A file is replaced at once when everything is written, so that who reads
    it never sees a part. --output has no part in it.

    Example:
      enforcer export --device edge1 --format nft --to edge1.nft
    """
    from enforcer.application.commands import ExportEnforced

    if name is not None and device is not None:
        raise InvalidInput("--list and --device exclude each other: give one of them")
    if version is not None and name is None:
        raise InvalidInput("--list-version goes with --list: say of which list")
    wanted = ExportEnforced(list_name=name, version=version, device=device, format=form.value)
    return write_export(session, wanted, to)


def write_export(session: Session, wanted: ExportEnforced, to: Path | None) -> int:
    """Write an export to a file or to standard output. Raises EnforcerError."""
    from enforcer.cli.texts import write_lines

    count = write_lines(session.application.export(session.actor, wanted), to)
    if to is not None:
        session.out.note(f"written: {to} ({counted(count, 'line')})")
    return 0
