# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router must look like for given rules, beside what is the operator's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.juniper_junos.inheriting import source
from drivers.juniper_junos.model import INACTIVE, Box, Lines, bound, ours
from drivers.juniper_junos.names import (
    DIRECTIONS,
    DOWN,
    FAMILIES,
    MOST_FILTERS,
    SHUT,
    WAS_DOWN,
    WAS_LIST,
    WAS_SHUT,
    Place,
    filter_name,
    filter_path,
    inherited_name,
    pass_name,
    record_name,
    split_interface,
)
from drivers.juniper_junos.render import families, structure
from drivers.juniper_junos.route_filters import statement_name
from drivers.juniper_junos.setup import Setup
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Key, Rule

KEPT_UP = "it carries management: it is not shut down"
NO_EDGE = (
    "what no discard route of ours may hold needs a filter, and the inventory has no interface"
    " with something behind it: say what is behind its edge interfaces"
)
NO_NEIGHBOR = "this neighbor is not configured: correct its address in the inventory"
UNKNOWN = "it is not configured (or deactivated), so it is not shut down: correct its name"


@dataclass
class Shape:
    """The structure: as in `Box`, with the `records` that must stand.

    `problems`: by path what cannot be made so by us, and what to do about it.
    """

    items: dict[str, Lines] = field(default_factory=dict)
    places: dict[Place, Lines] = field(default_factory=dict)
    chains: dict[str, Lines] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)
    down: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shut:
    """What is to be down by us: `interfaces`, and BGP `sessions` by the neighbor's address."""

    interfaces: Collection[str] = ()
    sessions: Collection[str] = ()


def shape(
    setup: Setup, box: Box, lists: Mapping[str, Rule], members: Mapping[str, Ranges], shut: Shut
) -> Shape:
    """For the prefix-lists `lists` of rules with their `members`, and with what is `shut`."""
    found = Shape()
    rules = tuple(dict.fromkeys(lists.values()))
    _places(setup, box, families(setup, lists), found)
    _chains(box, [r for r in rules if r.by_route], found)
    _down(setup, box, shut.interfaces, found)
    _closed(box, shut.sessions, found)
    bound_now = {bound(line) for lines in found.places.values() for line in lines if " " in line}
    passes = [family for family in FAMILIES if pass_name(family) in bound_now]
    found.items = structure(setup, lists, members, passes)
    return found


def edge_places(setup: Setup, box: Box) -> Iterator[Place]:
    """Every place at the edge: families that a unit does not have see no traffic there."""
    stated = set(setup.named)
    for name in setup.edges:
        interface, unit = split_interface(name)
        units = [unit] if unit else box.units(interface)
        for each in units:
            # A unit that the inventory names by itself is judged by itself.
            if unit or f"{interface}.{each}" not in stated:
                for family in sorted(box.families.get((interface, each), ())):
                    yield from (Place(interface, each, family, d) for d in DIRECTIONS)


def _places(setup: Setup, box: Box, needed: frozenset[int], found: Shape) -> None:
    wanted = {place for place in edge_places(setup, box) if place.family in needed}
    mine = {p for p, lines in box.places.items() if any(ours(bound(ln)) for ln in _bound(lines))}
    for place in sorted(wanted | mine):
        lines = box.places.get(place, ())
        why = box.odd.get(place.path, "") or _unusable(setup, lines)
        if place in wanted:
            why = why or _elsewhere(box, place.stanza, "filters")
        if why:
            found.places[place] = lines
            if place in wanted:
                found.problems[place.path] = why
        else:
            found.places[place] = _lines(setup, box, place, place in wanted, found)
    if needed:
        if not setup.edges:
            found.problems["firewall"] = NO_EDGE
        found.problems |= dict(_absent(setup, box))
        found.problems |= dict(_beyond(setup, box, needed))


def _absent(setup: Setup, box: Box) -> Iterator[tuple[str, str]]:
    for name in setup.edges:
        interface, unit = split_interface(name)
        if not ((interface, unit) in box.families if unit else box.units(interface)):
            yield (
                f"interfaces {interface}" + (f" unit {unit}" if unit else ""),
                (
                    f"the inventory's interface {name} is not configured (or deactivated):"
                    " nothing can be filtered there; correct its name, or take it out"
                ),
            )


def _elsewhere(box: Box, path: str, what: str) -> str:
    where = source(box.given, path)
    return (
        f"{what} there come from `{where}` too, and ours would stand in their way or be joined"
        " to them: configure them there itself, and let that no longer reach it"
        if where
        else ""
    )


def _beyond(setup: Setup, box: Box, needed: frozenset[int]) -> Iterator[tuple[str, str]]:
    """What no filter of ours is bound to, or what would be added to ours, by inheritance."""
    for name in setup.edges:
        interface, unit = split_interface(name)
        units = {unit} if unit else {*box.units(interface), *_given_units(box, interface)}
        for each in sorted(units):
            there = box.families.get((interface, each), frozenset())
            for family in sorted(needed - there):
                path = f"interfaces {interface} unit {each} family {FAMILIES[family]}"
                where = source(box.given, path)
                if where:
                    yield path, f"it comes from `{where}`: configure it on the interface itself"
    for family in sorted(needed):
        for direction in DIRECTIONS:
            path = filter_path(family, filter_name(family, direction))
            where = source(box.given, path)
            if where:
                yield path, f"`{where}` adds to every filter, ours too: narrow its wildcard"


def _given_units(box: Box, interface: str) -> Iterator[str]:
    for one in box.given:
        if len(one.words) > 3 and one.reaches(f"interfaces {interface} unit"):
            yield from () if one.words[3].startswith("<") else (one.words[3],)


def _bound(lines: Lines) -> Lines:
    return tuple(line for line in lines if line != INACTIVE)


def _unusable(setup: Setup, lines: Lines) -> str:
    others = [line for line in _bound(lines) if not ours(bound(line))]
    if any(len(line.split(" ")) != 2 for line in others):
        return f"`{others[0]}` is bound in a way that cannot be put into a list: bind it plainly"
    forms = {line.split(" ")[0].partition("-")[2] for line in others} - {""}
    wrong = "list" if setup.chain else "chain"
    if wrong in forms:
        return (
            f"the operator's filters are bound as a {wrong} there: say `binding: {wrong}` in the"
            " device's options, or bind them the other way"
        )
    if len(others) >= MOST_FILTERS:
        return f"{MOST_FILTERS} filters are bound there, and Junos takes no more: merge two"
    return ""


def _lines(setup: Setup, box: Box, place: Place, wanted: bool, found: Shape) -> Lines:
    lines = _bound(box.places.get(place, ()))
    others = [line for line in lines if not ours(bound(line))]
    present = len(others) < len(lines)
    record = record_name(WAS_LIST, place.path)
    listed = [line.split(" ")[0] for line in others if "-" in line.split(" ")[0]]
    was_list = record in box.lists or (not present and len(listed) == 1)
    if wanted:
        keyword = f"{place.direction}-{'chain' if setup.chain else 'list'}"
        first = filter_name(place.family, place.direction)
        rest = [bound(line) for line in others]
        if not rest and not setup.chain:
            rest = [pass_name(place.family)]
        if was_list and len(others) == 1:
            found.records.add(record)
        return tuple(f"{keyword} {name}" for name in (first, *rest))
    if not present or was_list or len(others) != 1:
        return tuple(others)
    return (f"{place.direction} {bound(others[0])}",)


def _chains(box: Box, rules: list[Rule], found: Shape) -> None:
    wanted: dict[str, list[str]] = {}
    for rule in sorted(rules, key=lambda r: r.digest):
        way = "import" if rule.key is Key.RECEIVED else "export"
        paths = box.neighbors.get(rule.neighbor, ())
        if not paths:
            found.problems[f"protocols bgp neighbor {rule.neighbor}"] = NO_NEIGHBOR
        for path in paths:
            wanted.setdefault(f"{path} {way}", []).append(statement_name(rule))
    mine = {path for path, lines in box.chains.items() if any(map(ours, lines))}
    for path in sorted(wanted.keys() | mine):
        why = _unfit(box, path) if path in wanted else box.odd.get(path, "")
        if why:
            kept = wanted.get(path, ())
            there = box.chains.get(path, ())
            found.chains[path] = tuple(ln for ln in there if not ours(ln) or ln in kept)
            found.problems[path] = why
        else:
            _chain(box, path, wanted.get(path, []), found)


def _unfit(box: Box, path: str) -> str:
    """Why nothing can be put in front of the chain at `path`; "": it can."""
    for level in _levels(path):
        why = box.odd.get(level) or _elsewhere(box, level, "policies")
        if why:
            return why
    return ""


def _chain(box: Box, path: str, wanted: Sequence[str], found: Shape) -> None:
    """Ours in front of the neighbor's own chain; of an inherited one a copy, kept up to date.

    The record says what was copied: what differs from that, somebody wrote there by hand, and
    it is the neighbor's own from then on.
    """
    lines = tuple(line for line in box.chains.get(path, ()) if line != INACTIVE)
    own = tuple(line for line in lines if not ours(line))
    inherited = not own or inherited_name(path, own) in box.lists
    base = _inherited(box.chains, path) if inherited else own
    if wanted:
        found.chains[path] = (*wanted, *base)
        if inherited:
            found.records.add(inherited_name(path, base))
    else:
        found.chains[path] = () if inherited else own


def _levels(path: str) -> Iterator[str]:
    """`path` of a chain, and those that it inherits from: the nearest first."""
    words = path.split(" ")
    way, top = words[-1], words[:-1]
    while len(top) >= 2:
        yield " ".join((*top, way))
        top = top[:-2]


def _inherited(chains: Mapping[str, Lines], path: str) -> Lines:
    """What is in force at a neighbor that has no chain of its own: its group's, or BGP's."""
    _, *above = _levels(path)
    for level in above:
        lines = tuple(line for line in chains.get(level, ()) if line != INACTIVE)
        if lines:
            return lines
    return ()


def _down(setup: Setup, box: Box, shut: Collection[str], found: Shape) -> None:
    found.down = set(box.down)
    known = {*box.down, *known_interfaces(box)}
    names = {*setup.named, *shut, *known}
    for name in sorted(names):
        ours_down, was_down = record_name(DOWN, name), record_name(WAS_DOWN, name)
        if name not in shut:
            if ours_down in box.lists:
                found.down.discard(name)
        elif name in setup.kept_up:
            found.problems[f"interfaces {name}"] = KEPT_UP
        elif name not in known:
            found.problems[f"interfaces {name}"] = UNKNOWN
        elif name in box.down and ours_down not in box.lists:
            found.records.add(was_down)
        else:
            found.records.add(ours_down)
            found.down.add(name)


def _closed(box: Box, shut: Collection[str], found: Shape) -> None:
    """A neighbor is deactivated: that is there on every release, and keeps all it is told."""
    found.closed = set(box.closed)
    for address, paths in sorted(box.sessions.items()):
        for path in paths:
            ours_shut, was_shut = record_name(SHUT, path), record_name(WAS_SHUT, path)
            already = (path in box.closed or path in box.dormant) and ours_shut not in box.lists
            if address not in shut:
                if ours_shut in box.lists:
                    found.closed.discard(path)
            elif already:
                found.records.add(was_shut)
            else:
                found.records.add(ours_shut)
                found.closed.add(path)
    for address in sorted(set(shut) - box.sessions.keys()):
        found.problems[f"protocols bgp neighbor {address}"] = NO_NEIGHBOR


def known_interfaces(box: Box) -> Iterator[str]:
    """Every interface and unit that is configured."""
    for interface, unit in box.families:
        yield interface
        yield f"{interface}.{unit}"
