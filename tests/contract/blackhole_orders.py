# SPDX-License-Identifier: GPL-2.0-or-later
"""The contract's orders for a device that announces blackholes alone.

Each order about packets has one about a blackhole in its place, as independent of the others; a
list has one for each of its prefixes. A subject asks for it by the attribute `blackholes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_network

from enforcer.core.intervals import networks_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Order,
    SuspendCustomer,
)
from tests.contract.subject import Subject

UPSTREAMS = {"upa": "65000:1001", "upb": "65000:1002"}


def for_blackholes(subject: Subject) -> bool:
    """Whether the subject's device announces blackholes alone."""
    only: bool = getattr(subject, "blackholes", False)
    return only


def as_blackholes(orders: Iterable[Order], lists: Mapping[str, ListContent]) -> list[Order]:
    """The same orders, about blackholes."""
    return [found for order in orders for found in _blackholes(order, lists)]


def _blackholes(order: Order, lists: Mapping[str, ListContent]) -> Iterator[Order]:
    demand = order.demand
    if isinstance(demand, BlockList):
        for at, prefix in enumerate(networks_of(lists[demand.list_name].ranges(4), 4)):
            yield replace(order, number=1000 + at, demand=Blackhole(prefix))
    else:
        yield replace(order, demand=_blackhole(demand))


def _blackhole(demand: Demand) -> Blackhole:
    match demand:
        case BlockAddress():
            return Blackhole(demand.prefix)
        case BlockPort():
            # Inside a prefix of another order, or beside it.
            prefix = ip_network(f"198.51.100.{64 + 4 * (sum(demand.protocols) % 16)}/31")
            return Blackhole(prefix, exports=("upa",))
        case BlockFlow():
            return Blackhole(ip_network("2001:db8:bad:1::/64"), exports=("upb",))
        case SuspendCustomer():
            length = {"prefixes": 28, "interface": 29}.get(demand.by, 30)
            return Blackhole(ip_network(f"198.51.100.224/{length}"))
        case CutFeed():
            return Blackhole(ip_network("198.51.100.80/28"), exports=("upa", "upb"))
        case _:
            raise AssertionError(demand)
