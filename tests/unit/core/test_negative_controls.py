# SPDX-License-Identifier: GPL-2.0-or-later
"""The property checks catch broken compilers: each test breaks one thing on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from enforcer.core.compile import Compiled, advance
from enforcer.core.contributions import Contribution, Contributions
from enforcer.core.drift import Change, Delta
from enforcer.core.intervals import Ranges, cover, outside, union
from enforcer.core.orders import Order, Scope
from enforcer.core.raw import clipped
from enforcer.core.rules import (
    NO_END,
    Addresses,
    Desired,
    Exempt,
    Integers,
    Key,
    Members,
    Rule,
    Service,
)
from enforcer.core.topology import Device, Topology
from tests.strategies import Case, cases, piles, rows
from tests.unit.core.properties import (
    Advance,
    CompileCase,
    Cover,
    advance_fault,
    asks,
    compile_asks,
    compile_fault,
    cover_fault,
    members,
)
from tests.unit.core.test_compile import journeys

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

T = TypeVar("T")

SEARCH = settings(
    max_examples=1500,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""Deterministic; stops at the first example that shows the fault, without shrinking it."""


def caught(
    strategy: st.SearchStrategy[T],
    fault: Callable[[T], str | None],
    search: settings = SEARCH,
) -> bool:
    """Whether the search comes upon an example in which the check names a fault."""
    try:
        find(strategy, lambda given: fault(given) is not None, settings=search)
    except NoSuchExample:
        return False
    return True


def test_no_fault_is_found_where_none_is() -> None:
    # The control of the controls: the search must be able to find nothing.
    few = settings(SEARCH, max_examples=200)
    assert not caught(rows(), lambda given: cover_fault(cover, given), few)


def earliest_end(first: Addresses, last: Addresses, end: Integers, order: Integers) -> Members:
    found = cover(first, last, -end, order)
    return replace(found, end=-found.end)


def highest_order(first: Addresses, last: Addresses, end: Integers, order: Integers) -> Members:
    found = cover(first, last, end, -order)
    return replace(found, order=-found.order)


def last_one_wins(first: Addresses, last: Addresses, end: Integers, order: Integers) -> Members:
    ranking = np.arange(len(end))
    found = cover(first, last, ranking, ranking)
    return Members(found.first, found.last, end[found.end], order[found.end])


def without_last(first: Addresses, last: Addresses, end: Integers, order: Integers) -> Members:
    kept = slice(0, max(len(end) - 1, 1))
    return cover(first[kept], last[kept], end[kept], order[kept])


@pytest.mark.parametrize("broken", [earliest_end, highest_order, last_one_wins, without_last])
def test_a_broken_cover_is_caught(broken: Cover) -> None:
    assert caught(rows(), lambda given: cover_fault(broken, given))


def by_part(change: Callable[[Contribution], Contribution | None]) -> CompileCase:
    """A compiler that changes or forgets parts of what orders ask for."""

    def compile_orders(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
        return compile_asks(case, [_changed(item, change) for item in asks(case, orders)])

    return compile_orders


def _changed(
    item: Contributions, change: Callable[[Contribution], Contribution | None]
) -> Contributions:
    parts = (change(part) for part in item.parts)
    return replace(item, parts=tuple(part for part in parts if part is not None))


def by_rule(change: Callable[[Rule], Rule]) -> CompileCase:
    """A compiler that writes other rules; parts that fall together are united."""
    return by_part(lambda part: replace(part, rule=change(part.rule)))


def merged_exceptions(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    found = asks(case, orders)
    exempt: dict[int, set[Exempt]] = {0: set(), 4: set(), 6: set()}
    for item in found:
        for part in item.parts:
            exempt[part.rule.family].update(part.rule.exempt)
    every = {family: tuple(sorted(some, key=repr)) for family, some in exempt.items()}

    def share(part: Contribution) -> Contribution:
        return replace(part, rule=replace(part.rule, exempt=every[part.rule.family]))

    return compile_asks(case, [_changed(item, share) for item in found])


def with_earliest_end(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    backwards = by_part(lambda part: replace(part, end=-part.end))
    return {
        name: replace(
            desired,
            addresses={r: replace(m, end=-m.end) for r, m in desired.addresses.items()},
            interfaces={
                rule: tuple(replace(m, end=-m.end) for m in found)
                for rule, found in desired.interfaces.items()
            },
        )
        for name, desired in backwards(case, orders).items()
    }


def unprotected(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    bare = replace(case, topology=replace(case.topology, protected=()))
    return compile_asks(bare, asks(bare, orders))


def links_forgotten(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    bare = {
        name: replace(device, interfaces=(), neighbors=())
        for name, device in case.topology.devices.items()
    }
    return compile_asks(case, asks(replace(case, topology=_with(case, bare)), orders))


def _with(case: Case, devices: dict[str, Device]) -> Topology:
    return replace(case.topology, devices=devices)


def all_on_borders(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    free = {n: replace(c, attachments=()) for n, c in case.topology.customers.items()}
    bare = replace(case, topology=replace(case.topology, customers=free))
    return compile_asks(bare, asks(bare, orders))


def scope_ignored(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    return compile_asks(case, asks(case, [replace(order, scope=Scope()) for order in orders]))


def one_family(part: Contribution) -> Contribution | None:
    return part if part.rule.family == 4 else None


def first_range_only(part: Contribution) -> Contribution:
    return replace(part, first=part.first[:1], last=part.last[:1])


def last_address_lost(part: Contribution) -> Contribution | None:
    wide = (part.first != part.last).any(axis=1)
    if part.rule.by_interface or not wide.any():
        return part
    return replace(part, first=part.first[wide], last=part.first[wide])


def plain_icmp(rule: Rule) -> Rule:
    return replace(rule, service=Service(1)) if rule.service == Service(58) else rule


def any_port(rule: Rule) -> Rule:
    return replace(rule, service=rule.service and Service(rule.service.protocol))


def ports_swapped(rule: Rule) -> Rule:
    service = rule.service
    if service is None:
        return rule
    ports = (service.destination_ports, service.source_ports)
    return replace(rule, service=Service(service.protocol, *ports))


def ends_swapped(rule: Rule) -> Rule:
    swap = {Key.SOURCE: Key.DESTINATION, Key.DESTINATION: Key.SOURCE}
    return replace(rule, key=swap.get(rule.key, rule.key))


def any_service_excepted(rule: Rule) -> Rule:
    return replace(rule, exempt=tuple(Exempt(e.first, e.last) for e in rule.exempt))


def kept(key: Key) -> Callable[[Contribution], Contribution | None]:
    return lambda part: None if part.rule.key is key else part


ABOUT_ENDS = {"earliest end", "no ends"}
BROKEN_COMPILERS: dict[str, CompileCase] = {
    "exceptions merged across orders": merged_exceptions,
    "exceptions forgotten": by_rule(lambda rule: replace(rule, exempt=())),
    "exceptions for every service": by_rule(any_service_excepted),
    "earliest end": with_earliest_end,
    "no ends": by_part(lambda part: replace(part, end=NO_END)),
    "protected space blocked": unprotected,
    "links of suspended customers cut": links_forgotten,
    "everything on the borders": all_on_borders,
    "scope ignored": scope_ignored,
    "IPv4 only": by_part(one_family),
    "first range only": by_part(first_range_only),
    "only first addresses": by_part(last_address_lost),
    "ICMP of IPv4 in IPv6": by_rule(plain_icmp),
    "any port": by_rule(any_port),
    "ports swapped": by_rule(ports_swapped),
    "ends swapped": by_rule(ends_swapped),
    "any peer": by_rule(lambda rule: replace(rule, peers=None)),
    "nothing by source": by_part(kept(Key.SOURCE)),
    "nothing by output interface": by_part(kept(Key.OUTPUT_INTERFACE)),
}


@pytest.mark.parametrize("name", BROKEN_COMPILERS)
def test_a_broken_compiler_is_caught(name: str) -> None:
    broken = BROKEN_COMPILERS[name]
    where = piles() if name in ABOUT_ENDS else cases(shut=True)
    assert caught(where, lambda case: compile_fault(broken, case))


def removes_what_others_want(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    """An unblock: takes the ended orders' addresses away, whoever else wants them."""
    new, delta = advance(compiled, began, ended)
    addresses = dict(new.desired.addresses)
    gone = [part for number in ended for part in compiled.orders.get(number, ())]
    for rule, found in new.desired.addresses.items():
        region = union(Ranges(p.first, p.last) for p in gone if p.rule == rule)
        addresses[rule] = _beyond(found, region)
    desired = replace(new.desired, addresses={r: m for r, m in addresses.items() if len(m)})
    return replace(new, desired=desired), delta


def forgets_endings(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    return advance(compiled, began, ())


def extends_beside_the_old(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    """Keeps what a replaced order asked for before, until it ends."""
    doubled = [
        replace(item, parts=(*compiled.orders.get(item.order, ()), *item.parts)) for item in began
    ]
    return advance(compiled, doubled, ended)


def says_nothing_of_removals(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    new, delta = advance(compiled, began, ended)
    changes = {r: Change(c.add, Members.none()) for r, c in delta.addresses.items()}
    return new, Delta({r: c for r, c in changes.items() if len(c.add)}, delta.interfaces)


def rewrites_everything(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    """Right in the end, but takes down and puts up what did not change."""
    new, _ = advance(compiled, began, ended)
    old, nothing = compiled.desired.addresses, Members.none()
    rules = {*old, *new.desired.addresses}
    changes = {r: Change(new.desired.addresses.get(r, nothing), old.get(r, nothing)) for r in rules}
    return new, Delta(changes)


def cuts_at_the_region(
    compiled: Compiled, began: Sequence[Contributions], ended: Sequence[int]
) -> tuple[Compiled, Delta]:
    """Leaves the cover cut where the changed region begins and stops."""
    new, delta = advance(compiled, began, ended)
    parts = [part for item in began for part in item.parts]
    addresses = dict(new.desired.addresses)
    for rule, found in addresses.items():
        region = union(Ranges(p.first, p.last) for p in parts if p.rule == rule)
        cut = [*clipped(found, region).rows(), *_beyond(found, region).rows()]
        addresses[rule] = members(sorted(cut))
    return replace(new, desired=replace(new.desired, addresses=addresses)), delta


def _beyond(found: Members, region: Ranges) -> Members:
    pieces = outside(Ranges(found.first, found.last), region)
    end, order = found.end[pieces.source], found.order[pieces.source]
    return Members(pieces.ranges.first, pieces.ranges.last, end, order)


BROKEN_ADVANCES: dict[str, Advance] = {
    "removes what others want": removes_what_others_want,
    "forgets endings": forgets_endings,
    "extends beside the old": extends_beside_the_old,
    "says nothing of removals": says_nothing_of_removals,
    "rewrites everything": rewrites_everything,
    "cuts at the region": cuts_at_the_region,
}


@pytest.mark.parametrize("name", BROKEN_ADVANCES)
def test_a_broken_advance_is_caught(name: str) -> None:
    broken = BROKEN_ADVANCES[name]
    assert caught(journeys(), lambda journey: advance_fault(broken, *journey))
