# SPDX-License-Identifier: GPL-2.0-or-later
"""What a fake device holds of ours, and the commands that change it.

As strict as a real device: a member that is there already or overlaps another, or that is
not there, is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from enforcer.core.addresses import to_column
from enforcer.core.rules import (
    NO_END,
    Desired,
    InterfaceMember,
    Members,
    Owner,
    Rule,
)
from enforcer.driver_api import GRACE_MS

Place = tuple[int, int] | str
"""Where a member stands: inclusive addresses, or the name of an interface."""

HOOK = "hook"
HOOK_TEXT = "look up every forwarded packet, drop what matches"


@dataclass(frozen=True, slots=True)
class Entry:
    """`end`: as in `Members`; the device itself forgets the member `GRACE_MS` later."""

    end: int
    order: int


@dataclass(frozen=True, slots=True)
class PutMark:
    """Write the owner's mark."""

    owner: Owner | None


@dataclass(frozen=True, slots=True)
class PutObject:
    """Make or replace an object of structure; `text` None removes it."""

    name: str
    text: str | None


@dataclass(frozen=True, slots=True)
class AddMember:
    """Add a member that is not there and overlaps no other."""

    rule: Rule
    place: Place
    entry: Entry


@dataclass(frozen=True, slots=True)
class RemoveMember:
    """Remove a member that is there."""

    rule: Rule
    place: Place


Command = PutMark | PutObject | AddMember | RemoveMember


def object_name(rule: Rule) -> str:
    """The object of structure that makes a rule's members count."""
    return f"rule {rule.digest}"


@dataclass
class Table:
    """Everything of ours on the box."""

    owner: Owner | None = None
    objects: dict[str, str] = field(default_factory=dict)
    members: dict[Rule, dict[Place, Entry]] = field(default_factory=dict)

    def copy(self) -> Table:
        """An independent copy."""
        return Table(
            self.owner, dict(self.objects), {r: dict(some) for r, some in self.members.items()}
        )

    def apply(self, command: Command) -> str | None:
        """Carry out one command; why it is refused, or None."""
        match command:
            case PutMark(owner):
                self.owner = owner
            case PutObject(name, None):
                return None if self.objects.pop(name, None) else f"no {name}"
            case PutObject(name, text):
                self.objects[name] = str(text)
            case AddMember(rule, place, entry):
                some = self.members.setdefault(rule, {})
                if any(_overlap(place, other) for other in some):
                    return f"{place} overlaps what is there"
                some[place] = entry
            case RemoveMember(rule, place):
                return self._remove(rule, place)
        return None

    def _remove(self, rule: Rule, place: Place) -> str | None:
        some = self.members.get(rule, {})
        if some.pop(place, None) is None:
            return f"no {place}"
        if not some:
            del self.members[rule]
        return None

    def forget(self, now_ms: int) -> None:
        """What a device does by itself: members vanish when their own timeout has passed."""
        for rule, some in list(self.members.items()):
            for place, entry in list(some.items()):
                if entry.end != NO_END and entry.end + GRACE_MS <= now_ms:
                    self._remove(rule, place)

    def standing(self, name: str) -> Desired:
        """What the members of rules with an intact object amount to."""
        intact = {rule: some for rule, some in self.members.items() if self._intact(rule)}
        return Desired(name, addresses_of(intact), interfaces_of(intact))

    def _intact(self, rule: Rule) -> bool:
        return self.objects.get(object_name(rule)) == repr(rule)


def _overlap(a: Place, b: Place) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return a[0] <= b[1] and b[0] <= a[1]


def addresses_of(members: dict[Rule, dict[Place, Entry]]) -> dict[Rule, Members]:
    """Rules by address as the core writes them."""
    found = {}
    for rule, some in members.items():
        if rule.by_interface:
            continue
        rows = sorted((p, e) for p, e in some.items() if not isinstance(p, str))
        entries = [entry for _, entry in rows]
        found[rule] = Members(
            to_column(place[0] for place, _ in rows),
            to_column(place[1] for place, _ in rows),
            _column([e.end for e in entries]),
            _column([e.order for e in entries]),
        )
    return found


def _column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, np.int64)


def interfaces_of(
    members: dict[Rule, dict[Place, Entry]],
) -> dict[Rule, tuple[InterfaceMember, ...]]:
    """Rules by interface as the core writes them."""
    return {
        rule: tuple(sorted(InterfaceMember(str(p), e.end, e.order) for p, e in some.items()))
        for rule, some in members.items()
        if rule.by_interface
    }
