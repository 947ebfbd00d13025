# SPDX-License-Identifier: GPL-2.0-or-later
"""The pure half of the fake driver: from a difference to bounded batches in safe order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from enforcer.core.addresses import to_integers
from enforcer.core.drift import Change, Delta, Drift
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Desired, Members, Owner, Rule
from tests.fakes.table import (
    HOOK,
    HOOK_TEXT,
    AddMember,
    Command,
    Entry,
    PutMark,
    PutObject,
    RemoveMember,
    object_name,
)


def objects_of(desired: Desired) -> dict[str, str]:
    """The structure that a desired state needs."""
    return {HOOK: HOOK_TEXT} | {object_name(rule): repr(rule) for rule in desired.rules()}


def batches(
    desired: Desired,
    drift: Drift,
    found: Mapping[str, str],
    mark: Owner | None,
    size: int,
) -> Iterator[Batch]:
    """Structure, members, and last what of the structure is no longer needed.

    Of the structure only what `drift` finds, and what the members that it moves need or leave.
    """
    wanted = objects_of(desired)
    due = _due(drift)
    put: list[Command] = [PutMark(mark)] if mark else []
    put += [
        PutObject(n, text)
        for n, text in sorted(wanted.items())
        if found.get(n) != text and n in due
    ]
    if put:
        yield _structural(put)
    for delta in _pieces(drift.delta, size):
        commands = tuple(_commands(delta))
        yield Batch(commands, len(commands), Region(delta))
    gone: list[Command] = [PutObject(n, None) for n in sorted({*found} - {*wanted}) if n in due]
    if gone:
        yield _structural(gone)


def renewed(made: Sequence[Batch], mark: Owner | None) -> tuple[Batch, ...]:
    """The same batches; the first one that adds members writes the mark anew."""
    adding = [n for n, batch in enumerate(made) if any(map(_adds, _commands_in(batch)))]
    if mark is None or not adding:
        return tuple(made)
    first = made[adding[0]]
    again = replace(first, payload=(PutMark(mark), *_commands_in(first)))
    return (*made[: adding[0]], again, *made[adding[0] + 1 :])


def _commands_in(batch: Batch) -> tuple[Command, ...]:
    assert isinstance(batch.payload, tuple)
    return batch.payload


def _adds(command: Command) -> bool:
    return isinstance(command, AddMember)


def _due(drift: Drift) -> set[str]:
    moved = (*drift.delta.addresses, *drift.delta.interfaces)
    return {f.what for f in drift.findings} | {object_name(rule) for rule in moved}


def _structural(commands: Sequence[Command]) -> Batch:
    return Batch(tuple(commands), len(commands), ALL)


def _commands(delta: Delta) -> Iterator[Command]:
    """Removals first: what is added may overlap what goes."""
    for rule, change in delta.addresses.items():
        for first, last, _, _ in change.remove.rows():
            yield RemoveMember(rule, (first, last))
        for first, last, end, order in change.add.rows():
            yield AddMember(rule, (first, last), Entry(end, order))
    for rule, moved in delta.interfaces.items():
        for member in moved.remove:
            yield RemoveMember(rule, member.name)
        for member in moved.add:
            yield AddMember(rule, member.name, Entry(member.end, member.order))


def _pieces(delta: Delta, size: int) -> Iterator[Delta]:
    """At most `size` members each, but what overlaps is never taken apart."""
    for rule, change in delta.addresses.items():
        yield from (Delta({rule: piece}) for piece in _cut(change, size))
    for rule, moved in delta.interfaces.items():
        yield Delta({}, {rule: moved})


def _cut(change: Change, size: int) -> Iterator[Change]:
    spans = sorted(
        (first, last) for rows in (change.add, change.remove) for first, last, _, _ in rows.rows()
    )
    until, count, begin = -1, 0, 0
    for first, last in spans:
        if count >= size and first > until:
            yield _between(change, begin, first)
            begin, count = first, 0
        until = max(until, last)
        count += 1
    yield _between(change, begin, 2**128)


def _between(change: Change, begin: int, stop: int) -> Change:
    return Change(_rows(change.add, begin, stop), _rows(change.remove, begin, stop))


def _rows(members: Members, begin: int, stop: int) -> Members:
    inside = [begin <= first < stop for first in to_integers(members.first)]
    return members.take(np.array(inside, np.bool_))


def native(made: Sequence[Batch]) -> Iterator[str]:
    """The commands as text."""
    for batch in made:
        assert isinstance(batch.payload, tuple)
        yield from map(_text, batch.payload)


def undo(made: Sequence[Batch]) -> Iterator[str]:
    """The commands that take it back, the last one first."""
    for line in reversed(list(native(made))):
        verb, _, rest = line.partition(" ")
        yield f"{'remove' if verb == 'add' else 'add'} {rest}"


def _text(command: Command) -> str:
    match command:
        case PutMark(owner):
            return f"add mark {owner}"
        case PutObject(name, None):
            return f"remove {name}"
        case PutObject(name, _):
            return f"add {name}"
        case AddMember(rule, place, entry):
            return f"add {_place(rule)} {place} until {entry.end} for {entry.order}"
        case RemoveMember(rule, place):
            return f"remove {_place(rule)} {place}"


def _place(rule: Rule) -> str:
    return f"member {rule.digest}"
