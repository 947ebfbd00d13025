# SPDX-License-Identifier: GPL-2.0-or-later
"""From announcements to the members of rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import combinations

import numpy as np

from drivers.gobgp.model import Announcement, Box
from drivers.gobgp.render import Shape, digest_of, of_length
from enforcer.core.addresses import to_column
from enforcer.core.intervals import ends_of
from enforcer.core.rules import NO_END, Actual, Key, Members, Rule

_MOST_UPSTREAMS = 8
"""So many names have 256 sets of them; of more, only what was asked for is known."""
_Row = tuple[int, int, int]


class Labels:
    """Which rule the digest in an announcement stands for: of all sets of the upstreams, or asked
    for before."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._rules: dict[int, Rule] = {}
        names = sorted(shape.upstreams)
        most = len(names) if len(names) <= _MOST_UPSTREAMS else 1
        for size in range(most + 1):
            for chosen in combinations(names, size):
                self.learn(Rule(f, Key.BLACKHOLE, exports=chosen) for f in (4, 6))

    def learn(self, rules: Iterable[Rule]) -> None:
        """Remember these."""
        known = (r for r in rules if r.key is Key.BLACKHOLE)
        self._rules.update((digest_of(r), replace(r, routes=None)) for r in known)

    def of(self, found: Announcement) -> list[tuple[Rule, int]]:
        """The rules and orders that an announcement names; of a rule twice: of no order."""
        named: dict[Rule, int] = {}
        for admin, first, second in sorted(found.large):
            rule = self._rules.get(first >> 8)
            if admin != self._shape.mark or rule is None or rule.family != found.prefix.version:
                continue
            order = (first & 0xFF) << 32 | second
            rule = of_length(rule, found.prefix.prefixlen)
            named[rule] = -1 if rule in named or order == 0 else order
        return list(named.items())


def members(labels: Labels, ours: Iterable[Announcement]) -> dict[Rule, Members]:
    """The members by rule: prefixes of one order that touch each other are one row again."""
    rows: dict[Rule, list[_Row]] = {}
    for found in ours:
        first, last = ends_of(found.prefix)
        for rule, order in labels.of(found):
            rows.setdefault(rule, []).append((first, last, order))
    return {rule: _members(_joined(some)) for rule, some in rows.items()}


def _joined(rows: list[_Row]) -> list[_Row]:
    """Disjoint and sorted; of nested prefixes the outer one counts."""
    found: list[_Row] = []
    for first, last, order in sorted(rows, key=lambda r: (r[0], -r[1])):
        if found and last <= found[-1][1]:
            continue
        if found and found[-1][1] + 1 == first and found[-1][2] == order:
            found[-1] = (found[-1][0], last, order)
        else:
            found.append((first, last, order))
    return found


def _members(rows: list[_Row]) -> Members:
    return Members(
        to_column(r[0] for r in rows),
        to_column(r[1] for r in rows),
        np.full(len(rows), NO_END, np.int64),
        np.array([r[2] for r in rows], np.int64),
    )


def actual(device: str, box: Box, labels: Labels, at: datetime) -> Actual:
    """The speaker's state."""
    return Actual(
        device,
        at,
        box.owner,
        members(labels, box.ours.values()),
        native=box,
        token=box.token,
        hold=box.hold,
    )
