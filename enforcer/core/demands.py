# SPDX-License-Identifier: GPL-2.0-or-later
"""What each kind of order asks for, in rules: one `Claim` per family, device aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import assert_never

from enforcer.core.intervals import Ranges, merge, networks_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    FEED_PORTS,
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.placement import FAMILIES
from enforcer.core.rules import Exempt, Key, Rule, Service
from enforcer.core.selection import (
    exempt_of,
    ranges_in,
    ranges_of,
    service_parts,
    services,
    unresolved,
)
from enforcer.core.topology import Topology

Lists = Mapping[str, ListContent]
TCP = 6

_KEYS = {
    Direction.FROM: (Key.SOURCE,),
    Direction.TO: (Key.DESTINATION,),
    Direction.BOTH: (Key.SOURCE, Key.DESTINATION),
}
INTERFACE_KEYS = (Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE)


@dataclass(frozen=True, eq=False, slots=True)
class Claim:
    """`rules` whose members are to be `target` (canonical).

    `counterpart` (canonical): the other end of the flow, which may say where to place.
    """

    family: int
    target: Ranges
    rules: tuple[Rule, ...]
    counterpart: Ranges | None = None


def claims(demand: Demand, topology: Topology, lists: Lists) -> Iterator[Claim]:
    """The claims on addresses of one demand; none for a family that its target is empty in."""
    for family in FAMILIES:
        claim = _claim(demand, family, topology, lists)
        if claim is not None and len(claim.target) and claim.rules:
            yield claim


def interface_rules(
    demand: SuspendCustomer, topology: Topology, spared: Mapping[int, Ranges]
) -> tuple[Rule, ...]:
    """The rules of a suspension by interface, both families, both ways.

    `spared`: per family what is protected of the customer's addresses and of the links to it. A
    rule by interface has no members to leave them out of, so they are excepted from it.
    """
    return tuple(
        Rule(
            family,
            key,
            exempt=exempt_of(
                demand.exceptions, topology, family, networks_of(spared[family], family)
            ),
        )
        for family, key in product(FAMILIES, INTERFACE_KEYS)
    )


def _claim(demand: Demand, family: int, topology: Topology, lists: Lists) -> Claim | None:
    if isinstance(demand, BlockAddress) and demand.prefix.version != family:
        return None
    exempt = exempt_of(demand.exceptions, topology, family)
    match demand:
        case BlockAddress():
            target = ranges_in((demand.prefix,), family)
            return Claim(family, target, plain_rules(family, demand.direction, exempt))
        case BlockPort():
            target = ranges_of(demand.target, topology, family)
            found = services(demand.protocols, demand.ports, family)
            keys = _KEYS[demand.direction]
            rules = (Rule(family, k, s, exempt=exempt) for k, s in product(keys, found))
            return Claim(family, target, tuple(rules))
        case BlockFlow():
            return _flow(demand, family, topology, exempt)
        case BlockList():
            content = lists.get(demand.list_name)
            target = merge(content.ranges(family)) if content else Ranges.none()
            return Claim(family, target, plain_rules(family, demand.direction, exempt))
        case SuspendCustomer():
            if demand.by != "prefixes":
                return None
            target = ranges_of(Selection(customers=(demand.customer,)), topology, family)
            return Claim(family, target, plain_rules(family, Direction.BOTH, exempt))
        case CutFeed():
            return _feed(demand, family, topology, exempt)
        case DropRoutes() | Blackhole() | ShutdownSession():
            # Made by session and speaker: see `route_contributions`.
            return None
    assert_never(demand)


@lru_cache(maxsize=1024)
def plain_rules(
    family: int, direction: Direction, exempt: tuple[Exempt, ...] = ()
) -> tuple[Rule, ...]:
    """The rules that drop everything of a target, but for what is exempt."""
    return tuple(Rule(family, key, exempt=exempt) for key in _KEYS[direction])


def _flow(demand: BlockFlow, family: int, topology: Topology, exempt: tuple[Exempt, ...]) -> Claim:
    counterpart = ranges_of(demand.destination, topology, family)
    parts: dict[Service | None, Ranges]
    if demand.protocols or demand.ports:
        found = services(demand.protocols, demand.ports, family) if len(counterpart) else ()
        parts = dict.fromkeys(found, counterpart)
    else:
        parts = service_parts(demand.destination, topology, family)
    rules = tuple(
        Rule(family, key, service, peers.pairs(), exempt)
        for key, (service, peers) in product(_KEYS[demand.direction], parts.items())
    )
    return Claim(family, ranges_of(demand.source, topology, family), rules, counterpart)


def _feed(demand: CutFeed, family: int, topology: Topology, exempt: tuple[Exempt, ...]) -> Claim:
    target = ranges_of(Selection(customers=(demand.customer,)), topology, family)
    news = ranges_of(Selection(service_sets=(demand.news_servers,)), topology, family)
    found = [
        service
        for port in FEED_PORTS
        for service in (Service(TCP, None, (port, port)), Service(TCP, (port, port), None))
    ]
    keys = _KEYS[Direction.BOTH] if len(news) else ()
    rules = (Rule(family, k, s, news.pairs(), exempt) for k, s in product(keys, found))
    return Claim(family, target, tuple(rules), news)


def missing_names(demand: Demand, topology: Topology, lists: Lists) -> tuple[str, ...]:
    """Names in `demand` that neither the inventory nor the lists know."""
    selections = [demand.exceptions]
    absent: list[str] = []
    match demand:
        case BlockAddress():
            pass
        case BlockPort():
            selections.append(demand.target)
        case BlockFlow():
            selections += [demand.source, demand.destination]
        case BlockList():
            absent += [] if demand.list_name in lists else [f"list {demand.list_name}"]
        case SuspendCustomer():
            selections.append(Selection(customers=(demand.customer,)))
        case CutFeed():
            selections.append(Selection((), (demand.customer,), (demand.news_servers,)))
        case DropRoutes() | ShutdownSession():
            selections.append(Selection(customers=demand.sessions.customers))
        case Blackhole():
            pass
    absent += [name for selection in selections for name in unresolved(selection, topology)]
    return tuple(dict.fromkeys(absent))
