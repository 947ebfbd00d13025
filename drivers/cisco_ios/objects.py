# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines that make groups, prefix-lists, routes and interfaces hold exactly our facts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from drivers._router.names import OWNER
from drivers.cisco_ios.differences import bind_line, list_header, route_line
from drivers.cisco_ios.identify import BEFORE, FIRST
from drivers.cisco_ios.marks import owner_text
from drivers.cisco_ios.model import (
    Bind,
    Box,
    Closed,
    Down,
    Entry,
    Fact,
    Filter,
    Group,
    Member,
    Note,
    Peer,
    Period,
    Route,
)
from drivers.cisco_ios.route_lists import list_last, normal
from drivers.cisco_ios.said import SENTINEL
from drivers.cisco_ios.steps import Sections, Stage, Step, Where
from enforcer.core.rules import Owner

LAST_ENTRY = 4_294_967_294
"""The highest sequence number of a prefix-list."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


def mark(box: Box, owner: Owner) -> Iterator[Step]:
    """The mark, new or renewed."""
    header: Sections = (f"object-group network {OWNER}",)
    old = box.groups.get(OWNER)
    back: tuple[Where, ...] = (((), f"no {header[0]}"),)
    if old is not None:
        before = f"description {old.description}" if old.description else "no description"
        back = ((header, before),)
    yield Step(Stage.MARK, header, f"description {owner_text(owner)}", back)
    if old is None or SENTINEL not in old.members:
        yield Step(Stage.MARK, header, SENTINEL, ())


# -- groups ----------------------------------------------------------------------------------


def groups(box: Box, add: Iterable[Fact], remove: Iterable[Fact]) -> Iterator[Step]:
    """Members of groups, and what is noted in them."""
    adds, removes = _by_group(add), _by_group(remove)
    for name in sorted({*adds, *removes}):
        old = box.groups.get(name)
        new, gone = adds.get(name, []), removes.get(name, [])
        if old is not None and not new and len(gone) >= _size(old):
            yield _without(old)
        else:
            yield from _changed(name, old, new, gone)


def _by_group(facts: Iterable[Fact]) -> dict[str, list[Member | Note]]:
    found: dict[str, list[Member | Note]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Member | Note):
            found[fact.group].append(fact)
    # The sentinel comes first: a group is never empty, not even for a line.
    for some in found.values():
        some.sort(key=lambda f: (isinstance(f, Member), f[1] != SENTINEL, _numeric(f)))
    return found


def _numeric(fact: Member | Note) -> tuple[int, ...]:
    if isinstance(fact, Note):
        return ()
    words = [w for w in fact.text.replace(".", " ").replace("/", " ").split() if w.isdecimal()]
    return tuple(map(int, words))


def _size(group: Group) -> int:
    return max(len(group.members), 1) + bool(group.description)


def _without(group: Group) -> Step:
    header: Sections = (f"object-group network {group.name}",)
    described = (f"description {group.description}",) if group.description else ()
    back = tuple((header, line) for line in (*described, *group.members))
    return Step(Stage.UNGROUP, (), f"no {header[0]}", back)


def _changed(
    name: str, old: Group | None, new: list[Member | Note], gone: list[Member | Note]
) -> Iterator[Step]:
    header: Sections = (f"object-group network {name}",)
    whole: tuple[Where, ...] = (((), f"no {header[0]}"),)
    for at, fact in enumerate(new):
        line = _line(fact)
        back: tuple[Where, ...] = ((header, f"no {line}"),)
        if old is None:
            back = whole if at == 0 else ()
        elif isinstance(fact, Note):
            back = ((header, f"description {old.description}"),) if old.description else ()
        yield Step(Stage.GROUP, header, line, back)
    noted = any(isinstance(fact, Note) for fact in new)
    for fact in gone:
        line = _line(fact)
        if (isinstance(fact, Note) and noted) or not line:
            continue
        yield Step(Stage.SHRINK, header, f"no {line}", ((header, line),))


def _line(fact: Member | Note) -> str:
    if isinstance(fact, Member):
        return fact.text
    return f"description {fact.interface}{BEFORE if fact.before else ''}"


# -- prefix-lists, routes, bindings ------------------------------------------------------------


def entries(box: Box, add: Iterable[Fact], remove: Iterable[Fact]) -> Iterator[Step]:
    """Entries of prefix-lists."""
    adds, removes = _by_list(add), _by_list(remove)
    for place in sorted({*adds, *removes}):
        rows, gone = box.lists.get(place, {}), removes.get(place, [])
        header = list_header(*place)
        if len(gone) > WHOLE and place not in adds and len(gone) == len(rows):
            back = tuple(((), f"{header} seq {n} {rows[n]}") for n in sorted(rows, reverse=True))
            yield Step(Stage.UNRECORD, (), f"no {header}", back)
            continue
        yield from _new_entries(header, rows, adds.get(place, []))
        yield from _gone_entries(header, rows, gone)


WHOLE = 50
"""A list of more entries is taken away by one line once all of them go."""


def _by_list(facts: Iterable[Fact]) -> dict[tuple[int, str], list[Entry]]:
    found: dict[tuple[int, str], list[Entry]] = defaultdict(list)
    for fact in sorted((f for f in facts if isinstance(f, Entry)), key=_last_first):
        found[fact.family, fact.name].append(fact)
    return found


def _new_entries(header: str, rows: Mapping[int, str], added: list[Entry]) -> Iterator[Step]:
    free = (max((n for n in rows if n < LAST_ENTRY), default=0) // 5 + 1) * 5
    for fact in added:
        number = LAST_ENTRY
        if fact.text != list_last(fact.family):
            number, free = free, free + 5
        line = f"{header} seq {number} {fact.text}"
        yield Step(Stage.RECORD, (), line, (((), f"no {line}"),))


def _gone_entries(header: str, rows: Mapping[int, str], gone: list[Entry]) -> Iterator[Step]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, shown in rows.items():
        numbers[normal(shown)].append(number)
    last = max(rows, default=0)
    for fact in sorted(gone):
        text = fact.text.removeprefix(FIRST)
        misplaced = text != fact.text
        for number in numbers[text]:
            if not misplaced or number != last:
                line = f"{header} seq {number} {rows[number]}"
                stage = Stage.RECORD if misplaced else Stage.UNRECORD
                yield Step(stage, (), f"no {line}", (((), line),))


def _last_first(fact: Entry) -> tuple[bool, Entry]:
    return fact.text != list_last(fact.family), fact


def routes(add: Iterable[Fact], remove: Iterable[Fact]) -> Iterator[Step]:
    """Discard routes."""
    for fact in sorted(f for f in add if isinstance(f, Route)):
        line = route_line(fact)
        yield Step(Stage.ROUTE, (), line, (((), f"no {line}"),))
    for fact in sorted(f for f in remove if isinstance(f, Route)):
        line = route_line(fact)
        yield Step(Stage.UNROUTE, (), f"no {line}", (((), line),))


def bindings(add: Iterable[Fact], remove: Iterable[Fact]) -> Iterator[Step]:
    """Lists bound to interfaces, and interfaces that are down."""
    for stage, some, (do, undo) in (
        (Stage.BIND, add, ("", "no ")),
        (Stage.UNBIND, remove, ("no ", "")),
    ):
        for fact in sorted(f for f in some if isinstance(f, Bind)):
            line = bind_line(fact)
            where: Sections = (f"interface {fact.interface}",)
            back = ((where, undo + line),)
            yield Step(stage, where, do + line, back, structural=True)


def shutdowns(
    box: Box, add: Iterable[Fact], remove: Iterable[Fact], stays: frozenset[str]
) -> Iterator[Step]:
    """Interfaces and BGP sessions that go down and come up; those in `stays` were down before."""
    down = {name for name, port in box.ports.items() if port.shutdown}
    down |= {address for address, shut in box.sessions.items() if shut}
    for stage, some, words in (
        (Stage.SHUT, add, ("shutdown", "no shutdown")),
        (Stage.UNSHUT, remove, ("no shutdown", "shutdown")),
    ):
        for fact in sorted(f for f in some if isinstance(f, Down)):
            where: Sections = (f"interface {fact.interface}",)
            if fact.interface not in (down if stage is Stage.SHUT else stays):
                yield Step(stage, where, words[0], ((where, words[1]),), structural=True)
        for closed in sorted(f for f in some if isinstance(f, Closed)):
            at: Sections = (box.speaker,)
            do, undo = (_session_line(closed.neighbor, word) for word in words)
            if closed.neighbor not in (down if stage is Stage.SHUT else stays):
                yield Step(stage, at, do, ((at, undo),), structural=True)


def _session_line(neighbor: str, word: str) -> str:
    no = "no " if word.startswith("no ") else ""
    return f"{no}neighbor {neighbor} shutdown"


def filters(
    peers: Mapping[tuple[int, str], Peer], add: Iterable[Fact], remove: Iterable[Fact]
) -> Iterator[Step]:
    """Prefix-lists bound to BGP neighbors, and the refresh that makes them count."""
    gone = {f[:3]: f for f in remove if isinstance(f, Filter)}
    come = {f[:3]: f for f in add if isinstance(f, Filter)}
    for place, fact in sorted(come.items()):
        where = peers[fact.family, fact.neighbor].section
        line = _filter_line(fact)
        # A second list takes the place of the first, with no moment between them.
        back = _filter_line(gone[place]) if place in gone else f"no {line}"
        yield Step(Stage.FILTER, where, line, ((where, back),), structural=True)
    for place, fact in sorted(gone.items()):
        if place not in come:
            where = peers[fact.family, fact.neighbor].section
            line = _filter_line(fact)
            yield Step(Stage.UNFILTER, where, f"no {line}", ((where, line),), structural=True)


def _filter_line(fact: Filter) -> str:
    return f"neighbor {fact.neighbor} prefix-list {fact.name} {fact.direction}"


def refresh(family: int, neighbor: str, direction: str) -> str:
    """The command that judges a neighbor's routes anew (RFC 2918)."""
    words = f"ip bgp {neighbor}" if family == 4 else f"bgp ipv6 unicast {neighbor}"
    return f"do clear {words} soft {direction}"


def periods(utc: int | None, add: Iterable[Fact], remove: Iterable[Fact]) -> Iterator[Step]:
    """Time-ranges; their ends are in the box's own time, `utc` minutes ahead."""
    for fact in sorted(f for f in add if isinstance(f, Period)):
        header: Sections = (f"time-range {fact.name}",)
        yield Step(Stage.PERIOD, header, _ends(fact, utc), (((), f"no {header[0]}"),))
    for fact in sorted(f for f in remove if isinstance(f, Period)):
        header = (f"time-range {fact.name}",)
        yield Step(Stage.UNPERIOD, (), f"no {header[0]}", ((header, _ends(fact, utc)),))


def _ends(fact: Period, utc: int | None) -> str:
    end = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=fact.end + (utc or 0))
    return f"absolute end {end:%H:%M} {end.day:02} {_MONTHS[end.month - 1]} {end.year}"
