# SPDX-License-Identifier: GPL-2.0-or-later
"""Options that several commands share, grouped as dataclasses; see `signature`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from enforcer.cli import completing
from enforcer.core.orders import Direction

GLOBAL = "Global options"
WHY = "Why"
_WHEN = "When (exactly one end)"
_WHERE = "Where, and except for whom"
HOW = "How it is placed"


@dataclass(frozen=True, kw_only=True)
class OptionGroup:
    """Base of the dataclasses whose fields are options."""


def flag(*names: str, help: str, panel: str | None = None) -> Any:  # noqa: ANN401 - as typer.Option
    """An option without a value."""
    return typer.Option(*names, metavar="", help=help, rich_help_panel=panel)


class Format(StrEnum):
    """How answers are printed."""

    TABLE = "table"
    JSON = "json"
    NDJSON = "ndjson"
    CSV = "csv"


@dataclass(frozen=True, kw_only=True)
class Globals(OptionGroup):
    """Options of every command, accepted before and after its name."""

    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Settings file; else $ENFORCER_CONFIG, ./enforcer.toml, /etc/enforcer/.",
            rich_help_panel=GLOBAL,
        ),
    ] = None
    output: Annotated[
        Format | None,
        typer.Option(
            "--output", "-o", help="Form of the answer; table unless given.", rich_help_panel=GLOBAL
        ),
    ] = None
    no_color: Annotated[
        bool,
        flag(
            "--no-color",
            help="No colour; also when NO_COLOR is set or the output is no terminal.",
            panel=GLOBAL,
        ),
    ] = False
    actor: Annotated[
        str | None,
        typer.Option(
            "--actor",
            metavar="NAME",
            help="Who is asking, for the audit trail; else the login name behind sudo.",
            rich_help_panel=GLOBAL,
        ),
    ] = None
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            metavar="",
            show_default=False,
            help="Log to standard error; -vv also where an error came from.",
            rich_help_panel=GLOBAL,
        ),
    ] = 0

    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="URL",
            help="Work through the API of that server; else $ENFORCER_SERVER, else here.",
            rich_help_panel=GLOBAL,
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="Token for --server; else $ENFORCER_TOKEN, ~/.config/enforcer/config.toml.",
            rich_help_panel=GLOBAL,
        ),
    ] = None
    ca: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            help="Certificates to trust for --server, PEM; else the system's.",
            rich_help_panel=GLOBAL,
        ),
    ] = None

    def over(self, outer: Globals) -> Globals:
        """These options, and `outer` where they say nothing."""
        return Globals(
            config=self.config or outer.config,
            output=self.output or outer.output,
            no_color=self.no_color or outer.no_color,
            actor=outer.actor if self.actor is None else self.actor,
            verbose=self.verbose + outer.verbose,
            server=self.server or outer.server,
            token_file=self.token_file or outer.token_file,
            ca=self.ca or outer.ca,
        )


TicketOption = Annotated[
    str | None,
    typer.Option("--ticket", "-t", metavar="ID", help="Ticket.", rich_help_panel=WHY),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="PACK/VERSION/CLAUSE",
        help="The clause that allows it, such as aup/2026-01/4.2.",
        rich_help_panel=WHY,
    ),
]


@dataclass(frozen=True, kw_only=True)
class Grounds(OptionGroup):
    """Why an order is placed."""

    reason: Annotated[
        str,
        typer.Option(
            "--reason", "-r", metavar="TEXT", help="Why, for the record.", rich_help_panel=WHY
        ),
    ]
    ticket: TicketOption = None
    policy: PolicyOption = None


ForOption = Annotated[
    str | None,
    typer.Option(
        "--for", metavar="DURATION", help="So long: 30m, 2h, 7d, 1h30m.", rich_help_panel=_WHEN
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="TIME",
        help="Until this instant: 2026-12-01T08:00Z (ISO 8601 with zone).",
        rich_help_panel=_WHEN,
    ),
]
OpenEndedOption = Annotated[
    bool,
    flag("--open-ended", help="Until somebody lifts it.", panel=_WHEN),
]


@dataclass(frozen=True, kw_only=True)
class Times(OptionGroup):
    """From when and how long an order holds."""

    duration: ForOption = None
    until: UntilOption = None
    open_ended: OpenEndedOption = False
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="TIME",
            help="From then on: +2h or an ISO 8601 instant; else now.",
            rich_help_panel=_WHEN,
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Reach(OptionGroup):
    """Which devices hold an order, and whom it spares."""

    exceptions: Annotated[
        list[str],
        typer.Option(
            "--except",
            metavar="X",
            help="Spare a service set, a prefix, or customer:NAME; repeatable.",
            rich_help_panel=_WHERE,
        ),
    ] = field(default_factory=list)
    devices: Annotated[
        list[str],
        typer.Option(
            "--device",
            metavar="NAME",
            help="Only on this device; repeatable. Else where the target is attached.",
            rich_help_panel=_WHERE,
            autocompletion=completing.devices,
        ),
    ] = field(default_factory=list)
    roles: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE",
            help="Only on devices with this role; repeatable.",
            rich_help_panel=_WHERE,
        ),
    ] = field(default_factory=list)
    sites: Annotated[
        list[str],
        typer.Option(
            "--site", metavar="SITE", help="Only at this site; repeatable.", rich_help_panel=_WHERE
        ),
    ] = field(default_factory=list)


ConfirmWideOption = Annotated[
    bool,
    flag(
        "--confirm-wide",
        help="It is meant to be this wide, or to cover protected space, which is then withheld.",
        panel=HOW,
    ),
]
ConfirmCollateralOption = Annotated[
    bool,
    flag(
        "--confirm-collateral",
        help="Others who are hit too (sharers, tenants, users behind CGNAT) are known.",
        panel=HOW,
    ),
]
ConfirmRoutesOption = Annotated[
    bool,
    flag(
        "--confirm-routes",
        help="It is known which sessions or routes are lost, the default route included; nobody"
        " is asked what they are.",
        panel=HOW,
    ),
]
ConfirmForeignOption = Annotated[
    bool,
    flag(
        "--confirm-foreign",
        help="It is known to be neither ours nor a customer's, and blackholed all the same.",
        panel=HOW,
    ),
]
EmergencyOption = Annotated[
    str,
    typer.Option(
        "--emergency",
        metavar="TEXT",
        help="Why it cannot wait for a second person: place it at once; somebody reviews it.",
        rich_help_panel=HOW,
    ),
]
WaitOption = Annotated[
    str | None,
    typer.Option(
        "--wait",
        metavar="[TIMEOUT]",
        help="Return when it is true on every device, at most after TIMEOUT (30s);"
        " exit code 5 if it is not.",
        rich_help_panel=HOW,
    ),
]
YesOption = Annotated[bool, flag("--yes", "-y", help="Do not ask at a terminal.", panel=HOW)]


@dataclass(frozen=True, kw_only=True)
class Manner(OptionGroup):
    """How an order is placed."""

    dry_run: Annotated[
        bool,
        flag(
            "--dry-run",
            "-n",
            help="Place nothing; show devices, exact commands, undo, who is hit.",
            panel=HOW,
        ),
    ] = False
    fresh: Annotated[
        bool,
        flag(
            "--fresh",
            help="With --dry-run: ask the devices instead of their last known state.",
            panel=HOW,
        ),
    ] = False
    confirm_wide: ConfirmWideOption = False
    confirm_collateral: ConfirmCollateralOption = False
    emergency: EmergencyOption = ""
    wait: WaitOption = None
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Idempotency key: the same key never places a second order.",
            rich_help_panel=HOW,
        ),
    ] = None
    yes: YesOption = False


@dataclass(frozen=True, kw_only=True)
class Terms(Manner, Reach, Times, Grounds):
    """All that an order has besides what it blocks."""


@dataclass(frozen=True, kw_only=True)
class RouteTerms(Terms):
    """The same for orders that may take sessions or routes."""

    confirm_routes: ConfirmRoutesOption = False


OrderArgument = Annotated[
    str,
    typer.Argument(
        metavar="ORDER", help="The order's id, such as 000A-C.", autocompletion=completing.orders
    ),
]
DeviceArgument = Annotated[
    str,
    typer.Argument(metavar="DEVICE", help="The device's name.", autocompletion=completing.devices),
]
CustomerArgument = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER", help="The customer's name.", autocompletion=completing.customers
    ),
]
ListArgument = Annotated[
    str,
    typer.Argument(metavar="LIST", help="The list's name.", autocompletion=completing.lists),
]
DirectionOption = Annotated[
    Direction,
    typer.Option(
        "--direction", "-d", help="from: the target is the source; to: the destination; or both."
    ),
]
ProtocolOption = Annotated[
    list[str],
    typer.Option("--protocol", metavar="PROTOCOL", help="tcp, udp, icmp, or a number; repeatable."),
]
PortOption = Annotated[
    list[str],
    typer.Option("--port", "-p", metavar="PORTS", help="25, or 25,465-587; repeatable."),
]
ReasonOption = Annotated[
    str, typer.Option("--reason", "-r", metavar="TEXT", help="Why, for the record.")
]
AskedOption = Annotated[bool, flag("--yes", "-y", help="Do not ask at a terminal.")]
ToOption = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FILE",
        help="Write to this file, all at once when all of it is there; else to standard output.",
    ),
]
ConfirmShrinkOption = Annotated[
    bool,
    flag("--confirm-shrink", help="It is meant to be empty, or to lose over 20 % of what it had."),
]
