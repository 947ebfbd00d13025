# SPDX-License-Identifier: GPL-2.0-or-later
"""One router as this driver sees it: what is ours, and what ours stands beside. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.juniper_junos.inheriting import Given
from drivers.juniper_junos.names import Place

INACTIVE = "!inactive"
"""Among the lines of an item: it, or what it is in, is deactivated."""

NOT_LAST = "!not last"
"""Among the lines of a term that accepts the rest: terms stand behind it, and never match."""

Lines = tuple[str, ...]
Prefixes = frozenset[str]


@dataclass(frozen=True, eq=False)
class Box:
    """A router's configuration, as far as it concerns us. Paths as after ``set``.

    What we write:

    * `items`: by path the lines below it, sorted where their order means nothing: filters (no
      line), their terms, policy statements, and whatever else carries our prefix.
    * `lists`: the active members of our prefix-lists, records and marks included; `inert`: their
      deactivated ones.
    * `routes`: by family the discard routes that carry our tag and are as we make them.
    * `places`: what is bound where, one line each and in order (``input BASE``, or
      ``input-list ENF-IN4``, ``input-list BASE``).
    * `chains`: by path (``protocols bgp ... import``) the policies there, in order.
    * `down`: interfaces and units with ``disable``.

    What we look at: `families` by interface and unit; `taken`: by family the prefixes of others'
    static routes; `neighbors`: by address the paths of the BGP neighbors; `odd`: places and
    chains that must be left alone, and why; `crowded`: filter stanzas with more in them;
    `links`: by interface and unit the networks of its addresses; `given`: what is inherited;
    `exported`: the export chains that would tell others of our discard routes; `sessions`: as
    `neighbors`, with what is deactivated; `closed`: those paths of them that are deactivated
    themselves, by whomever; `dormant`: those below something deactivated.
    """

    items: Mapping[str, Lines] = field(default_factory=dict)
    lists: Mapping[str, Prefixes] = field(default_factory=dict)
    inert: Mapping[str, Prefixes] = field(default_factory=dict)
    routes: Mapping[int, Prefixes] = field(default_factory=dict)
    places: Mapping[Place, Lines] = field(default_factory=dict)
    chains: Mapping[str, Lines] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    families: Mapping[tuple[str, str], frozenset[int]] = field(default_factory=dict)
    taken: Mapping[int, Prefixes] = field(default_factory=dict)
    neighbors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)
    crowded: frozenset[str] = frozenset()
    links: Mapping[tuple[str, str], Prefixes] = field(default_factory=dict)
    given: tuple[Given, ...] = ()
    exported: tuple[str, ...] = ()
    sessions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    closed: frozenset[str] = frozenset()
    dormant: frozenset[str] = frozenset()
    hold: bool = False

    def units(self, interface: str) -> tuple[str, ...]:
        """The configured units of an interface, sorted."""
        return tuple(sorted(unit for name, unit in self.families if name == interface))


def bound(line: str) -> str:
    """The filter's name in a line of a place."""
    return line.split(" ")[1]


def ours(name: str) -> bool:
    """Whether an object's name has our prefix."""
    return name.startswith("ENF-")
