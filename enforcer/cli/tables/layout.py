# SPDX-License-Identifier: GPL-2.0-or-later
"""The few shapes that all tables are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from enforcer.cli.words import look_of, plain

_MANY = 100
_SOME = 10
"""So many values of a list of more than `_MANY` are shown in a table."""


class Status:
    """A status as icon, word and colour; the icon is ASCII where the output is."""

    def __init__(self, status: str) -> None:
        self.status = status

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text(options))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self._text(options)

    def _text(self, options: ConsoleOptions) -> Text:
        look = look_of(self.status)
        icon = look.ascii_icon if options.ascii_only else look.icon
        return Text(f"{icon} {self.status}", style=look.style, no_wrap=True)


def words(text: str, style: str = "") -> Text:
    """Text from outside: no markup, no control characters."""
    return Text(plain(text), style=style)


def columns(*names: str, fixed: Iterable[str] = (), right: Iterable[str] = ()) -> Table:
    """An empty table; `fixed` columns never wrap, `right` ones hold numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    kept, numbers = set(fixed), set(right)
    for name in names:
        table.add_column(
            name,
            no_wrap=name in kept or name in numbers,
            justify="right" if name in numbers else "left",
            overflow="fold",
        )
    return table


def facts() -> Table:
    """An empty table of names and values without a header."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def indented(text: str, style: str = "") -> Padding:
    """A paragraph under what it belongs to."""
    return Padding(words(text, style), (0, 0, 0, 2))


class Verbatim:
    """Lines that are never wrapped, so that they can be copied."""

    def __init__(self, lines: Iterable[str], style: str = "") -> None:
        self.lines = list(lines)
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Text(plain(line), style=self.style, no_wrap=True, overflow="ignore")


def brief(value: object) -> str:
    """A nested value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {brief(v)}" for k, v in value.items() if v) + "}"
    if isinstance(value, list | tuple):
        kept, more = some_of(value)
        return ", ".join(map(brief, kept)) + (f" and {more:,} more" if more else "")
    return str(value)


def some_of(values: Sequence[object]) -> tuple[Sequence[object], int]:
    """What of a list a table shows, and how many more there are: an order may name a hundred
    thousand prefixes, which nobody reads there."""
    kept = values[:_SOME] if len(values) > _MANY else values
    return kept, len(values) - len(kept)
