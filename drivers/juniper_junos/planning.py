# SPDX-License-Identifier: GPL-2.0-or-later
"""From a drift to commits. Pure.

The goal is the router as it was read, with the delta's members, and with those objects made right
that the drift's findings name, and what both rest on. Whatever else differs stays as it is: a
pause, the brake or a contest may have taken it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from drivers._router.target import held, target
from drivers.juniper_junos.finding import misplaced
from drivers.juniper_junos.holdings import in_list, texts_of
from drivers.juniper_junos.layout import Layout, box_of, kept_lists, layout
from drivers.juniper_junos.model import Box, Prefixes
from drivers.juniper_junos.names import (
    ROUTES,
    SENTINEL,
    Place,
    is_mark,
    list_path,
    mark_name,
)
from drivers.juniper_junos.setup import Setup
from enforcer.core.drift import Delta, Drift
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Owner

Name = TypeVar("Name", str, Place)
Value = TypeVar("Value")
_RECORD = frozenset({SENTINEL[4]})


def goal(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Box:
    """The router as it is to be after the plan."""
    box = box_of(actual)
    now, then = held(actual), target(actual, drift.delta)
    kept = kept_lists(setup, desired, box)
    was, after = layout(setup, box, now, kept), layout(setup, box, then, kept)
    named = frozenset(finding.what for finding in drift.findings)
    lists, inert = _lists(box, was, after, named)
    mark = _mark(setup, desired, drift, actual)
    if mark is not None:
        lists = {n: some for n, some in lists.items() if not is_mark(n)}
        lists[mark_name(mark)] = _RECORD
    paths = {place: place.path for place in {*after.shape.places, *box.places}}
    chains = {path: path for path in {*after.shape.chains, *box.chains}}
    items = {p: p for p in {*box.items, *was.shape.items, *after.shape.items}}
    return replace(
        box,
        items=_moved(box.items, was.shape.items, after.shape.items, items, named, None),
        places=_moved(box.places, was.shape.places, after.shape.places, paths, named, ()),
        chains=_moved(box.chains, was.shape.chains, after.shape.chains, chains, named, ()),
        lists=lists,
        inert=inert,
        routes=_routes(box, was, after, named),
        down=frozenset(after.shape.down),
        closed=frozenset(after.shape.closed),
    )


def _mark(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Owner | None:
    """The mark to write: it is missing or another's, or members are added."""
    if actual.owner != setup.owner:
        return desired.mark or setup.owner
    return desired.mark if adds(drift.delta) else None


def adds(delta: Delta) -> bool:
    """Whether members come."""
    return any(len(c.add) for c in delta.addresses.values()) or any(
        moved.add for moved in delta.interfaces.values()
    )


def _moved(
    there: Mapping[Name, Value],
    was: Mapping[Name, Value],
    after: Mapping[Name, Value],
    paths: Mapping[Name, str],
    named: frozenset[str],
    absent: Value | None,
) -> dict[Name, Value]:
    """`there`, with what differs between `was` and `after`, and what is `named`, as in `after`.

    What neither says anything about stands as it is, unless it is named and `absent` is None:
    then it goes.
    """
    found = dict(there)
    for key, path in sorted(paths.items()):
        if absent is not None and key not in after:
            continue
        if path in named or was.get(key, absent) != after.get(key, absent):
            value = after.get(key, absent)
            if value is None:
                found.pop(key, None)
            else:
                found[key] = value
    return found


def _lists(
    box: Box, was: Layout, after: Layout, named: frozenset[str]
) -> tuple[dict[str, Prefixes], dict[str, Prefixes]]:
    lists, inert = dict(box.lists), dict(box.inert)
    before = was.lists.keys() | was.shape.records
    for name in box.lists.keys() - after.lists.keys() - after.shape.records:
        if name in before or list_path(name) in named:
            lists.pop(name, None)
            inert.pop(name, None)
    for name in after.shape.records - box.lists.keys():
        if name not in before or list_path(name) in named:
            lists[name] = _RECORD
    for name, wanted in after.lists.items():
        repaired = list_path(name) in named
        if name not in box.lists and not repaired and name in before:
            continue
        same = name in was.lists and _same(was.lists[name], wanted)
        if repaired or ROUTES[after.rules[name].family] in named or not same or name not in lists:
            lists[name] = _members(box, after, name, wanted, repaired)
        inert[name] = frozenset() if repaired else box.inert.get(name, frozenset()) - lists[name]
    return lists, inert


def _members(box: Box, after: Layout, name: str, wanted: Ranges, repaired: bool) -> Prefixes:
    """The members of one prefix-list. Never none at all: a condition on an empty list may match
    everything."""
    rule = after.rules[name]
    sentinel = frozenset({SENTINEL[rule.family]})
    there = box.lists.get(name)
    if there is None or repaired:
        same = there is not None and _same(in_list(box, rule, name), wanted)
        kept = (there or frozenset()) - misplaced(rule, name, there or frozenset())
        return (kept if same else texts_of(wanted, rule.family)) | sentinel
    if _same(in_list(box, rule, name), wanted):
        return there
    strangers = misplaced(rule, name, there)
    found = texts_of(wanted, rule.family) | strangers | (there & sentinel)
    return found or sentinel


def _same(one: Ranges, other: Ranges) -> bool:
    return len(one) == len(other) and one.pairs() == other.pairs()


def _routes(box: Box, was: Layout, after: Layout, named: frozenset[str]) -> dict[int, Prefixes]:
    """Cut anew only where the addresses differ."""
    found = {}
    for family, wanted in after.routes.items():
        there = box.routes.get(family, frozenset())
        kept = was.routes.get(family) == wanted and ROUTES[family] not in named
        found[family] = there if kept else wanted
    return found


def spared(box: Box, then: Box) -> tuple[str, ...]:
    """The links of interfaces, and the neighbors, that go down on purpose: nobody misses those."""
    found = [path.split(" ")[-1] for path in sorted(then.closed - box.closed)]
    for name in sorted(then.down - box.down):
        for (interface, unit), networks in box.links.items():
            if name in (interface, f"{interface}.{unit}"):
                found += sorted(networks)
    return tuple(found)


def order_numbers(delta: Delta) -> tuple[int, ...]:
    """The orders that members are added for, in their own order."""
    numbers: set[int] = set()
    for change in delta.addresses.values():
        numbers.update(int(n) for n in change.add.order.tolist())
    for moved in delta.interfaces.values():
        numbers.update(member.order for member in moved.add)
    return tuple(sorted(n for n in numbers if n > 0))
