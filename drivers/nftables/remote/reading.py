# SPDX-License-Identifier: GPL-2.0-or-later
"""A listing as an actual state. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

import numpy as np

from drivers._router.known import KnownRules
from drivers.nftables.remote.model import Element, Listing, Span, is_astray, member_set
from drivers.nftables.remote.moves import interfaces_of, members_of
from enforcer.core.drift import Delta
from enforcer.core.intervals import Ranges, inside, match, union
from enforcer.core.orders import order_number
from enforcer.core.plan import Region
from enforcer.core.rules import Actual, InterfaceMember, Members, Rule
from enforcer.driver_api import Counted

Value = TypeVar("Value")


class ByRule(Mapping[Rule, Value]):
    """What sets hold, by rule: of those rules that are known by the time it is asked.

    A controller that begins anew reads before it knows what is desired.
    """

    def __init__(self, found: Mapping[str, Value], known: KnownRules) -> None:
        self._found = found
        self._known = known

    def __getitem__(self, rule: Rule) -> Value:
        return self._found[rule.digest]

    def __iter__(self) -> Iterator[Rule]:
        return (rule for d in self._found if (rule := self._known.named(d)) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def actual(device: str, listing: Listing, known: KnownRules, at: datetime) -> Actual:
    """What of `listing` are members of rules that are known; the rest is structure."""
    addresses: dict[str, dict[Span, int]] = {}
    names: dict[str, dict[str, int]] = {}
    for name, elements in listing.elements.items():
        named = member_set(name)
        for element in elements if named is not None else ():
            digest, order = named[1] if named is not None else "", _order(element.comment)
            if named is not None and is_astray(named[0], element):
                continue
            if isinstance(element.key, str):
                names.setdefault(digest, {})[element.key] = order
            else:
                addresses.setdefault(digest, {})[element.key] = order
    return Actual(
        device,
        at,
        listing.owner,
        ByRule({digest: members_of(rows) for digest, rows in addresses.items()}, known),
        ByRule({digest: interfaces_of(some) for digest, some in names.items()}, known),
        native=listing,
        token=listing.digest,
        hold=listing.hold,
    )


def _by_rule(listing: Listing, known: KnownRules) -> list[tuple[Rule, tuple[Element, ...]]]:
    found = []
    for name, elements in listing.elements.items():
        named = member_set(name)
        rule = known.named(named[1]) if named is not None else None
        if rule is not None:
            found.append((rule, elements))
    return found


def _order(comment: str) -> int:
    return order_number(comment) or -1


def part(whole: Actual, region: Region) -> Actual:
    """`whole` cut to the members of `region`."""
    delta = region.delta
    if delta is None:
        return whole
    return Actual(
        whole.device,
        whole.read_at,
        whole.owner,
        _touched(whole, delta),
        _named(whole, delta),
        whole.native,
        region=True,
        token=whole.token,
    )


def _touched(whole: Actual, delta: Delta) -> dict[Rule, Members]:
    found: dict[Rule, Members] = {}
    for rule, change in delta.addresses.items():
        rows = whole.addresses.get(rule)
        if rows is None:
            continue
        kept = np.zeros(len(rows), np.bool_)
        for asked in (change.add, change.remove):
            at = match(asked, rows)
            kept[at[at >= 0]] = True
        found[rule] = rows.take(kept)
    return found


def _named(whole: Actual, delta: Delta) -> dict[Rule, tuple[InterfaceMember, ...]]:
    found = {}
    for rule, moved in delta.interfaces.items():
        names = {m.name for m in (*moved.add, *moved.remove)}
        found[rule] = tuple(m for m in whole.interfaces.get(rule, ()) if m.name in names)
    return found


def counted(
    listing: Listing, known: KnownRules, wanted: Mapping[Rule, Ranges]
) -> dict[Rule, Counted]:
    """The sums over the members that overlap what is asked for."""
    sums: dict[Rule, Counted] = {}
    for rule, elements in _by_rule(listing, known):
        if rule not in wanted:
            continue
        chosen = [e for e in elements if rule.by_interface or _overlaps(e, wanted[rule])]
        before = sums.get(rule, Counted(0, 0))
        packets, octets = sum(e.packets for e in chosen), sum(e.octets for e in chosen)
        sums[rule] = Counted(before.packets + packets, before.octets + octets)
    return sums


def _overlaps(element: Element, region: Ranges) -> bool:
    if isinstance(element.key, str):
        return True
    return len(inside(Ranges.of([element.key]), union([region])).source) > 0
