# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiled rules drop exactly the packets that the oracle drops; changes equal full compiles."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enforcer.core.compile import advance, compile_device
from enforcer.core.contributions import contributions
from enforcer.core.orders import BlockAddress, BlockList, in_force
from tests.oracle import dropped, rules_drop
from tests.space import DEVICES
from tests.strategies import HOUR, NOW, Case, cases, list_contents, piles
from tests.unit.core.properties import (
    Step,
    advance_fault,
    asks,
    compile_case,
    compile_fault,
    ending,
)
from tests.unit.core.situations import TOPOLOGY, block_list, order

# A failing situation is long, and must be shown all the same.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@settings(max_examples=150)
@given(cases(shut=True) | piles())
def test_compile_equals_the_oracle(case: Case) -> None:
    assert compile_fault(compile_case, case) is None


@st.composite
def journeys(draw: st.DrawFn) -> tuple[str, list[Step]]:
    """A device and steps in which orders begin, change their end or their list, and end."""
    case = draw(st.one_of(cases(most=6, shut=True), piles(), piles()))
    changed = replace(case, lists={name: draw(list_contents()) for name in case.lists})
    steps: list[Step] = []
    for _ in range(draw(st.integers(1, 6))):
        chosen = draw(st.lists(st.sampled_from(case.orders), max_size=4, unique_by=id))
        hours = draw(st.sampled_from([None, 1, 6]))
        began = [order if hours is None else ending(order, hours) for order in chosen]
        numbers = draw(st.lists(st.integers(1, 7), max_size=3, unique=True))
        steps.append((asks(draw(st.sampled_from([case, changed])), began), numbers))
    return draw(st.sampled_from(sorted(case.topology.devices))), steps


@settings(max_examples=150)
@given(journeys())
def test_advance_equals_a_full_compile(journey: tuple[str, list[Step]]) -> None:
    assert advance_fault(advance, *journey) is None


@settings(max_examples=40)
@given(cases(most=5, shut=True), st.randoms())
def test_lifting_in_any_order_never_frees_another_orders_packets(
    case: Case, random: Random
) -> None:
    standing = [order for order in case.orders if in_force(order, NOW)]
    compiled = {name: compile_device(name, asks(case, standing)) for name in DEVICES}
    while standing:
        lifted = standing.pop(random.randrange(len(standing)))
        for name in DEVICES:
            compiled[name], _ = advance(compiled[name], (), [lifted.number])
        for packet in case.packets:
            names = DEVICES if packet.device is None else (packet.device,)
            found = any(rules_drop(packet, compiled[name].desired) for name in names)
            assert found == bool(dropped(packet, standing, case.topology, case.lists, NOW))
    assert not any(len(found.desired) or found.raw for found in compiled.values())


@given(cases(shut=True), st.randoms())
def test_compile_does_not_depend_on_the_orders_sequence(case: Case, random: Random) -> None:
    found = asks(case, case.orders)
    shuffled = list(found)
    random.shuffle(shuffled)
    for name in DEVICES:
        one, other = compile_device(name, found), compile_device(name, shuffled)
        assert one.desired.same_as(other.desired)
        assert one.desired.withheld == other.desired.withheld


@given(cases(shut=True))
def test_time_passing_equals_a_fresh_compile(case: Case) -> None:
    found = {item.order: item for item in asks(case, case.orders)}
    standing: set[int] = set()
    compiled = compile_device("edge1", ())
    for hours in range(-4, 7):
        now = NOW + hours * HOUR
        present = {order.number for order in case.orders if in_force(order, now)}
        began = [found[number] for number in present - standing]
        compiled, _ = advance(compiled, began, standing - present)
        standing = present
        fresh = compile_device("edge1", [found[number] for number in present])
        assert compiled.desired.same_as(fresh.desired)


def test_a_large_list_beside_single_orders() -> None:
    # Large contributions are kept apart from small ones; the small cases above never make one.
    base = int(ip_address("203.0.0.0"))
    entries = [f"{ip_address(base + 3 * at)}/32" for at in range(6000)]
    lists = [block_list(1, *entries), block_list(2, *entries[:5990], "203.0.113.0/24")]
    first, second = (
        contributions(ending(order(1, BlockList("botnets")), 2), TOPOLOGY, {"botnets": content})
        for content in lists
    )
    inside, around = (
        contributions(ending(order(number, demand), hours), TOPOLOGY, {})
        for number, demand, hours in (
            (2, BlockAddress(ip_network("203.0.0.0/22")), 5),
            (3, BlockAddress(ip_network("203.0.0.0/16")), 1),
        )
    )
    extended = contributions(
        ending(order(1, BlockList("botnets")), 9), TOPOLOGY, {"botnets": lists[1]}
    )
    steps: list[Step] = [
        ([inside], []),
        ([first], []),
        ([around], []),
        ([], [2]),
        ([second, inside], []),
        ([extended], [3]),
        ([], [1]),
        ([first, around], [2]),
        ([], [1, 3]),
    ]
    assert advance_fault(advance, "edge1", steps) is None
