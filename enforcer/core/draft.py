# SPDX-License-Identifier: GPL-2.0-or-later
"""A demand before it is an order, and what the checks may say about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches

from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    Order,
    Scope,
    Selection,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.parties import Parties, parties_of
from enforcer.core.placement import Ownership, ownership
from enforcer.core.topology import Topology


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants done: `start` and `end` aware UTC.

    An order without an end says so: `end` None needs `open_ended`. `source`: who asks, as
    limits are stated for it. `confirm_wide`, `confirm_collateral`: the issuer knows that the
    target is wide or covers protected space, and that others than the target are hit.
    `confirm_routes`: that sessions, or routes that matter, are lost; `confirm_foreign`: that a
    blackholed destination is neither ours nor a customer's.
    """

    demand: Demand
    start: datetime
    end: datetime | None
    scope: Scope = field(default_factory=Scope)
    open_ended: bool = False
    source: str = ""
    confirm_wide: bool = False
    confirm_collateral: bool = False
    confirm_routes: bool = False
    confirm_foreign: bool = False

    def order(self) -> Order:
        """The order that this would be, without number, issuer and reason; never stored."""
        return Order(
            number=0,
            changed=0,
            demand=self.demand,
            reason="",
            issuer="",
            source="",
            created=self.start,
            start=self.start,
            end=self.end,
            scope=self.scope,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Ground:
    """What follows from a topology, worked out once for any number of drafts."""

    owners: Ownership
    parties: Parties

    @staticmethod
    def of(topology: Topology) -> Ground:
        """Who owns and who uses which addresses of `topology`."""
        return Ground(ownership(topology), parties_of(topology))


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """What the checks need beside the topology: the names of the block `lists`.

    `contents`: of those that the draft names, where they were read. `ground`, and `needs` of the
    draft's `Hit`: absent, they are worked out anew.
    """

    lists: frozenset[str] = frozenset()
    contents: Mapping[str, ListContent] = field(default_factory=dict)
    ground: Ground | None = None
    needs: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a draft cannot become an order: a stable `code`, and a sentence with the way out.

    `confirmable`: the issuer may know better and confirm; the sentence names the option.
    """

    code: str
    message: str
    confirmable: bool = False


def target_of(demand: Demand) -> Selection:
    """The side of the demand that is looked up on devices as addresses of packets.

    Empty for a list; for BGP sessions the customers that they are with.
    """
    match demand:
        case BlockAddress() | Blackhole():
            return Selection((demand.prefix,))
        case BlockPort():
            return demand.target
        case BlockFlow():
            return demand.source
        case BlockList():
            return Selection()
        case DropRoutes() | ShutdownSession():
            return Selection(customers=demand.sessions.customers)
        case SuspendCustomer() | CutFeed():
            return Selection(customers=(demand.customer,))


def counterpart_of(demand: Demand) -> Selection | None:
    """The other end of a flow; None where the demand has none."""
    match demand:
        case BlockFlow():
            return demand.destination
        case CutFeed():
            return Selection(service_sets=(demand.news_servers,))
        case _:
            return None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean x?`` where something close is known, else nothing."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
