# SPDX-License-Identifier: GPL-2.0-or-later
"""What two inventories do not share, one line for each thing, for people."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from enforcer.core.topology import Attachment, Customer, Leaving, ProtectedPrefix, Topology

_SHOWN = 60
"""Characters of a value; the inventory itself has the rest."""


class Difference(NamedTuple):
    """`what`: added, removed, changed, kept (it left the files and stays), returned, draining."""

    section: str
    name: str
    what: str
    detail: str = ""


def changes(before: Topology | None, after: Topology) -> list[Difference]:
    """From `before` (None: nothing was in force) to `after`; empty where they are the same."""
    before = before if before is not None else Topology()
    return [
        *_named("device", before.devices, after.devices),
        *_customers(before, after),
        *_named("service set", before.service_sets, after.service_sets),
        *_rows("protected", before.protected, after.protected, lambda p: str(p.prefix), _reason),
        *_named("pool", _by_name(before.pools), _by_name(after.pools)),
        *_named("shared", _by_name(before.shared), _by_name(after.shared)),
        *_named("feed", before.feeds, after.feeds),
        *_named("source", before.sources, after.sources),
        *_named("limits", {"brake": before.brake}, {"brake": after.brake}),
        *_settings(before, after),
    ]


def _reason(protected: ProtectedPrefix) -> str:
    return f"{protected.reason} ({protected.origin})"


def _by_name(entries: Iterable[Any]) -> dict[str, Any]:
    return {entry.name: entry for entry in entries}


def _settings(before: Topology, after: Topology) -> Iterator[Difference]:
    if before.documentation_space != after.documentation_space:
        said = f"{before.documentation_space} -> {after.documentation_space}"
        yield Difference("setting", "documentation_space", "changed", said)
    for name in sorted(after.retired - before.retired):
        yield Difference("setting", "retired", "added", f"{name} is left out of the files")
    for name in sorted(before.retired - after.retired):
        yield Difference("setting", "retired", "removed", f"the files no longer state {name}")


def _named(
    section: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    skip: frozenset[str] = frozenset(),
) -> Iterator[Difference]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if new is None:
            yield Difference(section, name, "removed")
        elif old is None:
            yield Difference(section, name, "added")
        else:
            yield from _one(section, name, old, new, skip)


def _one(
    section: str, name: str, old: object, new: object, skip: frozenset[str]
) -> Iterator[Difference]:
    detail = _fields(old, new, skip | {"leaving"})
    was, now = getattr(old, "leaving", Leaving.NO), getattr(new, "leaving", Leaving.NO)
    if was != now:
        yield Difference(section, name, _mark(now), detail)
    elif detail:
        yield Difference(section, name, "changed", detail)


def _mark(leaving: Leaving) -> str:
    return {Leaving.NO: "returned", Leaving.GONE: "kept", Leaving.DRAINING: "draining"}[leaving]


def _fields(old: object, new: object, skip: frozenset[str]) -> str:
    if not is_dataclass(old):
        return ""
    told = []
    for field in fields(old):
        was, now = getattr(old, field.name), getattr(new, field.name)
        if field.name not in skip and was != now:
            told.append(_value_change(field.name, was, now))
    return ", ".join(told)


def _value_change(name: str, was: object, now: object) -> str:
    if isinstance(was, (tuple, frozenset)) and isinstance(now, (tuple, frozenset)):
        gained = {_text(v): v for v in now if v not in was}
        lost = {_text(v): v for v in was if v not in now}
        both = sorted(gained.keys() & lost.keys())
        if both and gained.keys() == lost.keys():
            # The same things, and something about them: by their names nothing was to be seen.
            changed = (f"{v} ({_fields(lost[v], gained[v], frozenset({'name'}))})" for v in both)
            return f"{name}: {_short(', '.join(changed))}"
        signs = [*(f"+{v}" for v in sorted(gained)), *(f"-{v}" for v in sorted(lost))]
        return f"{name}: {_short(' '.join(signs) or 'another order')}"
    return f"{name}: {_short(_text(was))} -> {_short(_text(now))}"


def _text(value: object) -> str:
    named = getattr(value, "name", None)
    if is_dataclass(value) and isinstance(named, str) and named:
        return named
    return str(value) if value not in ("", None) else "none"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _customers(before: Topology, after: Topology) -> Iterator[Difference]:
    own = frozenset({"prefixes", "attachments"})
    yield from _named("customer", before.customers, after.customers, own)
    nobody = Customer("", ())
    for name in sorted({*before.customers, *after.customers}):
        old = before.customers.get(name, nobody)
        new = after.customers.get(name, nobody)
        yield from _rows("prefix", old.prefixes, new.prefixes, str, name)
        yield from _attachments(name, old.attachments, new.attachments)


def _attachments(
    customer: str, before: Sequence[Attachment], after: Sequence[Attachment]
) -> Iterator[Difference]:
    yield from _rows("attachment", before, after, place_text, customer)
    standing = {a: a.leaving for a in before}
    for attachment in after:
        if standing.get(attachment, attachment.leaving) is not attachment.leaving:
            what = _mark(attachment.leaving)
            yield Difference("attachment", place_text(attachment), what, customer)


def place_text(attachment: Attachment) -> str:
    """An attachment as people name it: ``edge1 eth1``."""
    place = attachment.interface or attachment.neighbor or attachment.news_site
    return f"{attachment.device} {place}".strip()


def _rows(
    section: str,
    before: Sequence[Hashable],
    after: Sequence[Hashable],
    name: Callable[[Any], str],
    detail: str | Callable[[Any], str],
) -> Iterator[Difference]:
    had, has = frozenset(before), frozenset(after)
    for row in before:
        if row not in has:
            yield Difference(section, name(row), "removed", _told(detail, row))
    for row in after:
        if row not in had:
            what = "kept" if getattr(row, "leaving", Leaving.NO) else "added"
            yield Difference(section, name(row), what, _told(detail, row))


def _told(detail: str | Callable[[Any], str], row: Hashable) -> str:
    return detail if isinstance(detail, str) else detail(row)
