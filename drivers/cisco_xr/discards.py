# SPDX-License-Identifier: GPL-2.0-or-later
"""Which plain blocks are discard routes, and which go through lists. Pure.

A route of ours never stands at a prefix of the operator's own static routes: it would take the
place of his, or share its traffic. Nor around one of his, whose packets would still pass.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from ipaddress import ip_network

from drivers._router.target import Target
from drivers.cisco_xr.model import Box, Setup
from drivers.cisco_xr.names import plain_rules
from drivers.cisco_xr.places import places
from enforcer.core.intervals import Ranges, ends_of, intersect, merge, outside
from enforcer.core.rules import Rule


@dataclass(frozen=True)
class Split:
    """`routes`: by family. `filtered`: what lists hold. `kept_back`: what is refused, by family."""

    routes: dict[int, Ranges]
    filtered: dict[Rule, Ranges]
    kept_back: dict[int, Ranges]


def loose_everywhere(setup: Setup, box: Box, family: int) -> bool:
    """Whether a discard route drops by source at every edge: inventory and box say so."""
    ports = [box.ports[name] for name in places(setup, box)]
    return setup.loose and bool(ports) and all(family in port.loose for port in ports)


def loose_somewhere(setup: Setup, box: Box, family: int) -> bool:
    """Whether a discard route may drop by source at all."""
    return setup.loose or any(family in port.loose for port in box.ports.values())


def split(setup: Setup, target: Target, box: Box) -> Split:
    """Where uRPF is loose a route drops both ways, so that only what is blocked both ways has one.

    Where every static route is redistributed no new one of ours is made.
    """
    made = Split({}, {r: rows for r, rows in target.addresses.items() if not r.by_route}, {})
    for family in (4, 6) if setup.rtbh else ():
        destination, source = plain_rules(family)
        routed = made.filtered.get(destination, Ranges.none())
        if loose_somewhere(setup, box, family) and len(routed):
            routed = intersect(routed, made.filtered.get(source, Ranges.none()))
        foreign = _foreign(routed, box, family)
        if len(foreign) and len(routed):
            routed = outside(routed, foreign).ranges
        if not len(routed):
            continue
        both = loose_everywhere(setup, box, family)
        for rule in (destination, source) if both else (destination,):
            rest = outside(made.filtered.pop(rule), routed).ranges
            if len(rest):
                made.filtered[rule] = rest
        _place(made, family, routed, box)
    return made


def _place(made: Split, family: int, routed: Ranges, box: Box) -> None:
    if not any(f == family for f, _ in box.spread):
        made.routes[family] = routed
        return
    there = merge(Ranges.of(ends_of(ip_network(p)) for f, p in sorted(box.routes) if f == family))
    kept = intersect(routed, there) if len(there) else Ranges.none()
    if len(kept):
        made.routes[family] = kept
    refused = outside(routed, kept).ranges if len(kept) else routed
    if len(refused):
        made.kept_back[family] = refused


def _foreign(routed: Ranges, box: Box, family: int) -> Ranges:
    """The operator's static prefixes that lie in `routed` as a whole."""
    rows = routed.pairs()
    starts = [first for first, _ in rows]
    found = []
    for first, last in sorted(ends_of(n) for n in box.foreign if n.version == family):
        at = bisect_right(starts, first) - 1
        if at >= 0 and last <= rows[at][1]:
            found.append((first, last))
    return merge(Ranges.of(found))
