# SPDX-License-Identifier: GPL-2.0-or-later
"""Our table as `nft -j` shows it: what it is made of, and its members. Pure values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enforcer.core.drift import Delta
from enforcer.core.rules import Actual, Owner, Rule

Json = dict[str, Any]
Span = tuple[int, int]
Rows = Mapping[Span, int]
"""Order numbers by (first, last)."""
Names = Mapping[str, int]
"""Order numbers by interface."""

_MEMBERS = re.compile(r"([hri])([0-9a-f]{12})")
HOSTS, RANGES, INTERFACES = "h", "r", "i"


def set_name(part: str, rule: Rule) -> str:
    """The set that holds the hosts, ranges or interfaces of a rule."""
    return f"{part}{rule.digest}"


def member_set(name: str) -> tuple[str, str] | None:
    """(part, digest) of such a set's name; None for any other."""
    found = _MEMBERS.fullmatch(name)
    return (found[1], found[2]) if found else None


@dataclass(frozen=True, slots=True)
class SetDefinition:
    """`kind` is nft's type; `statements`: what each element counts."""

    kind: str
    interval: bool = False
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """`hook` "" for one that is only jumped to. `lines`: canonical JSON of each rule's expressions,
    without counts."""

    hook: str = ""
    priority: int = 0
    policy: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Structure:
    """`fixed`: the contents of the sets that hold no members. `other`: objects that we never
    make, in nft's words."""

    chains: Mapping[str, Chain] = field(default_factory=dict)
    sets: Mapping[str, SetDefinition] = field(default_factory=dict)
    fixed: Mapping[str, frozenset[Span]] = field(default_factory=dict)
    other: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Element:
    """One element as listed; `key` a range of addresses or an interface's name."""

    key: Span | str
    comment: str = ""
    packets: int = 0
    octets: int = 0


def is_astray(part: str, element: Element) -> bool:
    """Whether somebody else put `element` where we look for none: an address among ranges."""
    key = element.key
    return part == RANGES and not isinstance(key, str) and key[0] == key[1]


@dataclass(frozen=True, eq=False)
class Listing:
    """Everything of our table at one moment. `there` False: no such table.

    `digest`: of all of it but what counts by itself.
    """

    there: bool
    structure: Structure
    elements: Mapping[str, tuple[Element, ...]]
    owner: Owner | None
    digest: str
    hold: bool = False


@dataclass(frozen=True)
class Holding:
    """Members by rule, with their orders' numbers; rules without members are absent."""

    addresses: Mapping[Rule, Rows] = field(default_factory=dict)
    interfaces: Mapping[Rule, Names] = field(default_factory=dict)

    def rules(self) -> tuple[Rule, ...]:
        """All rules, ordered by digest."""
        return tuple(sorted((*self.addresses, *self.interfaces), key=lambda r: r.digest))


def holding(actual: Actual) -> Holding:
    """The members of a reading."""
    return Holding(
        {r: {(row[0], row[1]): row[3] for row in m.rows()} for r, m in actual.addresses.items()},
        {r: {m.name: m.order for m in some} for r, some in actual.interfaces.items()},
    )


def after(before: Holding, delta: Delta) -> Holding:
    """`before` with what `delta` removes and adds."""
    addresses = {rule: dict(rows) for rule, rows in before.addresses.items()}
    for rule, change in delta.addresses.items():
        rows = addresses.setdefault(rule, {})
        for first, last, _, _ in change.remove.rows():
            rows.pop((first, last), None)
        rows.update({(first, last): order for first, last, _, order in change.add.rows()})
    interfaces = {rule: dict(names) for rule, names in before.interfaces.items()}
    for rule, moved in delta.interfaces.items():
        names = interfaces.setdefault(rule, {})
        for member in moved.remove:
            names.pop(member.name, None)
        names.update({member.name: member.order for member in moved.add})
    return Holding(
        {rule: rows for rule, rows in addresses.items() if rows},
        {rule: names for rule, names in interfaces.items() if names},
    )
