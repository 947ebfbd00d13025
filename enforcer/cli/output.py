# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers on standard output in four forms; notes and progress on standard error."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TextIO

from enforcer.cli.options import Format
from enforcer.cli.words import plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from enforcer.application.views import View

FALLBACK_WIDTH = 80


def wants_color(stream: TextIO, no_color: bool) -> bool:
    """Colour only on a terminal, and not against ``--no-color`` or NO_COLOR."""
    return not no_color and not os.environ.get("NO_COLOR") and stream.isatty()


@dataclass(frozen=True)
class Output:
    """Prints views. `now` says what relative times are relative to when they are printed."""

    format: Format
    no_color: bool
    now: Callable[[], datetime]

    def one(self, view: View, variant: str = "") -> None:
        """Print one view: an object, a row, or its table (or a `variant` of that)."""
        if self.format is Format.TABLE:
            from enforcer.cli.tables import one

            self._print_rich(one(view, self.now(), variant))
        elif self.format is Format.JSON:
            _print_line(json.dumps(dumped(view), indent=2, ensure_ascii=False))
        else:
            self._rows([view], type(view))

    def many(self, views: Sequence[View], model: type[View], variant: str = "") -> None:
        """Print views of one model: an array, lines, rows, or a table (or its `variant`)."""
        if self.format is Format.TABLE:
            from enforcer.cli.tables import many

            self._print_rich(many(views, model, self.now(), variant))
        elif self.format is Format.JSON:
            _print_line(json.dumps([dumped(v) for v in views], indent=2, ensure_ascii=False))
        else:
            self._rows(views, model)

    @contextmanager
    def parts(self, model: type[View]) -> Iterator[Callable[[Sequence[View]], None]]:
        """Print views of one model as they come, where the form can: ndjson and CSV.

        An array or a table comes whole, at the end, also after an error or Ctrl-C.
        """
        if self.format in (Format.NDJSON, Format.CSV):
            if self.format is Format.CSV:
                self._rows([], model)
            yield self._more
            return
        kept: list[View] = []
        finished = False
        try:
            yield kept.extend
            finished = True
        finally:
            if kept or finished:
                self.many(kept, model)

    def lines(self, texts: Sequence[str], name: str) -> None:
        """Print words or sentences: lines, an array of strings, or a column called `name`."""
        if self.format is Format.JSON:
            _print_line(json.dumps(list(texts), indent=2, ensure_ascii=False))
        elif self.format is Format.CSV:
            csv.writer(sys.stdout, lineterminator="\n").writerows([[name], *([t] for t in texts)])
        else:
            for text in texts:
                as_json = self.format is Format.NDJSON
                _print_line(json.dumps(text, ensure_ascii=False) if as_json else plain(text))

    def note(self, text: str) -> None:
        """A line for people on standard error; none in the other forms."""
        if self.format is Format.TABLE:
            sys.stderr.write(text + "\n")

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """A spinner with `what` on standard error, where a person can see it."""
        if self.format is not Format.TABLE or not sys.stderr.isatty():
            yield
            return
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        with Progress(*columns, console=self._console(sys.stderr), transient=True) as progress:
            progress.add_task(what, total=None)
            yield

    @contextmanager
    def progress(self, what: str, total: int) -> Iterator[Callable[[int], None]]:
        """A bar on standard error, where a person can see it; call what it gives to advance."""
        answers = self.format is not Format.TABLE and sys.stdout.isatty()
        if answers or not sys.stderr.isatty():
            yield lambda done: None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining()
        with Progress(*columns, console=self._console(sys.stderr), transient=True) as progress:
            task = progress.add_task(what, total=total)
            yield lambda done: progress.advance(task, done)

    def _rows(self, views: Sequence[View], model: type[View]) -> None:
        if self.format is Format.CSV:
            csv.writer(sys.stdout, lineterminator="\n").writerow(model.model_fields)
        self._more(views)

    def _more(self, views: Sequence[View]) -> None:
        """Lines or rows; the latter without their header."""
        if self.format is Format.NDJSON:
            for view in views:
                _print_line(json.dumps(dumped(view), ensure_ascii=False))
        else:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerows([[_cell(value) for value in dumped(v).values()] for v in views])
        sys.stdout.flush()

    def _print_rich(self, renderable: RenderableType) -> None:
        console = self._console(sys.stdout)
        if console.color_system is not None:
            console.print(renderable, crop=False)
            return
        with console.capture() as captured:
            console.print(renderable, crop=False)
        for line in captured.get().splitlines():
            _print_line(line.rstrip())

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        # Without a colour system rich writes no escape sequence at all, not even bold.
        return Console(
            file=stream,
            color_system="auto" if wants_color(stream, self.no_color) else None,
            width=None if stream.isatty() or os.environ.get("COLUMNS") else FALLBACK_WIDTH,
            highlight=False,
            emoji=False,
            markup=False,
        )


def dumped(view: View) -> dict[str, Any]:
    """The documented JSON shape of a view."""
    return view.model_dump(mode="json")


def _cell(value: object) -> object:
    """A CSV cell: scalars as they are, lists of words joined by ``;``, the rest as JSON."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(v, str) and ";" not in v for v in value):
        return ";".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def _print_line(text: str) -> None:
    sys.stdout.write(text + "\n")
