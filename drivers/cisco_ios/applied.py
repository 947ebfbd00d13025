# SPDX-License-Identifier: GPL-2.0-or-later
"""A box on which some facts more are true. Pure; for states that nobody read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from drivers.cisco_ios.differences import sort_key
from drivers.cisco_ios.identify import BEFORE
from drivers.cisco_ios.marks import remark
from drivers.cisco_ios.model import (
    OWN_ACL,
    Ace,
    Acl,
    Bind,
    Box,
    Closed,
    Down,
    Entry,
    Fact,
    Filter,
    Frame,
    Group,
    Line,
    Member,
    Note,
    Period,
    Route,
)
from drivers.cisco_ios.objects import LAST_ENTRY
from drivers.cisco_ios.route_lists import list_last
from drivers.cisco_ios.said import LAST
from drivers.cisco_ios.slots import LAST_NUMBER, STEP


def applied(box: Box, facts: Iterable[Fact]) -> Box:
    """`box`, on which nothing of ours but the mark is, with `facts`."""
    known = sorted(facts, key=sort_key)
    ports, peers, sessions = dict(box.ports), dict(box.peers), dict(box.sessions)
    for fact in known:
        if isinstance(fact, Bind) and fact.interface in ports:
            bound = {**ports[fact.interface].bound, (fact.family, fact.direction): fact.acl}
            ports[fact.interface] = replace(ports[fact.interface], bound=bound)
        elif isinstance(fact, Down) and fact.interface in ports:
            ports[fact.interface] = replace(ports[fact.interface], shutdown=True)
        elif isinstance(fact, Closed):
            sessions[fact.neighbor] = True
        elif isinstance(fact, Filter) and (fact.family, fact.neighbor) in peers:
            peer = peers[fact.family, fact.neighbor]
            bound_to = {**peer.bound, fact.direction: fact.name}
            peers[fact.family, fact.neighbor] = replace(peer, bound=bound_to)
    return replace(
        box,
        groups={**box.groups, **_groups(known)},
        acls={**box.acls, **_acls(known)},
        ports=ports,
        lists={**box.lists, **_lists(known)},
        routes=box.routes | {f for f in known if isinstance(f, Route)},
        periods={**box.periods, **{f.name: f.end for f in known if isinstance(f, Period)}},
        peers=peers,
        sessions=sessions,
    )


def _groups(facts: list[Fact]) -> dict[str, Group]:
    members: dict[str, list[str]] = defaultdict(list)
    notes: dict[str, str] = {}
    for fact in facts:
        if isinstance(fact, Member):
            members[fact.group].append(fact.text)
        elif isinstance(fact, Note):
            notes[fact.group] = fact.interface + (BEFORE if fact.before else "")
    return {n: Group(n, tuple(some), notes.get(n, "")) for n, some in members.items()}


def _acls(facts: list[Fact]) -> dict[tuple[int, str], Acl]:
    remarks: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    frames: dict[tuple[int, str], list[str]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, Ace):
            remarks[fact.family, fact.acl, fact.text].append(remark(fact.digest, ""))
        elif isinstance(fact, Frame):
            frames[fact.family, fact.acl].append(fact.text)
    found = {}
    for family, name in {*frames, *((f, n) for f, n, _ in remarks)}:
        lines = [
            Line(at, text, text)
            for at, text in enumerate(frames[family, name], 1)
            if text != LAST[family]
        ]
        denies = [
            (text, some) for (f, n, text), some in remarks.items() if (f, n) == (family, name)
        ]
        lines += [
            Line(at * STEP, text, text, tuple(some)) for at, (text, some) in enumerate(denies, 1)
        ]
        if name == OWN_ACL[family]:
            lines.append(Line(LAST_NUMBER, LAST[family], LAST[family]))
        kind = "extended" if family == 4 else "ipv6"
        found[family, name] = Acl(family, name, kind, tuple(lines))
    return found


def _lists(facts: list[Fact]) -> dict[tuple[int, str], dict[int, str]]:
    found: dict[tuple[int, str], dict[int, str]] = defaultdict(dict)
    for fact in facts:
        if isinstance(fact, Entry):
            rows = found[fact.family, fact.name]
            last = fact.text == list_last(fact.family)
            rows[LAST_ENTRY if last else (len(rows) + 1) * 5] = fact.text
    return dict(found)
