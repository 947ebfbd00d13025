# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``show configuration ... | display set`` says, as a `Box`. Pure; fails closed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from ipaddress import ip_address
from itertools import groupby

from drivers.juniper_junos.inheriting import Words, given
from drivers.juniper_junos.model import NOT_LAST, Box, ours
from drivers.juniper_junos.names import (
    FAMILIES,
    LISTS,
    RIB6,
    ROUTES,
    STATEMENTS,
    VERSIONS,
    Place,
    holds,
)
from drivers.juniper_junos.redistribution import exporting
from drivers.juniper_junos.sleeping import shut_by_us, with_sessions, without_inactive
from drivers.juniper_junos.values import link_text, prefix_text, same
from enforcer.errors import ParseFailed

_STATEMENT = re.compile(r"^(?:set|deactivate|protect) \S")
_COUNT = re.compile(r"\ACount: (\d+) lines?\Z")
_FAST = f"set {LISTS} ENF-"
_DIRECTED = re.compile(r"^(input|output)(-list|-chain)?$")
_BGP = re.compile(r"^protocols bgp(?: group \S+)?(?: neighbor \S+)?$")


def lines_of(device: str, text: str, counted: str | None = None) -> list[str]:
    """The statements of one answer.

    `counted`: what the same command said through ``| count``: an answer that lost lines on its
    way is not what the box has. Raises ParseFailed.
    """
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    for line in lines:
        if _STATEMENT.match(line) is None:
            raise ParseFailed(
                device, f"{line!r} is no line of `display set`: read it again, or look at the box"
            )
    if counted is not None:
        said = _COUNT.match(counted.strip())
        if said is None:
            raise ParseFailed(device, f"asked how many lines there are, it said {counted!r}")
        if int(said[1]) != len(lines):
            raise ParseFailed(
                device,
                f"{len(lines)} lines of its configuration arrived of {said[1]}: the answer was"
                " cut, or it changed meanwhile; it is read again",
            )
    return lines


def parse(device: str, lines: Iterable[str], tag: int) -> Box:
    """`lines` of all sections; `tag`: the one of our discard routes. Raises ParseFailed."""
    reader = _Reader(tag)
    inactive: list[str] = []
    hold = False
    for line in lines:
        if line.startswith(_FAST):
            reader.listed(line[len(_FAST) - 4 :])
            continue
        hold = hold or holds(line)
        verb, _, rest = line.partition(" ")
        if verb == "set":
            reader.read(rest)
        elif verb == "deactivate":
            inactive.append(rest)
    box = reader.box(hold)
    chains = {**box.chains, **reader.exports}
    told = exporting(reader.policies, chains, inactive, tag)
    box = replace(box, given=given(reader.elsewhere, inactive), exported=told)
    box = with_sessions(box, inactive)
    return without_inactive(box, [path for path in inactive if not shut_by_us(box, path)])


class _Reader:
    """Collects a box, line by line."""

    def __init__(self, tag: int) -> None:
        self._tag = f"tag {tag}"
        self.elsewhere: list[Words] = []
        self.policies: list[str] = []
        self.exports: dict[str, list[str]] = defaultdict(list)
        self._items: dict[str, list[str]] = defaultdict(list)
        self._lists: dict[str, set[str]] = {}
        self._routes: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._places: dict[Place, list[str]] = defaultdict(list)
        self._chains: dict[str, list[str]] = defaultdict(list)
        self._families: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._neighbors: dict[str, dict[str, None]] = defaultdict(dict)
        self._down: set[str] = set()
        self._crowded: set[str] = set()
        self._links: dict[tuple[str, str], set[str]] = defaultdict(set)

    def listed(self, rest: str) -> None:
        """A prefix-list of ours and perhaps one member."""
        name, _, member = rest.partition(" ")
        members = self._lists.setdefault(name, set())
        if not member:
            return
        prefix = prefix_text(member)
        if prefix is None:
            self._items[f"{LISTS} {rest}"] = []
        else:
            members.add(prefix)

    def read(self, path: str) -> None:
        """One statement, without ``set``."""
        words = path.split(" ")
        top = words[0]
        ranged = words[:2] == ["interfaces", "interface-range"]
        if top == "groups" or ranged or "apply-groups" in words[-2:-1]:
            self.elsewhere.append(tuple(words))
        if ranged:
            return
        if top == "interfaces" and len(words) > 2:
            self._interface(words)
        elif top == "firewall":
            self._firewall(path, words)
        elif top == "routing-options":
            self._route(path)
        elif top == "protocols" and words[1:2] == ["bgp"]:
            self._bgp(words)
        elif top == "protocols" and words[-2:-1] == ["export"]:
            self.exports[" ".join(words[:-1])].append(words[-1])
        elif top == "policy-options" and len(words) > 2 and ours(words[2]):
            self._items[" ".join(words[:3])].extend([" ".join(words[3:])] if words[3:] else [])
        elif path.startswith(f"{STATEMENTS} "):
            self.policies.append(path)

    def _firewall(self, path: str, words: list[str]) -> None:
        at = words.index("filter") + 1 if "filter" in words[:4] else len(words)
        if at >= len(words) or not ours(words[at]):
            return
        top, rest = " ".join(words[: at + 1]), words[at + 1 :]
        self._items.setdefault(top, [])
        if rest[:1] == ["term"] and len(rest) > 1:
            term = self._items[f"{top} term {rest[1]}"]
            term.extend([same(" ".join(rest[2:]))] if rest[2:] else [])
        elif rest:
            self._items[path] = []

    def _interface(self, words: list[str]) -> None:
        interface = words[1]
        if words[2:] == ["disable"]:
            self._down.add(interface)
        if words[2] != "unit" or len(words) < 4:
            return
        unit, rest = words[3], words[4:]
        families = self._families[interface, unit]
        if rest == ["disable"]:
            self._down.add(f"{interface}.{unit}")
        if rest[:1] == ["family"] and len(rest) > 1 and rest[1] in VERSIONS:
            families.add(VERSIONS[rest[1]])
            if rest[2:3] == ["filter"] and len(rest) > 3:
                self._bound(interface, unit, VERSIONS[rest[1]], rest[3:])
            elif rest[2:3] == ["address"] and len(rest) > 3:
                network = link_text(rest[3])
                self._links[interface, unit].update([network] if network else [])

    def _bound(self, interface: str, unit: str, family: int, rest: list[str]) -> None:
        directed = _DIRECTED.match(rest[0])
        if directed is None or len(rest) < 2:
            self._crowded.add(Place(interface, unit, family, "input").stanza)
        else:
            self._places[Place(interface, unit, family, directed[1])].append(" ".join(rest))

    def _route(self, path: str) -> None:
        if path.startswith(f"{RIB6} ") and not path.startswith(f"{ROUTES[6]} "):
            self._crowded.add(RIB6)
        for family, top in (*ROUTES.items(), (4, "routing-options rib inet.0 static route")):
            if path.startswith(f"{top} "):
                prefix, _, rest = path[len(top) + 1 :].partition(" ")
                known = prefix_text(prefix)
                if known is not None and top == ROUTES[family]:
                    self._routes[family, known].append(rest)
                elif known is not None:
                    self._routes[family, known].append(f"{rest} in inet.0")

    def _bgp(self, words: list[str]) -> None:
        at = 2
        while at + 1 < len(words) and words[at] in ("group", "neighbor"):
            at += 2
        top, rest = " ".join(words[:at]), words[at:]
        if _BGP.match(top) is None:
            return
        if words[at - 2] == "neighbor" and at > 2:
            try:
                self._neighbors[str(ip_address(words[at - 1]))][top] = None
            except ValueError:
                return
        if rest[:1] in (["import"], ["export"]) and len(rest) > 1:
            self._chains[f"{top} {rest[0]}"].append(" ".join(rest[1:]))

    def box(self, hold: bool) -> Box:
        """All that was collected."""
        routes: dict[int, set[str]] = {family: set() for family in FAMILIES}
        taken: dict[int, set[str]] = {family: set() for family in FAMILIES}
        for (family, prefix), rests in self._routes.items():
            if self._tag not in rests:
                taken[family].add(prefix)
            elif sorted(rests) == ["discard", self._tag]:
                routes[family].add(prefix)
            else:
                self._items[f"{ROUTES[family]} {prefix}"] = rests
        ordered = (STATEMENTS,)
        items = {
            path: _conditioned(rests) if path.startswith(ordered) else tuple(sorted(rests))
            for path, rests in self._items.items()
        }
        for path in _overtaken(items):
            items[path] = (*items[path], NOT_LAST)
        return Box(
            items=items,
            lists={name: frozenset(some) for name, some in self._lists.items()},
            routes={family: frozenset(some) for family, some in routes.items()},
            places={place: tuple(some) for place, some in self._places.items()},
            chains={path: tuple(some) for path, some in self._chains.items()},
            down=frozenset(self._down),
            families={at: frozenset(some) for at, some in self._families.items()},
            taken={family: frozenset(some) for family, some in taken.items()},
            neighbors={at: tuple(paths) for at, paths in self._neighbors.items()},
            crowded=frozenset(self._crowded),
            links={at: frozenset(some) for at, some in self._links.items()},
            hold=hold,
        )


def _conditioned(rests: list[str]) -> tuple[str, ...]:
    """The lines of a policy statement: conditions that stand together, in one order."""
    found: list[str] = []
    for term, some in groupby(rests, key=_condition_of):
        lines = list(some)
        found += sorted(lines) if term else lines
    return tuple(found)


def _condition_of(line: str) -> str:
    """The term that a condition belongs to; "" it is none."""
    words = line.split(" ", 3)
    return words[1] if len(words) > 3 and (words[0], words[2]) == ("term", "from") else ""


def _overtaken(items: Iterable[str]) -> list[str]:
    """The accepting terms of chained filters that do not stand last; in the box's own order."""
    last: dict[str, str] = {}
    accepting: list[str] = []
    for path in items:
        top, split, term = path.partition(" term ")
        if split:
            last[top] = path
            accepting += [path] if term.startswith("ENF-PASS") else []
    return [path for path in accepting if last[path.partition(" term ")[0]] != path]
