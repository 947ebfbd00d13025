# SPDX-License-Identifier: GPL-2.0-or-later
"""Hypothesis strategies for any order that the core's types allow and storage must keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Network, IPv6Network

from hypothesis import strategies as st

from enforcer.core.orders import (
    MAX_ORDER_NUMBER,
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    Network,
    Order,
    PolicyClause,
    PortRange,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
instants = st.datetimes(
    min_value=datetime(1, 1, 2),  # noqa: DTZ001 hypothesis wants bare ones and adds the zone
    max_value=datetime(9999, 12, 30),  # noqa: DTZ001 as above
    timezones=st.one_of(
        st.just(UTC), st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
    ),
)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    if draw(st.booleans()):
        length = draw(st.integers(0, 32))
        return IPv4Network((draw(st.integers(0, 2**length - 1)) << (32 - length), length))
    length = draw(st.integers(0, 128))
    network = IPv6Network((draw(st.integers(0, 2**length - 1)) << (128 - length), length))
    mapped = network.network_address.ipv4_mapped is not None
    return IPv6Network("2001:db8::/32") if mapped else network


@st.composite
def port_ranges(draw: st.DrawFn) -> PortRange:
    first = draw(st.integers(0, 65535))
    return PortRange(first, draw(st.integers(first, 65535)))


names = st.lists(texts, max_size=2).map(tuple)
selections = st.builds(
    Selection, st.lists(networks(), max_size=3).map(tuple), customers=names, service_sets=names
)
directions = st.sampled_from(Direction)
protocols = st.lists(st.integers(0, 255), max_size=4).map(tuple)
ports = st.lists(port_ranges(), max_size=3).map(tuple)

asns = st.integers(1, 2**32 - 1)
sessions = st.builds(
    Sessions,
    names,
    st.lists(asns, max_size=2).map(tuple),
    st.lists(st.ip_addresses(), max_size=2).map(tuple),
)

demands: st.SearchStrategy[Demand] = st.one_of(
    st.builds(BlockAddress, networks(), directions, texts, selections),
    st.builds(BlockPort, selections, protocols, ports, directions, texts, selections),
    st.builds(BlockFlow, selections, selections, protocols, ports, directions, texts, selections),
    st.builds(BlockList, texts, directions, texts, selections),
    st.builds(
        SuspendCustomer,
        texts,
        selections,
        by=st.sampled_from(["prefixes", "interface", "shutdown", "session"]),
        vrf=texts,
    ),
    st.builds(CutFeed, texts, texts, texts, selections),
    st.builds(
        DropRoutes,
        sessions,
        st.lists(networks(), max_size=4).map(tuple),
        st.sampled_from(["listed", "unregistered", "every"]),
        st.booleans(),
        st.none() | asns,
        st.none() | asns,
        st.none() | st.integers(0, 31),
        st.none() | st.integers(0, 127),
        st.sampled_from(["in", "out"]),
        texts,
        selections,
    ),
    st.builds(Blackhole, networks(), directions, names, texts, selections),
    st.builds(ShutdownSession, sessions, texts, selections),
)

orders = st.builds(
    Order,
    number=st.integers(1, MAX_ORDER_NUMBER),
    changed=st.integers(1, 2**62),
    demand=demands,
    reason=texts,
    issuer=texts,
    source=texts,
    created=instants,
    start=instants,
    end=st.none() | instants,
    ticket=st.none() | texts,
    policy=st.none() | st.builds(PolicyClause, texts, texts, texts),
    scope=st.builds(Scope, names, names, names),
    idempotency_key=st.none() | texts,
    lifted=st.none() | instants,
    lift_reason=st.none() | texts,
)
