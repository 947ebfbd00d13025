# SPDX-License-Identifier: GPL-2.0-or-later
"""Audit entries with their evidence, signed heads, and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from enforcer.application.record_views import AuditEntryView, KeyView, Report, SignatureView
from enforcer.application.views import EventView
from enforcer.cli.tables.layout import Status, Verbatim, brief, columns, facts, some_of, words
from enforcer.cli.words import absolute, both, relative

_KEY_SHOWN = 12
_LONGEST = 10_000
"""Characters of one text in an outline; the whole is in the other forms of output."""


def entry(view: AuditEntryView, now: datetime) -> RenderableType:
    """One audit entry, what it wrote, what became of it, and its place in the chain."""
    table = facts()
    for name, value in _entry_facts(view.entry, now):
        table.add_row(name, words(value))
    for name, digest in (("hash", view.hash), ("previous", view.previous)):
        table.add_row(name, words(digest, "dim"))
    parts: list[RenderableType] = [table]
    if view.native:
        parts += [Text(), Verbatim((f"  {line}" for line in view.native), "cyan")]
    if view.outcome is not None:
        outcome = facts()
        for name, value in _entry_facts(view.outcome, now):
            outcome.add_row(name, words(value))
        parts += [Text(), Text("what became of it", style="bold"), Padding(outcome, (0, 0, 0, 2))]
    if view.transcript:
        parts += [Text(), Text("what was said", style="bold")]
        parts.append(Verbatim((f"  {line}" for line in view.transcript), "dim"))
    return Group(*parts)


def _entry_facts(event: EventView, now: datetime) -> Iterator[tuple[str, str]]:
    yield "entry", str(event.sequence)
    yield "what", event.kind
    yield "when", both(event.at, now)
    yield "by", f"{event.actor}, {event.source}"
    if event.subject:
        yield "subject", event.subject
    if event.device:
        yield "device", event.device
    for name, value in event.detail.items():
        yield name, brief(value)


def signatures(found: Sequence[SignatureView], now: datetime) -> RenderableType:
    """One row per signed head, newest first."""
    table = columns("Entry", "Signed", "Holds", "Key", fixed=("Signed", "Holds"), right=("Entry",))
    for view in found:
        signed = Group(relative(view.at, now), Text(absolute(view.at), style="dim"))
        holds = {True: "ok", False: "broken", None: "unknown"}[view.ok]
        table.add_row(
            str(view.sequence), signed, Status(holds), words(view.key[:_KEY_SHOWN], "dim")
        )
    return table


def signature(view: SignatureView, now: datetime) -> RenderableType:
    """One signed head."""
    table = facts()
    table.add_row("signed up to", words(f"entry {view.sequence}", "bold"))
    table.add_row("when", both(view.at, now))
    table.add_row("hash", words(view.hash, "dim"))
    table.add_row("key", words(view.key, "dim"))
    return table


def key(view: KeyView, now: datetime) -> RenderableType:
    """A key that was just made."""
    table = facts()
    table.add_row("written", words(view.file, "bold"))
    table.add_row("key", words(view.key))
    table.add_row("public", words(view.public))
    return table


def report(view: Report, now: datetime) -> RenderableType:
    """A report as an outline."""
    title = words(view.subject, "bold")
    title.append(f"  made {absolute(view.made_at)}", style="dim")
    return Group(title, *_outline(view.document, 0))


def _outline(value: object, depth: int) -> Iterator[RenderableType]:
    margin = (0, 0, 0, 2 * depth)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _nested(inner):
                yield Padding(words(f"{name}:", "dim"), margin)
                yield from _outline(inner, depth + 1)
            else:
                yield Padding(words(f"{name}: {_said(inner)}"), margin)
    elif isinstance(value, list | tuple):
        kept, more = some_of(value)
        for inner in kept:
            if _nested(inner):
                yield from _outline(inner, depth)
                yield Text()
            else:
                yield Padding(words(f"- {_said(inner)}"), margin)
        if more:
            yield Padding(words(f"and {more:,} more", "dim"), margin)
    else:
        yield Padding(words(_said(value)), margin)


def _nested(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(_nested(inner) or (isinstance(inner, str) and len(value) > 3) for inner in value)
    return isinstance(value, Mapping) and bool(value)


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value)) or "none"
    if value is None or value == {}:
        return "-"
    said = str(value)
    more = len(said) - _LONGEST
    return f"{said[:_LONGEST]} … and {more:,} more characters" if more > 0 else said
