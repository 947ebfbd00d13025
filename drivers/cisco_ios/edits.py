# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts to make true and facts to make false, as configuration lines in safe order. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from drivers._router.names import named_rule
from drivers.cisco_ios import objects
from drivers.cisco_ios.differences import acl_header
from drivers.cisco_ios.ground import Ground, Layout
from drivers.cisco_ios.listing import Listing
from drivers.cisco_ios.marks import digests
from drivers.cisco_ios.model import (
    Ace,
    Bind,
    Box,
    Closed,
    Down,
    Entry,
    Fact,
    Filter,
    Frame,
    Member,
    Note,
    Route,
    Stray,
)
from drivers.cisco_ios.render import Place
from drivers.cisco_ios.steps import Step, ordered
from enforcer.core.rules import Owner

RULE_LINES = 10_000
"""Most lines that one rule may take in one list."""


@dataclass(frozen=True)
class Edits:
    """Lines in order. `add`, `remove`: the facts that they make true and false. `blocked`: what
    cannot be done, and why. `refresh`: commands that make neighbors' routes be judged anew."""

    steps: tuple[Step, ...] = ()
    add: frozenset[Fact] = frozenset()
    remove: frozenset[Fact] = frozenset()
    blocked: Mapping[Fact, str] = field(default_factory=dict)
    refresh: tuple[str, ...] = ()
    mark: Owner | None = None


@dataclass(frozen=True)
class Work:
    """What is to be done on `box`. `orders`: by digest what a line's remark says of orders.

    `lists`: see `render.lists_of`.
    """

    box: Box
    layout: Layout
    ground: Ground
    add: frozenset[Fact]
    remove: frozenset[Fact]
    orders: Mapping[str, str] = field(default_factory=dict)
    mark: Owner | None = None
    lists: Mapping[tuple[int, str], Place] = field(default_factory=dict)


def edits(work: Work) -> Edits:
    """The lines for `work`."""
    box = work.box
    blocked = dict(_blocked(work))
    notes = {fact.group: why for fact, why in blocked.items() if isinstance(fact, Note)}
    blocked |= {f: notes[f.group] for f in work.add if isinstance(f, Member) and f.group in notes}
    unbound = {f[:3]: why for f, why in blocked.items() if isinstance(f, Filter)}
    entries = (f for f in work.add if isinstance(f, Entry))
    places = {f: work.lists.get((f.family, f.name)) for f in entries}
    blocked |= {f: unbound[p] for f, p in places.items() if p is not None and p in unbound}
    add = {fact for fact in work.add if fact not in blocked}
    listings = _listings(work, add)
    for listing in listings:
        blocked.update(listing.blocked)
    add -= blocked.keys()
    remove = work.remove
    stays = frozenset(f.interface for f in remove if isinstance(f, Note) and f.before)
    steps = [
        *(objects.mark(box, work.mark) if work.mark is not None else ()),
        *objects.periods(box.utc, add, remove),
        *objects.groups(box, add, remove),
        *objects.entries(box, add, remove),
        *objects.routes(add, remove),
        *(step for listing in listings for step in listing.steps),
        *objects.bindings(add, remove),
        *objects.shutdowns(box, add, remove, stays),
        *objects.filters(box.peers, add, remove),
    ]
    return Edits(
        tuple(ordered(steps)),
        frozenset(add),
        remove,
        blocked,
        tuple(_refreshes(box, add | remove)),
        work.mark,
    )


def _listings(work: Work, add: set[Fact]) -> list[Listing]:
    changes: dict[tuple[int, str], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for index, facts in enumerate((add, work.remove)):
        for fact in facts:
            if isinstance(fact, Ace | Frame | Stray):
                changes[fact.family, fact.acl][index].append(fact)
    found = []
    for (family, name), (new, gone) in sorted(changes.items()):
        listing = Listing(family, name, work.box.acls.get((family, name)), work.orders)
        listing.change(new, gone)
        found.append(listing)
    return found


def _refreshes(box: Box, changed: Iterable[Fact]) -> list[str]:
    users = {
        (family, name): (neighbor, direction)
        for (family, neighbor), peer in box.peers.items()
        for direction, name in peer.bound.items()
    }
    found = set()
    for fact in changed:
        if isinstance(fact, Filter):
            found.add(objects.refresh(fact.family, fact.neighbor, fact.direction))
        elif isinstance(fact, Entry) and (fact.family, fact.name) in users:
            found.add(objects.refresh(fact.family, *users[fact.family, fact.name]))
    return sorted(found)


def _blocked(work: Work) -> Iterable[tuple[Fact, str]]:
    """What cannot be made true there, whatever is free."""
    for fact in work.add:
        why = ""
        if isinstance(fact, Ace):
            unfit = work.ground.unfit.get((fact.family, fact.acl))
            why = f"{acl_header(fact.family, fact.acl)} {unfit}" if unfit else ""
        elif isinstance(fact, Closed):
            why = _never_closed(fact.neighbor, work.box)
        elif isinstance(fact, Down | Note):
            why = _never_shut(fact, work)
        elif isinstance(fact, Member) and not fact.text:
            why = "an empty group is none of ours"
        elif isinstance(fact, Filter):
            why = no_filter(fact, work.box)
        elif isinstance(fact, Route) and work.box.leaks:
            why = (
                f"`{work.box.leaks[0]}` has no route-map, so that a discard route would be told to"
                " others: give it a route-map that leaves out the tag of options.tag"
            )
        elif isinstance(fact, Bind) and fact.interface not in work.box.ports:
            why = f"there is no interface {fact.interface}"
        if why:
            yield fact, why
    yield from _too_many(work)


def _too_many(work: Work) -> Iterator[tuple[Fact, str]]:
    """Rules that would make a list longer than a router bears."""
    by_rule: dict[tuple[int, str, str], list[Ace]] = defaultdict(list)
    for fact in work.add:
        if isinstance(fact, Ace):
            by_rule[fact.family, fact.acl, fact.digest].append(fact)
    for (family, name, digest), some in by_rule.items():
        acl = work.box.acls.get((family, name))
        there = sum(digest in digests(line) for line in acl.lines) if acl else 0
        if len(some) + there > RULE_LINES:
            why = (
                f"{acl_header(family, name)} would get {len(some) + there} lines for one rule, and"
                f" at most {RULE_LINES} are written: block shorter prefixes, or except fewer"
            )
            yield from ((fact, why) for fact in some)


def _never_shut(fact: Down | Note, work: Work) -> str:
    named = named_rule(fact.group) if isinstance(fact, Note) else None
    if named is not None and named[1].startswith("S"):
        return _never_closed(fact.interface, work.box)
    return _never_down(fact.interface, work)


def _never_closed(neighbor: str, box: Box) -> str:
    if neighbor in box.sessions:
        return ""
    if neighbor in box.vrfs:
        return (
            f"neighbor {neighbor} is in the VRF {box.vrfs[neighbor]}, and sessions of VRFs are not"
            " shut down: do it by hand"
        )
    return f"there is no BGP neighbor {neighbor}: correct its address in the inventory"


def _never_down(interface: str, work: Work) -> str:
    if interface in work.layout.managed:
        return f"interface {interface} carries management and is never shut down"
    if interface not in work.box.ports:
        return f"there is no interface {interface}: correct its name in the inventory"
    return ""


def no_filter(fact: Filter, box: Box) -> str:
    """Why a neighbor's routes cannot be filtered by a list of ours; "" they can."""
    peer = box.peers.get((fact.family, fact.neighbor))
    vrf = box.vrfs.get(fact.neighbor)
    if vrf is not None:
        return (
            f"neighbor {fact.neighbor} is in the VRF {vrf}, and routes of VRFs are not filtered:"
            " filter them by hand"
        )
    if peer is None:
        return f"there is no BGP neighbor {fact.neighbor} of IPv{fact.family}"
    bound = peer.bound.get(fact.direction, "")
    if bound and not bound.startswith("ENF-"):
        return (
            f"neighbor {fact.neighbor} has the operator's prefix-list {bound} {fact.direction}:"
            " put its content into a route-map, so that the place is free"
        )
    taken = peer.taken.get(fact.direction, "")
    if taken:
        return (
            f"neighbor {fact.neighbor} has {taken}, which a prefix-list of ours would replace:"
            " put its content into a route-map and take the neighbor out of what it inherits from"
        )
    return ""
