# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies: topologies, lists, orders and packets that are likely to meet.

Everything lives in a `Space` of few addresses, so that orders overlap and packets hit them.
`TINY` includes both ends of both address families; give `cases` another space to use
addresses that a lab can route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_interface

from hypothesis import strategies as st

from enforcer.core.intervals import rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    Network,
    Order,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.protection import with_derived
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    BrakeLimits,
    Customer,
    Device,
    Interface,
    Mode,
    Neighbor,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from tests.oracle import Packet
from tests.space import (
    CUSTOMERS,
    DEVICES,
    INTERFACES,
    LISTS,
    PROTOCOLS,
    SERVICE_SETS,
    TINY,
    Space,
    addresses,
    port_ranges,
    prefixes,
)
from tests.traffic import aimed, united

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Case:
    """A whole situation. Orders have distinct numbers."""

    topology: Topology
    lists: Mapping[str, ListContent]
    orders: tuple[Order, ...]
    packets: tuple[Packet, ...] = field(default=(), repr=False)


@cache
@st.composite
def service_entries(draw: st.DrawFn, space: Space = TINY) -> ServiceEntry:
    """Entries with and without protocol and ports."""
    found = draw(st.lists(prefixes(space), min_size=1, max_size=2))
    protocol = draw(st.sampled_from([None, *PROTOCOLS]))
    ports = draw(st.lists(port_ranges(), max_size=2))
    return ServiceEntry(tuple(found), protocol, tuple(ports))


@st.composite
def with_links(draw: st.DrawFn, device: Device, space: Space = TINY) -> Device:
    """`device` with an address on some interface, and perhaps a neighbor behind a customer."""
    version, host = draw(st.sampled_from(space.nets).flatmap(_hosts))
    link = ip_interface((host, draw(st.integers(28, 32) if version == 4 else st.just(126))))
    doors = draw(st.lists(st.sampled_from(INTERFACES), max_size=1))
    _, near = draw(st.sampled_from(space.nets).flatmap(_hosts))
    behind = st.sampled_from([*CUSTOMERS, ""]).map(lambda name: Neighbor(near, behind=name))
    return replace(
        device,
        interfaces=tuple(
            Interface(
                name,
                addresses=(link,) if name in doors else (),
                management=draw(st.sampled_from([False, False, True])),
            )
            for name in INTERFACES
        ),
        neighbors=tuple(draw(st.lists(behind, max_size=1))),
    )


def _hosts(net: Network) -> st.SearchStrategy[tuple[int, IPv4Address | IPv6Address]]:
    return st.integers(0, net.num_addresses - 1).map(lambda n: (net.version, net[n]))


@cache
@st.composite
def topologies(draw: st.DrawFn, space: Space = TINY) -> Topology:
    """Three devices (some of them borders), customers, service sets, protected prefixes."""
    devices = {
        name: Device(
            name,
            "nftables",
            site=draw(st.sampled_from(["north", "south"])),
            roles=draw(st.sampled_from([frozenset({ROLE_BORDER}), frozenset({"access"})])),
            interfaces=tuple(map(Interface, INTERFACES)),
        )
        for name in DEVICES
    }
    for name in draw(st.lists(st.sampled_from(DEVICES), max_size=1)):
        devices[name] = draw(with_links(devices[name], space))
    attachments = st.builds(Attachment, st.sampled_from(DEVICES), st.sampled_from(INTERFACES))
    customers = {
        name: Customer(
            name,
            tuple(draw(st.lists(prefixes(space), min_size=1, max_size=2))),
            tuple(draw(st.lists(attachments, max_size=2))),
        )
        for name in CUSTOMERS
    }
    sets = {
        name: ServiceSet(
            name, tuple(draw(st.lists(service_entries(space), min_size=1, max_size=2)))
        )
        for name in SERVICE_SETS
    }
    inside = Space(space.nets)
    protected = draw(st.lists(prefixes(inside), max_size=1))
    stated = tuple(ProtectedPrefix(p, "the ISP's own") for p in protected)
    return with_derived(Topology(devices, customers, sets, stated))


@cache
@st.composite
def stated_inventories(draw: st.DrawFn, space: Space = TINY) -> Topology:
    """What files may say of an installation with fake devices, some of the names left out.

    With what the devices stand on protected, and a brake that holds now everything, now little.
    """
    drawn = draw(topologies(space))
    modes = st.sampled_from([Mode.ENFORCE, Mode.ENFORCE, Mode.ENFORCE, Mode.OBSERVE])
    own = st.lists(prefixes(Space(space.nets)), max_size=1).map(tuple)
    there = draw(st.sets(st.sampled_from(DEVICES), min_size=1))
    known = draw(st.sets(st.sampled_from(CUSTOMERS)))
    stated = replace(
        drawn,
        devices={
            name: replace(device, platform="fake", mode=draw(modes), addresses=draw(own))
            for name, device in drawn.devices.items()
            if name in there
        },
        customers={
            name: replace(
                customer, attachments=tuple(a for a in customer.attachments if a.device in there)
            )
            for name, customer in drawn.customers.items()
            if name in known
        },
        documentation_space=True,
        brake=draw(st.sampled_from([BrakeLimits(), BrakeLimits(0, 0.0, 0)])),
    )
    return with_derived(stated)


@cache
@st.composite
def list_contents(draw: st.DrawFn, space: Space = TINY) -> ListContent:
    """Lists of a few prefixes, in any order, overlapping."""
    found = draw(st.lists(prefixes(space), max_size=4))
    v4, v6 = (rows_of(p for p in found if p.version == family) for family in (4, 6))
    return ListContent(1, v4.first, v4.last, v6.first, v6.last)


@cache
def selections(space: Space = TINY) -> st.SearchStrategy[Selection]:
    """Unions of prefixes, customers and service sets; one name is unknown to everybody."""
    prefix = prefixes(space).map(lambda p: Selection(prefixes=(p,)))
    customer = st.sampled_from([*CUSTOMERS, "left"]).map(lambda n: Selection(customers=(n,)))
    service_set = st.sampled_from(SERVICE_SETS).map(lambda n: Selection(service_sets=(n,)))
    parts = st.lists(st.one_of(prefix, prefix, customer, service_set), min_size=1, max_size=3)
    return parts.map(united)


@cache
def exceptions(space: Space = TINY) -> st.SearchStrategy[Selection]:
    """None at all half of the time."""
    return st.just(Selection()) | selections(space)


@cache
def demands(space: Space = TINY, shut: bool = False) -> st.SearchStrategy[Demand]:
    """Every kind of order; suspensions by shutdown, which few devices can hold, with `shut`."""
    direction = st.sampled_from(Direction)
    protocols = st.lists(st.sampled_from(PROTOCOLS), max_size=2, unique=True).map(tuple)
    ports = st.just(()) | st.lists(port_ranges(), max_size=2).map(tuple)
    customer = st.sampled_from(CUSTOMERS)
    but = exceptions(space)
    down = st.builds(SuspendCustomer, customer, st.just(Selection()), by=st.just("shutdown"))
    return st.one_of(
        *([down] if shut else []),
        st.builds(BlockAddress, prefixes(space), direction, exceptions=but),
        st.builds(BlockPort, selections(space), protocols, ports, direction, exceptions=but),
        st.builds(
            BlockFlow,
            selections(space),
            selections(space),
            protocols,
            ports,
            direction,
            exceptions=but,
        ),
        st.builds(BlockList, st.sampled_from(LISTS), direction, exceptions=but),
        st.builds(SuspendCustomer, customer, but, by=st.sampled_from(["prefixes", "interface"])),
        st.builds(CutFeed, customer, st.sampled_from(SERVICE_SETS), exceptions=but),
    )


@cache
def scopes() -> st.SearchStrategy[Scope]:
    """Mostly the default scope; else by device, role or site."""
    return st.one_of(
        st.just(Scope()),
        st.just(Scope()),
        st.builds(
            Scope,
            devices=st.lists(st.sampled_from(DEVICES), max_size=2).map(tuple),
            roles=st.sampled_from([(), (ROLE_BORDER,)]),
            sites=st.sampled_from([(), ("north",)]),
        ),
    )


@cache
@st.composite
def orders(draw: st.DrawFn, number: int, space: Space = TINY, shut: bool = False) -> Order:
    """One order around `NOW`: most are in force, some over, some to come, some lifted."""
    start = NOW + draw(st.sampled_from([-3, -3, -3, -3, 0, 1])) * HOUR
    hours = draw(st.sampled_from([None, 1, 2, 3, 5]))
    lifted = draw(st.sampled_from([None, None, None, None, 0, 2]))
    return replace(
        _placed(number, draw(demands(space, shut))),
        start=start,
        end=None if hours is None else NOW + hours * HOUR,
        scope=draw(scopes()),
        lifted=None if lifted is None else NOW + lifted * HOUR,
    )


@cache
@st.composite
def cases(draw: st.DrawFn, space: Space = TINY, most: int = 4, shut: bool = False) -> Case:
    """A topology, lists, one to `most` orders, and packets that are likely to meet them."""
    count = draw(st.integers(1, most))
    case = Case(
        draw(topologies(space)),
        {name: draw(list_contents(space)) for name in LISTS},
        tuple(draw(orders(number, space, shut)) for number in range(1, count + 1)),
    )
    return replace(case, packets=draw(aimed(case.orders, case.topology, case.lists, space)))


@cache
@st.composite
def piles(draw: st.DrawFn, space: Space = TINY, most: int = 6) -> Case:
    """One border, and plain orders about addresses that lie upon one another."""
    border = Device("edge1", "nftables", roles=frozenset({ROLE_BORDER}))
    direction = st.sampled_from([Direction.FROM, Direction.FROM, Direction.BOTH])
    plain = st.builds(BlockAddress, prefixes(Space(space.nets[:1])), direction)
    found = draw(st.lists(plain, min_size=2, max_size=most))
    placed = (_placed(number, demand) for number, demand in enumerate(found, 1))
    hours = st.sampled_from([None, 1, 2, 3])
    ends = [draw(hours) for _ in found]
    orders = tuple(
        order if end is None else replace(order, end=NOW + end * HOUR)
        for order, end in zip(placed, ends, strict=True)
    )
    topology = Topology({"edge1": border})
    return Case(topology, {}, orders, draw(aimed(orders, topology, {}, space)))


def _placed(number: int, demand: Demand) -> Order:
    return Order(
        number=number,
        changed=number,
        demand=demand,
        reason="test",
        issuer="noc",
        source="test",
        created=NOW,
        start=NOW - 3 * HOUR,
        end=None,
    )


@cache
@st.composite
def rows(draw: st.DrawFn, most: int = 8) -> tuple[tuple[int, int, int, int], ...]:
    """(first, last, end, order) rows of one family that overlap, nest and adjoin."""
    family = draw(st.sampled_from([4, 6]))
    bounds = st.tuples(addresses(family), addresses(family)).map(sorted)
    row = st.tuples(bounds, st.integers(1, 3), st.integers(1, 3))
    return tuple(
        (low, high, end, order) for (low, high), end, order in draw(st.lists(row, max_size=most))
    )
