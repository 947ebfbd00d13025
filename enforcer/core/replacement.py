# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules that take another's place: the same but for what they spare.

Exceptions and lengths are part of a rule, so that one more registered prefix makes another rule
of what an order asks for, and the one that stands is no longer desired. Taking that away before
the other one may be written would let everything through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from enforcer.core.drift import Change, InterfaceChange
from enforcer.core.intervals import Ranges, inside, merge, outside, subtract, union
from enforcer.core.routes import lengths
from enforcer.core.rules import UNATTRIBUTED, Exempt, InterfaceMember, Members, RouteMatch, Rule

Pair = tuple[Rule, Rule, bool]
"""A rule that goes, the one that comes in its place, and whether that drops no more than it."""


def pairs(goes: Iterable[Rule], comes: Iterable[Rule]) -> Iterator[Pair]:
    """Of `goes` and `comes`, those that differ in their exceptions and their routes alone.

    Two of which neither drops all that the other does are a pair only where their routes are
    the same.
    """
    by_rest: defaultdict[Rule, list[Rule]] = defaultdict(list)
    for rule in comes:
        by_rest[_rest(rule)].append(rule)
    for old in goes:
        for new in by_rest.get(_rest(old), ()):
            if new == old:
                continue
            less = _drops_no_more(new, old)
            if less or new.routes == old.routes or _drops_no_more(old, new):
                yield old, new, less


def gone_rows(change: Change) -> Members:
    """The parts of what goes that the same rule is not wanted for any more."""
    wanted = merge(Ranges(change.add.first, change.add.last))
    return _pieces(change.remove, wanted, within=False)


def kept_rows(goes: Members, comes: Members) -> Members:
    """The parts of `goes`, as they stand, that wait for `comes` of the same orders.

    Where the device keeps no orders' numbers, any order's.
    """
    same = np.isin(comes.order, goes.order)
    unknown = goes.order <= UNATTRIBUTED
    its = merge(Ranges(comes.first[same], comes.last[same]))
    anyone = merge(Ranges(comes.first, comes.last))
    return beside(
        _pieces(goes.take(~unknown), its, within=True),
        _pieces(goes.take(unknown), anyone, within=True),
    )


def beside(rows: Members, more: Members) -> Members:
    """`rows`, and what of `more` is outside of them; both sorted and disjoint, and so is this."""
    if not len(more):
        return rows
    rest = _pieces(more, merge(Ranges(rows.first, rows.last)), within=False)
    if not len(rows):
        return rest
    both = Members(
        np.concatenate((rows.first, rest.first)),
        np.concatenate((rows.last, rest.last)),
        np.concatenate((rows.end, rest.end)),
        np.concatenate((rows.order, rest.order)),
    )
    return both.take(np.lexsort((both.first[:, 1], both.first[:, 0])))


def gone_names(change: InterfaceChange) -> dict[str, InterfaceMember]:
    """By name, what goes and is not wanted by the same rule any more."""
    wanted = {member.name for member in change.add}
    return {member.name: member for member in change.remove if member.name not in wanted}


def changed_rules(
    changes: Mapping[Rule, Change] | Mapping[Rule, InterfaceChange],
) -> Iterator[Pair]:
    """`pairs` of the rules of a delta."""
    goes = [rule for rule, change in changes.items() if len(change.remove)]
    comes = [rule for rule, change in changes.items() if len(change.add)]
    return pairs(goes, comes)


def spares(wider: tuple[Exempt, ...], narrower: tuple[Exempt, ...]) -> bool:
    """Whether `wider` excepts every packet, or route, that `narrower` excepts."""
    if wider == narrower:
        return True
    known = _by_service(wider)
    for (protocol, ports), ranges in _by_service(narrower).items():
        services = {(None, None), (protocol, None), (protocol, ports)}
        cover = union(known[service] for service in services if service in known)
        if len(subtract(ranges, cover)[0]):
            return False
    return True


def _rest(rule: Rule) -> Rule:
    return replace(rule, exempt=(), routes=None)


def _drops_no_more(one: Rule, other: Rule) -> bool:
    return _is_part(one, other) and spares(one.exempt, other.exempt)


def _is_part(one: Rule, other: Rule) -> bool:
    """Whether every route that `one` is about is one that `other` is about."""
    if one.routes == other.routes or other.routes is None:
        return True
    (short, long), (shortest, longest) = lengths(one), lengths(other)
    path = one.routes or RouteMatch(short, long)
    return (
        shortest <= short
        and long <= longest
        and other.routes.origin in (None, path.origin)
        and other.routes.passes in (None, path.passes)
    )


def _by_service(
    exempt: tuple[Exempt, ...],
) -> dict[tuple[int | None, tuple[int, int] | None], Ranges]:
    found: defaultdict[tuple[int | None, tuple[int, int] | None], list[tuple[int, int]]]
    found = defaultdict(list)
    for one in exempt:
        found[one.protocol, one.ports].append((one.first, one.last))
    return {service: merge(Ranges.of(some)) for service, some in found.items()}


def _pieces(rows: Members, region: Ranges, *, within: bool) -> Members:
    """The parts of `rows` inside or outside the canonical `region`, with their end and order."""
    if not len(rows):
        return rows
    found = (inside if within else outside)(Ranges(rows.first, rows.last), region)
    kept = rows.take(found.source)
    return Members(found.ranges.first, found.ranges.last, kept.end, kept.order)
