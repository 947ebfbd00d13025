# SPDX-License-Identifier: GPL-2.0-or-later
"""The contract's orders for a device that holds rules about BGP routes alone.

Each order about packets has one about routes in its place, of as many members and as independent
of the others; a subject asks for it by the attribute `routes`, and states two IPv4 neighbors of
both families that are behind ``hosting``, before any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

from enforcer.core.intervals import networks_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    Order,
    Sessions,
)
from tests.contract.subject import Subject, device_of

_ORIGIN, _PATH = 64500, 64999


def for_routes(subject: Subject) -> bool:
    """Whether the subject's device holds rules about routes alone."""
    only: bool = getattr(subject, "routes", False)
    return only


def as_routes(
    subject: Subject, orders: Iterable[Order], lists: Mapping[str, ListContent]
) -> list[Order]:
    """The same orders, about routes."""
    first, second = (n.address for n in device_of(subject).neighbors[:2])
    return [replace(o, demand=_about_routes(o.demand, first, second, lists)) for o in orders]


def _about_routes(
    demand: Demand,
    first: IPv4Address | IPv6Address,
    second: IPv4Address | IPv6Address,
    lists: Mapping[str, ListContent],
) -> Demand:
    one, other, both = (Sessions(neighbors=n) for n in ((first,), (second,), (first, second)))
    match demand:
        case BlockAddress():
            where = both if demand.direction is Direction.BOTH else one
            return DropRoutes(where, (demand.prefix,), or_longer=True)
        case BlockPort():
            origin = _ORIGIN + sum(demand.protocols)
            kept = demand.exceptions
            return DropRoutes(one, choice="every", origin_as=origin, exceptions=kept)
        case BlockFlow():
            return DropRoutes(one, demand.destination.prefixes, direction="out")
        case BlockList():
            return DropRoutes(other, tuple(networks_of(lists[demand.list_name].ranges(4), 4)))
        case CutFeed():
            return DropRoutes(both, choice="every", path_as=_PATH, direction="out")
        case _:
            return demand
