# SPDX-License-Identifier: GPL-2.0-or-later
"""Options of ``enforcer order bulk``: what all lines of its file have in common."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from enforcer.cli.options import (
    HOW,
    WHY,
    ConfirmCollateralOption,
    ConfirmForeignOption,
    ConfirmRoutesOption,
    ConfirmWideOption,
    EmergencyOption,
    PolicyOption,
    Reach,
    TicketOption,
    Times,
    YesOption,
    flag,
)
from enforcer.core.orders import Direction


class BulkFormat(StrEnum):
    """What the lines of a bulk file look like."""

    AUTO = "auto"
    PLAIN = "plain"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, kw_only=True)
class Defaults(Reach, Times):
    """What the lines of a bulk file have in common; a line that says more wins."""

    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            "-r",
            metavar="TEXT",
            help="Why, for lines that do not say it.",
            rich_help_panel=WHY,
        ),
    ] = None
    ticket: TicketOption = None
    policy: PolicyOption = None
    direction: Annotated[
        Direction | None,
        typer.Option(
            "--direction",
            "-d",
            help="from, to, both; else what the single command takes for it.",
        ),
    ] = None
    format: Annotated[
        BulkFormat,
        typer.Option(
            "--format",
            "-f",
            help="Form of the file; auto looks at its first line.",
        ),
    ] = BulkFormat.AUTO
    key_prefix: Annotated[
        str | None,
        typer.Option(
            "--key-prefix",
            metavar="TEXT",
            help="Keys are TEXT:LINE; else a digest of file and options is TEXT.",
            rich_help_panel=HOW,
        ),
    ] = None
    dry_run: Annotated[
        bool,
        flag(
            "--dry-run",
            "-n",
            help="Place nothing; say what each line would do (slower than placing).",
            panel=HOW,
        ),
    ] = False
    confirm_wide: ConfirmWideOption = False
    confirm_collateral: ConfirmCollateralOption = False
    confirm_routes: ConfirmRoutesOption = False
    confirm_foreign: ConfirmForeignOption = False
    emergency: EmergencyOption = ""
    yes: YesOption = False
