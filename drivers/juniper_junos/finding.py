# SPDX-License-Identifier: GPL-2.0-or-later
"""How a router's structure differs from what its members need, in Junos's own words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from drivers._router.target import held
from drivers.juniper_junos.holdings import SHUT, ranges_of, whole
from drivers.juniper_junos.layout import Layout, box_of, kept_lists, layout
from drivers.juniper_junos.model import INACTIVE, Box, Lines, Prefixes
from drivers.juniper_junos.names import (
    ROUTES,
    SENTINEL,
    is_mark,
    list_path,
    owner_of,
)
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.shape import KEPT_UP, NO_NEIGHBOR, UNKNOWN, Shape, known_interfaces
from enforcer.core.drift import Finding, FindingKind
from enforcer.core.intervals import outside
from enforcer.core.rules import Actual, Desired, Owner, Rule
from enforcer.core.sessions import CLOSED

_SHOWN = 3
MARK = "policy-options prefix-list ENF-OWNER, the mark"


def owner(box: Box, ours: str) -> Owner | None:
    """Whose mark is there; of several, one of another controller than `ours` first."""
    marks = [found for name in sorted(box.lists) if (found := owner_of(name)) is not None]
    marks.sort(key=lambda m: (m.controller == ours, -m.epoch, -m.position))
    return marks[0] if marks else None


def findings(setup: Setup, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
    """Structural differences that are not merely members missing or extra."""
    box = box_of(actual)
    right = layout(setup, box, held(actual), kept_lists(setup, desired, box))
    told = [*_items(box, right.shape), *_lists(box, right), *_attached(box, right.shape)]
    told += _routes(box, right)
    asked = {member.name for member in desired.interfaces.get(SHUT, ())}
    known = box.down.union(known_interfaces(box))
    told += [
        Finding(FindingKind.MISSING, f"interfaces {name}: {why}")
        for name in sorted(asked)
        if (why := KEPT_UP if name in setup.kept_up else "" if name in known else UNKNOWN)
    ]
    sessions = {member.name for member in desired.interfaces.get(CLOSED, ())}
    told += [
        Finding(FindingKind.MISSING, f"protocols bgp neighbor {address}: {NO_NEIGHBOR}")
        for address in sorted(sessions - box.sessions.keys())
    ]
    was = actual.owner
    if was != setup.owner:
        said = f"{was.controller} epoch {was.epoch}" if was is not None else ""
        told.append(Finding(FindingKind.ALTERED if was else FindingKind.MISSING, MARK, said))
    return tuple(dict.fromkeys(told))


def _items(box: Box, right: Shape) -> Iterator[Finding]:
    for path in sorted(box.items.keys() | right.items.keys()):
        there, wanted = box.items.get(path), right.items.get(path)
        if there == wanted:
            continue
        if there is None:
            yield Finding(FindingKind.MISSING, path)
        elif INACTIVE in there:
            yield Finding(FindingKind.ALTERED, path, "deactivated")
        elif wanted is None:
            yield Finding(FindingKind.EXTRA, path, "; ".join(there))
        else:
            yield Finding(FindingKind.ALTERED, path, _moved(there, wanted))


def _moved(there: Lines, wanted: Lines) -> str:
    more, less = (sorted(set(a) - set(b)) for a, b in ((there, wanted), (wanted, there)))
    said = [f"with {'; '.join(more[:_SHOWN])}"] if more else []
    said += [f"without {'; '.join(less[:_SHOWN])}"] if less else []
    return ", ".join(said) or "in another order"


def _lists(box: Box, right: Layout) -> Iterator[Finding]:
    readable = [name for name in sorted(box.lists) if owner_of(name) is not None]
    wanted = right.lists.keys() | right.shape.records
    for name in sorted(box.lists.keys() - wanted - set(readable[:1])):
        said = "a second mark" if is_mark(name) else ""
        yield Finding(FindingKind.EXTRA, list_path(name), said)
    for name in sorted(wanted - box.lists.keys()):
        yield Finding(FindingKind.MISSING, list_path(name))
    for name in sorted(right.lists.keys() & box.lists.keys()):
        why = unsound(box, right.rules[name], name)
        if why and list_path(name) not in box.items:
            yield Finding(FindingKind.ALTERED, list_path(name), why)


def unsound(box: Box, rule: Rule, name: str) -> str:
    """What is wrong with a prefix-list of ours beside its members; "": nothing."""
    there = box.lists[name]
    said = []
    if SENTINEL[rule.family] not in there:
        said.append(f"without {SENTINEL[rule.family]}, which keeps it from being empty")
    strangers = misplaced(rule, name, there)
    if strangers:
        said.append(f"with {', '.join(sorted(strangers)[:3])}, which does not belong there")
    asleep = box.inert.get(name)
    if asleep:
        said.append(f"{', '.join(sorted(asleep)[:3])} deactivated")
    return "; ".join(said)


def misplaced(rule: Rule, name: str, texts: Prefixes) -> Prefixes:
    """Those of the members that do not belong into this prefix-list."""
    other = frozenset(t for t in texts if ip_network(t).version != rule.family)
    within = whole(rule, name)
    if within is None:
        return other
    rest = texts - other - {SENTINEL[rule.family]}
    wrong = outside(ranges_of(rest, rule.family), within).ranges
    if not len(wrong):
        return other
    return other | {t for t in rest if len(outside(ranges_of([t], rule.family), within).ranges)}


def _attached(box: Box, right: Shape) -> Iterator[Finding]:
    for place, wanted in right.places.items():
        there = box.places.get(place, ())
        if there != wanted:
            yield Finding(FindingKind.ALTERED, place.path, _instead(there, wanted))
    for path, wanted in right.chains.items():
        there = box.chains.get(path, ())
        if there != wanted:
            yield Finding(FindingKind.ALTERED, path, _instead(there, wanted))
    for path, why in right.problems.items():
        yield Finding(FindingKind.MISSING, f"{path}: {why}")


def _routes(box: Box, right: Layout) -> Iterator[Finding]:
    for family, wanted in right.routes.items():
        there = box.routes.get(family, frozenset())
        if there != wanted:
            one, other = ranges_of(there, family), ranges_of(wanted, family)
            if one.pairs() != other.pairs():
                said = "not the addresses that are to be discarded by a route of ours"
                yield Finding(FindingKind.ALTERED, ROUTES[family], said)


def _instead(there: Lines, wanted: Lines) -> str:
    is_now = ", ".join(line for line in there if line != INACTIVE) or "nothing"
    asleep = " (deactivated)" if INACTIVE in there else ""
    return f"is {is_now}{asleep}; must be {', '.join(wanted) or 'nothing'}"
