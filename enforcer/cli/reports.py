# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer intake list | show | dismiss | order | try | poll | files``."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from enforcer.cli.options import ReasonOption, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import InvalidInput

intake = typer.Typer(
    help="Reports of detectors and of people outside, and what became of them.",
    no_args_is_help=True,
)

ReportArgument = Annotated[
    int, typer.Argument(metavar="REPORT", min=1, help="The report's number.")
]
_LARGEST = 10_485_760


@command(intake, "list")
def list_reports(
    session: Session,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar="STATE",
            help="open, failed, ordered, counted, ignored, dismissed, lifted ...; repeatable.",
        ),
    ] = None,
    everything: Annotated[
        bool, flag("--all", "-a", help="In every state; else what waits for a person.")
    ] = False,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="Of this source alone.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help="With this in it.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")
    ] = 50,
) -> int:
    """List reports, newest first: what waits for a person, unless asked otherwise.

    Example:
      enforcer intake list --all --text 192.0.2.7
    """
    from enforcer.application.report_views import ReportFilter, ReportView

    chosen = tuple(states or (() if everything else ("open", "failed")))
    which = ReportFilter(states=chosen, source=source, text=text, limit=limit)
    session.out.many(session.reports.reports(session.actor, which), ReportView)
    return 0


@command(intake, "show")
def show(session: Session, report: ReportArgument) -> int:
    """Show one report: what was understood, what became of it, and what came.

    Example:
      enforcer intake show 17
    """
    session.out.one(session.reports.report(session.actor, report))
    return 0


@command(intake, "dismiss")
def dismiss(session: Session, report: ReportArgument, reason: ReasonOption) -> int:
    """Decide that nothing is done about a report.

    Example:
      enforcer intake dismiss 17 --reason "our own scanner"
    """
    session.out.one(session.reports.dismiss(session.actor, report, reason))
    return 0


@command(intake, "order")
def order(
    session: Session,
    report: ReportArgument,
    reason: ReasonOption,
    lasting: Annotated[str, typer.Option("--for", metavar="DURATION", help="So long: 2h, 1d.")],
    direction: Annotated[
        str, typer.Option("--direction", metavar="DIRECTION", help="from, to or both.")
    ] = "both",
) -> int:
    """Block the address that a report is about; other orders go by 'enforcer order'.

    Asking twice places one order.

    Example:
      enforcer intake order 17 --for 1d --direction from --reason "spam, confirmed"
    """
    from enforcer.application.commands import PlaceOrder
    from enforcer.core.orders import BlockAddress, Direction
    from enforcer.core.prefixes import parse_network
    from enforcer.core.times import parse_duration

    if direction not in list(Direction):
        raise InvalidInput(f"--direction {direction}: write from, to or both")
    duration: timedelta = parse_duration(lasting)
    shown = session.reports.report(session.actor, report)
    if shown.target is None:
        raise InvalidInput(f"report {report} names no address: place an order by hand")
    demand = BlockAddress(parse_network(shown.target), Direction(direction))
    asked = PlaceOrder(demand=demand, reason=reason, duration=duration)
    session.out.one(session.reports.order_for(session.actor, report, asked))
    return 0


@command(intake, "try")
def try_(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What a detector would send; - reads stdin.")
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format", "-f", metavar="FORMAT", help="xarf, arf, alertmanager, generic/NAME, ..."
        ),
    ],
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE", help="As if this source sent it.")
    ] = "try",
) -> int:
    """Say what a report would become by the rules of the settings; nothing is stored.

    Thresholds count the reports that came before; here each is taken as the first.

    Example:
      enforcer intake try report.json --format xarf --source csirt
    """
    from enforcer.application.report_views import TrialView

    raw = _content(file)
    session.out.many(session.reports.trial(session.actor, form, source, raw), TrialView)
    return 0


@command(intake, "poll")
def poll(
    session: Session,
    confirm_shrink: Annotated[
        bool, flag("--confirm-shrink", help="What is said to be over is over, however much.")
    ] = False,
) -> int:
    """Ask CrowdSec's local API for its decisions now, beside the service or without it.

    Where it says that over 20 % of what stands because of it is over at once, nothing of that is
    lifted, and the alarm decisions-shrink is open until it was confirmed by this.

    Example:
      enforcer intake poll --confirm-shrink
    """
    session.out.one(session.reports.poll(session.actor, confirm_shrink))
    return 0


@command(intake, "files")
def files(
    session: Session,
    program: Annotated[
        str, typer.Argument(metavar="PROGRAM", help="fail2ban (its action), wazuh (its script).")
    ],
) -> int:
    """Print the file that makes another program report here.

    Example:
      enforcer intake files fail2ban > /etc/fail2ban/action.d/enforcer.conf
    """
    from enforcer.intake.files import file_of

    sys.stdout.write(file_of(program))
    return 0


def _content(file: Path) -> bytes:
    try:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(_LARGEST + 1)
        else:
            with file.open("rb") as opened:
                raw = opened.read(_LARGEST + 1)
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from None
    if len(raw) > _LARGEST:
        raise InvalidInput(f"{file}: has more than {_LARGEST} bytes")
    return raw
