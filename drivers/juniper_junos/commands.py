# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that lead from one state of a router to another. Pure.

A commit is one transaction, so the sequence within it means nothing to traffic; it is what a
person would type. Where a change needs several commits, what is new comes in the first, members
come before others go, and what is no longer needed goes in the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.juniper_junos.model import INACTIVE, NOT_LAST, Box, Lines, Prefixes, bound, ours
from drivers.juniper_junos.names import (
    DIRECTIONS,
    RIB6,
    ROUTES,
    SENTINEL,
    Place,
    disable_path,
    list_path,
)
from drivers.juniper_junos.route_filters import FILTER
from drivers.juniper_junos.values import protocol_text

_PROTOCOLS = ("protocol", "next-header", "payload-protocol")
_SENTINELS = frozenset(SENTINEL.values())


@dataclass(frozen=True, slots=True)
class MemberEdit:
    """One member of a prefix-list (`where` its name) or one discard route (`where` a family).

    Or one prefix of a policy (`where` ""), which goes with a member of a prefix-list.
    """

    where: str | int
    prefix: str
    lines: Lines


@dataclass
class Edits:
    """`build`: structure that comes or changes. `add`, `remove`: members. `drop`: what goes."""

    build: list[str] = field(default_factory=list)
    add: list[MemberEdit] = field(default_factory=list)
    remove: list[MemberEdit] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All commands."""
        yield from self.build
        for member in (*self.add, *self.remove):
            yield from member.lines
        yield from self.drop


def edits(found: Box, goal: Box, tag: int) -> Edits:
    """How to make `goal` of `found`; `tag`: the one of our discard routes."""
    made = Edits()
    # Unbinding comes first among what goes: nothing that is bound may be deleted.
    _places(found, goal, made)
    _chains(found, goal, made)
    binding, made.build = made.build, []
    for name in sorted(found.lists.keys() | goal.lists.keys()):
        _list(found, goal, name, made)
    _items(found, goal, made)
    _routes(found, goal, tag, made)
    made.build += binding
    for name in sorted(goal.down - found.down):
        made.build.append(f"set {disable_path(name)}")
    made.build += [f"deactivate {path}" for path in sorted(goal.closed - found.closed)]
    for name in sorted(found.down - goal.down):
        made.drop.append(f"delete {disable_path(name)}")
    made.drop += [f"activate {path}" for path in sorted(found.closed - goal.closed)]
    made.drop.sort(key=_last)
    return made


def _last(line: str) -> int:
    """What is referred to goes after what refers to it."""
    return 2 if " prefix-list " in line else 1 if line.startswith("delete firewall ") else 0


def _list(found: Box, goal: Box, name: str, made: Edits) -> None:
    path = list_path(name)
    there, wanted = found.lists.get(name), goal.lists.get(name)
    if wanted is None:
        made.drop.append(f"delete {path}")
        return
    asleep = found.inert.get(name, frozenset()) - goal.inert.get(name, frozenset())
    if path in found.items and path not in goal.items:
        made.build.append(f"delete {path}")
        there, asleep = None, frozenset()
    made.build += [f"delete {path} {prefix}" for prefix in sorted(asleep)]
    held = there if there is not None else frozenset()
    for prefix in sorted((wanted - held) & _SENTINELS):
        made.build.append(f"set {path} {prefix}")
    if there is None and not wanted:
        made.build.append(f"set {path}")
    made.add += [MemberEdit(name, p, (f"set {path} {p}",)) for p in _new(wanted, held)]
    slept = sorted(goal.inert.get(name, frozenset()) - found.inert.get(name, frozenset()))
    made.build += [f"{verb} {path} {p}" for p in slept for verb in ("set", "deactivate")]
    gone = sorted(held - wanted - frozenset(slept))
    made.remove += [MemberEdit(name, p, (f"delete {path} {p}",)) for p in gone]


def _new(wanted: Prefixes, held: Prefixes) -> list[str]:
    return sorted((wanted - held) - _SENTINELS)


def _items(found: Box, goal: Box, made: Edits) -> None:
    gone = [path for path in found.items if path not in goal.items]
    altered = [p for p, ls in found.items.items() if p in goal.items and goal.items[p] != ls]
    reborn: list[str] = []
    refiltered = {p for p in altered if _refilter(p, found.items[p], goal.items[p], made)}
    for path in sorted(set(altered) - refiltered):
        if not _below(path, reborn):
            made.build.append(f"delete {path}")
            reborn.append(path)
    dropped: list[str] = []
    for path in sorted(gone):
        lists = path.startswith("policy-options prefix-list ") and path.count(" ") == 2
        if not lists and not _below(path, [*dropped, *reborn]) and not _rerouted(path, goal):
            made.drop.append(f"delete {path}")
            dropped.append(path)
    last = _last_terms(found, goal)
    made.build += [f"delete {path}" for path in last if not _below(path, reborn)]
    new = [p for p in goal.items if p not in found.items or _below(p, reborn) or p in last]
    for path in sorted(new, key=lambda p: (p in last, " term ENF-PASS" in p, p)):
        lines = [line for line in goal.items[path] if line not in (INACTIVE, NOT_LAST)]
        made.build += [f"set {path} {shown(line)}" for line in lines]
        made.build += [f"deactivate {path}"] if INACTIVE in goal.items[path] else []


def _refilter(path: str, there: Lines, wanted: Lines, made: Edits) -> bool:
    """Whether a policy differs by prefixes alone, which then come and go one by one.

    Some stay all the time: a term without a condition would drop every route.
    """
    came, gone = (set(a) - set(b) for a, b in ((wanted, there), (there, wanted)))
    stay = any(line.startswith(FILTER) for line in set(there) & set(wanted))
    if not stay or not all(line.startswith(FILTER) for line in came | gone):
        return False
    made.add += [MemberEdit("", line, (f"set {path} {line}",)) for line in sorted(came)]
    made.remove += [MemberEdit("", line, (f"delete {path} {line}",)) for line in sorted(gone)]
    return True


def _last_terms(found: Box, goal: Box) -> list[str]:
    """Accepting terms of chained filters, where terms come: they must be behind those."""
    changed = {p.partition(" term ")[0] for p in goal.items if p not in found.items}
    return [
        path
        for path, lines in goal.items.items()
        if lines == ("then accept",)
        and found.items.get(path) == lines
        and path.partition(" term ")[0] in changed
    ]


def _rerouted(path: str, goal: Box) -> bool:
    """Whether it is a discard route that is made anew (see `_routes`)."""
    prefix = path.rpartition(" ")[2]
    return any(path == f"{top} {prefix}" and prefix in goal.routes[f] for f, top in ROUTES.items())


def _below(path: str, tops: list[str]) -> bool:
    return any(path == top or path.startswith(f"{top} ") for top in tops)


def _routes(found: Box, goal: Box, tag: int, made: Edits) -> None:
    for family, top in ROUTES.items():
        there = found.routes.get(family, frozenset())
        wanted = goal.routes.get(family, frozenset())
        for prefix in sorted(wanted - there):
            path = f"{top} {prefix}"
            anew = (f"delete {path}",) if path in found.items else ()
            lines = (*anew, f"set {path} discard", f"set {path} tag {tag}")
            made.add.append(MemberEdit(family, prefix, lines))
        for prefix in sorted(there - wanted):
            made.remove.append(MemberEdit(family, prefix, (f"delete {top} {prefix}",)))
    others = found.taken.get(6) or RIB6 in found.crowded
    if found.routes.get(6) and not goal.routes.get(6) and not others:
        made.drop.append(f"delete {RIB6}")


def _places(found: Box, goal: Box, made: Edits) -> None:
    changed = [
        place
        for place in sorted(found.places.keys() | goal.places.keys())
        if found.places.get(place, ()) != goal.places.get(place, ())
    ]
    for stanza in dict.fromkeys(place.stanza for place in changed):
        here = [place for place in changed if place.stanza == stanza]
        both = [here[0]._replace(direction=d) for d in DIRECTIONS]
        empty = not any(goal.places.get(place) for place in both)
        if empty and stanza not in found.crowded:
            made.drop.append(f"delete {stanza}")
            continue
        for place in here:
            _place(place, found.places.get(place, ()), goal.places.get(place, ()), made)


def _place(place: Place, there: Lines, wanted: Lines, made: Edits) -> None:
    kept = [line for line in there if line != INACTIVE]
    keywords = dict.fromkeys(line.split(" ")[0] for line in kept)
    lines = [f"delete {place.stanza} {keyword}" for keyword in keywords]
    lines += [f"set {place.stanza} {line}" for line in wanted if line != INACTIVE]
    mine = any(ours(bound(line)) for line in wanted if line != INACTIVE)
    (made.build if mine else made.drop).extend(lines)


def _chains(found: Box, goal: Box, made: Edits) -> None:
    for path in sorted(found.chains.keys() | goal.chains.keys()):
        there, wanted = found.chains.get(path, ()), goal.chains.get(path, ())
        if there == wanted:
            continue
        lines = [f"delete {path}"] if there else []
        lines += [f"set {path} {line}" for line in wanted if line != INACTIVE]
        (made.build if any(map(ours, wanted)) else made.drop).extend(lines)


def shown(line: str) -> str:
    """A line of an item as we write it: protocols by name."""
    words = line.split(" ")
    named = words[1:2] and words[1].removesuffix("-except") in _PROTOCOLS
    if named and len(words) == 3 and words[2].isdecimal():
        words[2] = protocol_text(int(words[2]))
    return " ".join(words)
