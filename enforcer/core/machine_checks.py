# SPDX-License-Identifier: GPL-2.0-or-later
"""What a detector's token may ask for at most; nothing that it sends overrides it.

These come beside the guardrails and the limits of its source, whichever is narrower.

======================= ==========================================================
code                    refused because
======================= ==========================================================
machine-kind            its token does not allow this kind of order
machine-too-late        it would start later than ten minutes from now
machine-too-long        longer than its token allows, counted from now, or without an
                        end; also a later end, counted from the order's start
machine-too-wide        the prefixes, and what names stand for, are together wider
                        than its token allows; or a list, routes or sessions that
                        nobody counted
machine-foreign-space   not all of the target is our own or our customers'
machine-may-not-confirm it sent a confirmation, which only people give
machine-too-fast        its source placed as many within a minute as its token allows
needs-approval          a person would need a second one for it
======================= ==========================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from enforcer.core.access import MachineLimits
from enforcer.core.blackhole_checks import own_space
from enforcer.core.draft import Draft, Refusal, target_of
from enforcer.core.intervals import Runs, ends_of, merge, rows_of, size
from enforcer.core.orders import (
    BlockList,
    CutFeed,
    DropRoutes,
    Network,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.placement import FAMILIES
from enforcer.core.prefixes import format_network
from enforcer.core.selection import networks_of, ranges_in
from enforcer.core.times import format_duration, say_when
from enforcer.core.topology import Topology

_LATEST = timedelta(minutes=10)
"""A detector orders what it sees now; so much its clock may be ahead."""


def own_runs(topology: Topology) -> dict[int, Runs]:
    """Our own and our customers' space, per family; made once for any number of drafts."""
    own = list(own_space(topology))
    return {family: Runs.of(ranges_in(own, family)) for family in FAMILIES}


def machine(
    draft: Draft,
    limits: MachineLimits,
    topology: Topology,
    own: Mapping[int, Runs],
    now: datetime,
) -> Iterator[Refusal]:
    """Codes machine-kind, machine-too-late, machine-too-long, machine-too-wide,
    machine-foreign-space, machine-may-not-confirm: everything but what others placed.

    `own`: of `own_runs`; `now`: aware UTC.
    """
    yield from _kind(draft, limits)
    yield from _late(draft, now)
    yield from lasting(min(draft.start, now), draft.end, limits)
    yield from _confirmed(draft)
    yield from _wide(draft, limits, topology)
    if limits.own_space:
        yield from _foreign(draft, topology, own)


def too_fast(limits: MachineLimits, source: str, last_minute: int) -> Iterator[Refusal]:
    """Code machine-too-fast; `last_minute`: what the source placed within a minute."""
    if last_minute >= limits.per_minute:
        yield Refusal(
            "machine-too-fast",
            f"the detector '{source}' placed {last_minute} orders within a minute and may place"
            f" {limits.per_minute}: wait, and look at what it sees",
        )


def lasting(start: datetime, end: datetime | None, limits: MachineLimits) -> Iterator[Refusal]:
    """Code machine-too-long; `end` None: an open end, or none at all."""
    longest = timedelta(seconds=limits.longest)
    if end is not None and end - start <= longest:
        return
    asked = "without an end" if end is None else f"until {say_when(end)}"
    yield Refusal(
        "machine-too-long",
        f"this detector may order for {format_duration(longest)} at most, not {asked}: give an"
        " earlier end, or let a person order it",
    )


def _late(draft: Draft, now: datetime) -> Iterator[Refusal]:
    if draft.start - now > _LATEST:
        yield Refusal(
            "machine-too-late",
            f"a detector may not order for {say_when(draft.start)}: only for now, or at most"
            f" {format_duration(_LATEST)} ahead",
        )


def _kind(draft: Draft, limits: MachineLimits) -> Iterator[Refusal]:
    kind = draft.demand.kind
    if limits.kinds and kind not in limits.kinds:
        allowed = ", ".join(sorted(limits.kinds))
        yield Refusal(
            "machine-kind", f"this detector may not order {kind}: its token allows {allowed}"
        )


def _confirmed(draft: Draft) -> Iterator[Refusal]:
    given = (
        ("wide", draft.confirm_wide),
        ("collateral", draft.confirm_collateral),
        ("routes", draft.confirm_routes),
        ("foreign", draft.confirm_foreign),
    )
    named = [f"confirm_{name}" for name, is_given in given if is_given]
    if named:
        yield Refusal(
            "machine-may-not-confirm",
            f"{', '.join(named)}: only a person knows better; leave it out, or let one order it",
        )


def _wide(draft: Draft, limits: MachineLimits, topology: Topology) -> Iterator[Refusal]:
    """A customer that is suspended by name is as wide as it is; lists and routes are not."""
    demand = draft.demand
    if isinstance(demand, BlockList):
        if demand.kind not in limits.kinds:
            yield _too_wide(f"list {demand.list_name} has any number of addresses")
        return
    if isinstance(demand, DropRoutes) and (demand.choice != "listed" or not demand.sessions):
        yield _too_wide("a detector names the routes and the sessions that it means")
    if isinstance(demand, ShutdownSession | SuspendCustomer | CutFeed):
        if isinstance(demand, ShutdownSession) and not demand.sessions:
            yield _too_wide("a detector names the sessions that it means")
        return
    measured = _measured(draft, topology)
    for family, widest in ((4, limits.widest4), (6, limits.widest6)):
        stated = [network for network in measured if network.version == family]
        if not stated or size(merge(rows_of(stated))) <= 1 << (stated[0].max_prefixlen - widest):
            continue
        first = min(stated, key=lambda network: network.prefixlen)
        is_one = first.prefixlen < widest
        named = f"{format_network(first)} is" if is_one else "the prefixes are together"
        yield _too_wide(f"{named} wider than /{widest}, which is all it may order")
        return


def _too_wide(said: str) -> Refusal:
    return Refusal(
        "machine-too-wide",
        f"{said}: nothing that a detector confirms changes that, let a person order it",
    )


def _measured(draft: Draft, topology: Topology) -> list[Network]:
    """The prefixes that are blocked, or whose routes are rejected; names stand for theirs."""
    if isinstance(draft.demand, DropRoutes):
        return list(draft.demand.prefixes)
    return networks_of(target_of(draft.demand), topology)


def _foreign(draft: Draft, topology: Topology, own: Mapping[int, Runs]) -> Iterator[Refusal]:
    demand = draft.demand
    if isinstance(demand, BlockList):
        yield _outside(f"list {demand.list_name}")
    elif isinstance(demand, DropRoutes | ShutdownSession):
        named = demand.sessions
        if not named.customers or named.asns or named.neighbors:
            yield _outside("what is not a session with a named customer")
    if isinstance(demand, SuspendCustomer | CutFeed):
        return
    for network in _measured(draft, topology):
        first, last = ends_of(network)
        runs = own[network.version]
        met = runs.met(first, last)
        if not met or not runs.around(met[0], first, last):
            yield _outside(format_network(network))
            return


def _outside(shown: str) -> Refusal:
    return Refusal(
        "machine-foreign-space",
        f"{shown} is not all in our own or our customers' space, and this detector may order"
        " nothing else: let a person order it, or block the traffic to who is attacked",
    )
