# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel does to packets equals what the rules mean."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enforcer.core.rules import (
    NO_END,
    Desired,
    Exempt,
    InterfaceMember,
    Key,
    Members,
    Rule,
    Service,
)
from tests.integration.nft_router import Router, columns, desired, members, routers
from tests.integration.nft_verdicts import Verdicts, verdicts
from tests.oracle import Packet, packet, rules_drop

pytestmark = pytest.mark.root

REUSED = [HealthCheck.function_scoped_fixture]
BASE = {4: int(ip_address("198.51.100.0")), 6: int(ip_address("2001:db8::"))}
PORTS = st.sampled_from([0, 24, 25, 26, 53, 65535])
PORTS_OR_NONE = st.none() | st.tuples(PORTS, PORTS).map(lambda p: (min(p), max(p)))


@pytest.fixture(scope="module")
def router(root: None) -> Iterator[Router]:
    with routers(("output",)) as made:
        yield made


@pytest.fixture(scope="module")
def kernel(router: Router) -> Iterator[Verdicts]:
    with verdicts(router) as asked:
        yield asked


EXCEPTED = [(None, None), (6, (25, 25)), (17, None), (None, (53, 53))]


def spans(most: int) -> st.SearchStrategy[tuple[tuple[int, int], ...]]:
    """Canonical ranges of small numbers."""

    def canonical(chosen: set[int]) -> tuple[tuple[int, int], ...]:
        found: list[tuple[int, int]] = []
        for n in sorted(chosen):
            if found and found[-1][1] == n - 1:
                found[-1] = (found[-1][0], n)
            else:
                found.append((n, n))
        return tuple(found)

    return st.sets(st.integers(0, 15), min_size=1, max_size=most).map(canonical)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    family = draw(st.sampled_from([4, 6]))
    base = BASE[family]
    service = None
    if draw(st.booleans()):
        protocol = draw(st.sampled_from([1, 6, 17, 58]))
        with_ports = protocol in (6, 17)
        service = Service(
            protocol,
            draw(PORTS_OR_NONE) if with_ports else None,
            draw(PORTS_OR_NONE) if with_ports else None,
        )
    peers = draw(st.none() | spans(6))
    exempt: list[Exempt] = []
    services = draw(
        st.sets(st.sampled_from([(None, None), (6, (25, 25)), (17, None), (None, (53, 53))]))
    )
    for protocol_, ports in sorted(services, key=str):
        exempt += [Exempt(base + a, base + b, protocol_, ports) for a, b in draw(spans(4))]
    key = draw(st.sampled_from([Key.SOURCE, Key.DESTINATION, Key.OUTPUT_INTERFACE]))
    if key is Key.OUTPUT_INTERFACE:
        peers = None
    moved = None if peers is None else tuple((base + a, base + b) for a, b in peers)
    return Rule(family, key, service, moved, tuple(exempt))


@st.composite
def states(draw: st.DrawFn) -> Desired:
    addresses: dict[Rule, Members] = {}
    interfaces: dict[Rule, tuple[InterfaceMember, ...]] = {}
    for number, rule in enumerate(draw(st.lists(rules(), max_size=4, unique=True)), 1):
        if rule.by_interface:
            interfaces[rule] = (
                InterfaceMember(draw(st.sampled_from(["lo", "eth0"])), NO_END, number),
            )
            continue
        base = BASE[rule.family]
        texts = [f"{ip_address(base + a)}-{ip_address(base + b)}" for a, b in draw(spans(6))]
        addresses[rule] = members(*((text, NO_END, number) for text in texts))
    return desired(addresses, interfaces)


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    family = draw(st.sampled_from([4, 6]))
    protocol = draw(st.sampled_from([6, 17, 1 if family == 4 else 58]))
    with_ports = protocol in (6, 17)
    return Packet(
        family,
        BASE[family] + draw(st.integers(0, 15)),
        BASE[family] + draw(st.integers(0, 15)),
        protocol,
        draw(PORTS) if with_ports else None,
        draw(PORTS) if with_ports else None,
        oif="lo",
    )


@settings(suppress_health_check=REUSED)
@given(wanted=states(), sent=st.lists(packets(), min_size=20, max_size=60))
def test_the_kernel_drops_what_the_rules_say(
    router: Router, kernel: Verdicts, wanted: Desired, sent: list[Packet]
) -> None:
    router.apply(wanted)
    for one in sent:
        assert kernel.dropped(one) == rules_drop(one, wanted), one


def test_exceptions_stay_with_their_order(router: Router, kernel: Verdicts) -> None:
    relay = int(ip_address("192.0.2.25"))
    lenient = Rule(4, Key.SOURCE, exempt=(Exempt(relay, relay),))
    strict = Rule(4, Key.SOURCE, Service(6, None, (25, 25)))
    customer = members(("198.51.100.7", NO_END, 1))
    mail = packet("198.51.100.7", "192.0.2.25", sport=999, dport=25)
    web = packet("198.51.100.7", "192.0.2.25", sport=999, dport=80)
    other = packet("198.51.100.7", "192.0.2.26", sport=999, dport=80)
    router.apply(desired({lenient: customer}))
    assert [kernel.dropped(p) for p in (mail, web, other)] == [False, False, True]
    router.apply(desired({lenient: customer, strict: customer}))
    assert [kernel.dropped(p) for p in (mail, web, other)] == [True, False, True]
    router.apply(desired({strict: customer}))
    assert [kernel.dropped(p) for p in (mail, web, other)] == [True, False, False]


def test_neighbour_discovery_survives_a_blocked_prefix(router: Router, kernel: Verdicts) -> None:
    router.apply(desired({Rule(6, Key.SOURCE): members(("2001:db8::/64", NO_END, 1))}))
    one = packet("2001:db8::1", "2001:db8::2", 58)
    for kind, dropped in ((133, False), (135, False), (136, False), (128, True), (137, True)):
        assert kernel.dropped(one, bytes((kind, 0)) + bytes(22)) == dropped


def test_no_member_is_free_while_its_rule_is_laid_out_anew(
    router: Router, kernel: Verdicts
) -> None:
    """From one set to many, hosts and ranges: what was dropped before is at every step."""
    source = Rule(4, Key.SOURCE)
    few = members(("10.0.0.7", NO_END, 1), ("10.9.0.0/30", NO_END, 1), ("11.0.0.0/9", NO_END, 2))
    many = desired(
        {source: joined(few, HOSTS, RANGES)},
    )
    old = [packet(text, "192.0.2.1", 1) for text in ("10.0.0.7", "10.9.0.2", "11.127.255.255")]
    router.apply(desired({source: few}))
    actual, drift = router.look(many)
    batches = router.driver.plan(many, drift, actual).batches
    assert len(batches) > 3
    for batch in batches:
        router.session.stage(batch)
        assert [kernel.dropped(one) for one in old] == [True, True, True]
    _, left = router.look(many)
    assert not left
    assert "vmap @h" in router.listing("chain inet enforcer blocks")
    for members_ in (HOSTS, RANGES):
        for row in range(0, len(members_), 997):
            first, last = members_.first[row], members_.last[row]
            for address, dropped in ((int(first[1]), True), (int(last[1]), True)):
                one = Packet(4, address, int(ip_address("192.0.2.1")), 1)
                assert kernel.dropped(one) == dropped
            assert not kernel.dropped(Packet(4, int(last[1]) + 1, 1 << 24, 1))


HOSTS = columns([(20 << 24) + 5 * n for n in range(60_000)], 1)
RANGES = columns([(30 << 24) + 512 * n for n in range(9_000)], 256)


def joined(*parts: Members) -> Members:
    """All rows, in the order of the addresses."""
    every = Members(
        *(np.concatenate([getattr(p, c) for p in parts]) for c in ("first", "last", "end", "order"))
    )
    return every.take(np.argsort(every.first[:, 1]))
