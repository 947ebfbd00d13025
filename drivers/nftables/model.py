# SPDX-License-Identifier: GPL-2.0-or-later
"""Our table's structure: as it must be (`Spec`) and as it was found (`Found`). Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.nftables.layout import Layout
from drivers.nftables.netlink.definitions import ChainFacts, ObjectFacts, RuleFacts, SetDefinition
from drivers.nftables.netlink.expressions import Expression
from drivers.nftables.netlink.maps import Jump
from drivers.nftables.shut import Record
from enforcer.core.rules import Members, Rule

Pairs = tuple[tuple[int, int], ...]
"""Inclusive ranges of addresses, ascending."""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule: what the kernel gets, and what a person would type after the chain's name."""

    expressions: tuple[Expression, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ChainSpec:
    """One chain with its rules in order."""

    facts: ChainFacts
    rules: tuple[RuleSpec, ...]


@dataclass(frozen=True, slots=True)
class SetSpec:
    """One set or map. `ranges`, `jumps`: what is in it, where that is part of the structure."""

    definition: SetDefinition
    ranges: Pairs | None = None
    jumps: tuple[Jump, ...] | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """The whole table, by name."""

    chains: Mapping[str, ChainSpec]
    sets: Mapping[str, SetSpec]


@dataclass(frozen=True, eq=False, slots=True)
class Found:
    """The table as the kernel tells it; `flags` None: there is no such table.

    `ranges`, `jumps`: the contents that are part of the structure. `stars`: sets that hold the
    element ``*``, which stands for every key. `strays`: by set of members, those that belong into
    another one.
    """

    flags: int | None = None
    chains: Mapping[str, ChainFacts] = field(default_factory=dict)
    rules: Mapping[str, tuple[RuleFacts, ...]] = field(default_factory=dict)
    sets: Mapping[str, SetDefinition] = field(default_factory=dict)
    objects: tuple[ObjectFacts, ...] = ()
    ranges: Mapping[str, Pairs] = field(default_factory=dict)
    jumps: Mapping[str, tuple[Jump, ...]] = field(default_factory=dict)
    stars: frozenset[str] = frozenset()
    strays: Mapping[str, Members] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Held:
    """`Actual.native`: the structure, how the members of known rules are laid out, leftovers.

    `layouts`: rules by address that have a set there. `interfaces`: rules by interface that do.
    `record`: the interfaces that we shut.
    `refused`: the kernel refused the last repair of the structure, so that only building the
    table anew is left.
    """

    found: Found
    layouts: Mapping[Rule, Layout]
    interfaces: frozenset[Rule] = frozenset()
    refused: bool = False
    record: Record = field(default_factory=dict)

    def has(self, rule: Rule) -> bool:
        """Whether the device has any set of `rule`."""
        return rule in self.layouts or rule in self.interfaces
