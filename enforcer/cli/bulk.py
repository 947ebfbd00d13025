# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer order bulk``: many orders from a file, each line by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.bulk_options import Defaults
from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.order_changes import orders
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.cli.words import counted
from enforcer.errors import EnforcerError, InvalidInput

if TYPE_CHECKING:
    from enforcer.application.commands import PlaceOrder
    from enforcer.application.desk_views import PlaceResult
    from enforcer.cli.bulk_lines import Line

__all__ = ["orders"]

PORTION = 500
"""Lines that are sent at once: large enough for speed, small enough to show progress."""
INVALID = "invalid"
ENDED = "ended"
AWAITING = "awaiting-approval"
BEFORE = "was placed before"
_OVER = {"lifted", "expired", "removing"}
_KEY_DIGITS = 16


@command(orders, "bulk")
def bulk(
    session: Session,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file with the lines; - reads stdin.")
    ],
    defaults: Defaults,
) -> int:
    """Place many orders from a file, one a line, and say what became of each.

    Plain lines are ADDRESS or ADDRESS,REASON. CSV has a header; its columns
    are called like the options (target, kind, direction, protocol, port,
    from, to, by, news, export, customer, asn, neighbor, choice, or_longer,
    origin_as, path_as, longer_than, longer_than6, reason, ticket, policy,
    for, until, open_ended, start, except, device, role, site, key,
    confirm_wide, confirm_collateral, confirm_routes, confirm_foreign,
    emergency);
    several values in a cell are separated by ';'. JSON lines are objects
    with a demand in wire form and the other fields of an order. Options
    hold for lines that say nothing else.

    A line that is refused or cannot be read does not stop the rest. The
    same file again with the same options places nothing twice: it goes on
    where it stopped; a line whose order is over by now is told (ended).
    Exit code 0 if every line was placed, 5 if some were, are over, or wait
    for a second person; if none was, 4 if any was refused, else 2.

    Example:
      enforcer order bulk infected.csv --for 7d --ticket T-1234 --dry-run
      printf '192.0.2.7,phishing\\n' | enforcer order bulk - --for 2h
    """
    from enforcer.application.desk_views import PlaceResult

    lines = _lines_of(session, file, defaults)
    if not defaults.dry_run:
        session.confirmed(f"Place {counted(len(lines), 'order')}?", defaults.yes)
    tally, what, answer = Tally(len(lines), "placed"), "placing", _placed
    if defaults.dry_run:
        tally, what, answer = Tally(len(lines), "would be placed"), "checking", _checked
    with (
        tally.told_to(session),
        session.out.parts(PlaceResult) as tell,
        session.out.progress(what, len(lines)) as advance,
    ):
        for results in answer(session, lines):
            tell(results)
            tally.add(results)
            advance(len(results))
    return tally.exit_code()


def _lines_of(session: Session, file: Path, defaults: Defaults) -> Sequence[Line]:
    """The lines that ask for something. Raises InvalidInput: there is none."""
    from enforcer.cli.bulk_common import Common
    from enforcer.cli.bulk_lines import read_lines
    from enforcer.cli.targets import looked_up
    from enforcer.cli.texts import read_text

    text = read_text(file)
    prefix = defaults.key_prefix or _own_prefix(text, defaults)
    name = looked_up(session.names)
    lines = read_lines(text, defaults.format, Common.of(defaults, prefix, session.now, name))
    if not lines:
        raise InvalidInput(f"{file}: no line asks for an order: write one address a line")
    return lines


def _own_prefix(text: str, defaults: Defaults) -> str:
    """The same for the same file with the same options; confirmations are no matter."""
    asked = replace(
        defaults,
        dry_run=False,
        yes=False,
        confirm_wide=False,
        confirm_collateral=False,
        confirm_routes=False,
        confirm_foreign=False,
        emergency="",
    )
    digest = sha256(f"{asked!r}\n{text}".encode()).hexdigest()
    return f"bulk-{digest[:_KEY_DIGITS]}"


def _placed(session: Session, lines: Sequence[Line]) -> Iterator[list[PlaceResult]]:
    """Place the lines, a portion at a time; yields what became of each portion."""
    started = session.now
    for at in range(0, len(lines), PORTION):
        portion = lines[at : at + PORTION]
        by_line = _answers(portion, partial(session.application.place_many, session.actor))
        results = []
        for line in portion:
            result = by_line.get(line.number) or _unreadable(line)
            results.append(_told(result, started))
        yield results


def _told(result: PlaceResult, started: datetime) -> PlaceResult:
    """A line that was placed before says so; one whose order is over asks for nothing any more."""
    order = result.order
    if order is None or order.created >= started:
        return result
    if order.status not in _OVER:
        return result.model_copy(update={"message": BEFORE})
    said = f"order {order.id} of this line is {order.status}: --key-prefix places it anew"
    return result.model_copy(update={"code": ENDED, "message": said})


def _checked(session: Session, lines: Sequence[Line]) -> Iterator[list[PlaceResult]]:
    """Ask what would become of the lines, a portion at a time; nothing is placed."""
    for at in range(0, len(lines), PORTION):
        portion = lines[at : at + PORTION]
        by_line = _answers(portion, partial(session.application.check_many, session.actor))
        yield [by_line.get(line.number) or _unreadable(line) for line in portion]


def _answers(
    portion: Sequence[Line], ask: Callable[[Sequence[PlaceOrder]], Sequence[PlaceResult]]
) -> dict[int, PlaceResult]:
    """What `ask` says of the lines that can be read, by their number in the file."""
    good = [line for line in portion if line.command is not None]
    commands = [line.command for line in good if line.command is not None]
    answers = ask(commands) if commands else []
    numbers = {one.line: good[one.line - 1].number for one in answers}
    return {numbers[a.line]: a.model_copy(update={"line": numbers[a.line]}) for a in answers}


def _unreadable(line: Line) -> PlaceResult:
    from enforcer.application.desk_views import PlaceResult

    return PlaceResult(line=line.number, code=INVALID, message=line.problem)


@dataclass
class Tally:
    """How many lines went how, of how many; `done` says what the good ones were."""

    total: int
    done: str
    good: int = 0
    known: int = 0
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, results: Sequence[PlaceResult]) -> None:
        """Count these too."""
        for result in results:
            if result.code is not None:
                self.codes[result.code] += 1
            else:
                self.good += 1
                self.known += result.message == BEFORE

    def exit_code(self) -> ExitCode:
        """As the command's help says."""
        if not self.codes:
            return ExitCode.OK
        if self.good:
            return ExitCode.PARTIAL
        if ENDED in self.codes or AWAITING in self.codes:
            return ExitCode.PARTIAL
        return ExitCode.USAGE if set(self.codes) == {INVALID} else ExitCode.REFUSED

    @contextmanager
    def told_to(self, session: Session) -> Iterator[None]:
        """Say the sum at the end; after an error or Ctrl-C also how to go on."""
        try:
            yield
        except (KeyboardInterrupt, EnforcerError):
            done = self.good + self.codes.total()
            session.out.note(
                f"stopped after {done:,} of {counted(self.total, 'line')}:"
                " the same command with the same file goes on there"
            )
            raise
        parts = [f"{self.good:,} of {counted(self.total, 'line')} {self.done}"]
        if self.known:
            parts.append(f"{self.known:,} placed before")
        parts += [f"{count:,} {code}" for code, count in sorted(self.codes.items())]
        session.out.note(", ".join(parts))
