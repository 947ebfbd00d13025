# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the target: what is nobody's to block, protected, too wide, hits others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from enforcer.core.collateral import hit_by
from enforcer.core.draft import Draft, Ground, Known, Refusal, counterpart_of, target_of
from enforcer.core.intervals import Ranges, rows_of, subtract
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    Blackhole,
    BlockList,
    DropRoutes,
    Network,
    Selection,
    ShutdownSession,
)
from enforcer.core.placement import FAMILIES
from enforcer.core.prefixes import format_network
from enforcer.core.selection import networks_of
from enforcer.core.source_limits import limits_of
from enforcer.core.special_purpose import overlap, special_purpose
from enforcer.core.times import format_duration, say_when
from enforcer.core.topology import ProtectedPrefix, SourceLimits, Topology

WIDEST = {4: 8, 6: 16}
"""Per family the shortest prefix that anybody may order, whatever is confirmed: IANA's IPv4
address space registry is kept in /8 blocks; the length for IPv6 is our choice."""

_SHOWN_PROTECTED = 3


def target(draft: Draft, topology: Topology, known: Known, ground: Ground) -> Iterator[Refusal]:
    """Codes empty-target, default-route, special-purpose, protected, too-wide, collateral,
    family-mismatch.

    The entries of a list are not judged one by one: what is protected of them is withheld. What
    is about BGP sessions has no addresses of packets.
    """
    demand = draft.demand
    if isinstance(demand, DropRoutes | ShutdownSession):
        return
    if isinstance(demand, BlockList):
        yield from _listed(demand, topology, known.contents.get(demand.list_name), ground)
        return
    selection = target_of(demand)
    targets = networks_of(selection, topology)
    if not targets:
        message = "the target has no addresses: name a prefix, a customer or a service set"
        yield Refusal("empty-target", message)
    unblockable = tuple(_unblockable(targets, topology))
    yield from unblockable
    stated = tuple(_stated(draft, topology, ground))
    if stated:
        yield from stated
    elif selection.customers or selection.service_sets:
        # Of prefixes that were typed it was said already.
        yield from _nothing_left(targets, topology, ground)
    if not unblockable and not draft.confirm_collateral:
        yield from _collateral(draft, topology, known, ground)
    counterpart = counterpart_of(demand)
    if counterpart is not None:
        yield from _families(targets, networks_of(counterpart, topology))


def _unblockable(targets: Iterable[Network], topology: Topology) -> Iterator[Refusal]:
    for network in targets:
        shown = format_network(network)
        special = special_purpose(network, topology.documentation_space)
        if network.prefixlen == 0:
            message = f"{shown} is the whole Internet: name the prefixes that are meant"
            yield Refusal("default-route", message)
        elif special is not None:
            space, purpose = special
            message = f"{shown} touches {space} ({purpose}), which is nobody's to block"
            yield Refusal("special-purpose", message)


def _stated(draft: Draft, topology: Topology, ground: Ground) -> Iterator[Refusal]:
    """Of the prefixes that the issuer typed: protected, too-wide."""
    limits = limits_of(topology, draft.source)
    for network in target_of(draft.demand).prefixes:
        if network.prefixlen:
            yield from _protected(network, draft, topology, ground)
            yield from _wide(network, draft, limits)


def _protected(
    network: Network, draft: Draft, topology: Topology, ground: Ground
) -> Iterator[Refusal]:
    protected = ground.owners.protected[network.version]
    if not len(protected):
        return
    left, withheld = subtract(rows_of((network,)), protected)
    if not len(withheld) or (len(left) and draft.confirm_wide):
        return
    said = f"{format_network(network)} touches the protected {_reasons((network,), topology)}"
    if len(left):
        way_out = "leave that out of the target, or confirm that it is withheld (--confirm-wide)"
        yield Refusal("protected", f"{said}: {way_out}", confirmable=True)
    else:
        yield Refusal("protected", f"{said}: leave that out of the target")


def _reasons(networks: Iterable[Network], topology: Topology) -> str:
    """The protected prefixes that `networks` touch, the longest first, and why they are."""
    stated = tuple(networks)
    found: list[ProtectedPrefix] = [
        p for p in topology.protected if any(overlap(p.prefix, network) for network in stated)
    ]
    found.sort(key=lambda p: (-p.prefix.prefixlen, p.prefix.version, p.prefix.network_address))
    shown = [f"{format_network(p.prefix)} ({p.reason})" for p in found[:_SHOWN_PROTECTED]]
    more = len(found) - len(shown)
    return f"{', '.join(shown)} and {more} more" if more else ", ".join(shown)


def _wide(network: Network, draft: Draft, limits: SourceLimits) -> Iterator[Refusal]:
    shown, length = format_network(network), network.prefixlen
    family = network.version
    allowed = limits.widest4 if family == 4 else limits.widest6
    if isinstance(draft.demand, Blackhole):
        # One address is the limit there, whoever asks: see `blackhole_checks`.
        allowed = None
    if length < WIDEST[family]:
        yield Refusal(
            "too-wide",
            f"{shown} is wider than /{WIDEST[family]}, which nobody may order: name the prefixes"
            " that are meant",
        )
    elif allowed is not None and length < allowed and not draft.confirm_wide:
        yield Refusal(
            "too-wide",
            f"{shown} is wider than /{allowed}, the limit of the source '{draft.source}': name a"
            " longer prefix, or confirm it (--confirm-wide)",
            confirmable=True,
        )


def _nothing_left(
    targets: Iterable[Network], topology: Topology, ground: Ground
) -> Iterator[Refusal]:
    """Code protected: all that names stand for would be withheld."""
    stated = tuple(targets)
    touched = False
    for family in FAMILIES:
        rows = rows_of(n for n in stated if n.version == family)
        left, withheld = subtract(rows, ground.owners.protected[family])
        if len(left):
            return
        touched = touched or bool(len(withheld))
    if touched:
        yield Refusal("protected", _all_protected(f"the protected {_reasons(stated, topology)}"))


def _all_protected(what: str) -> str:
    return f"the whole target lies in {what}: nothing would be left of it, name another one"


def _listed(
    demand: BlockList, topology: Topology, content: ListContent | None, ground: Ground
) -> Iterator[Refusal]:
    """Code protected: nothing would be left of what the list holds now."""
    if content is None:
        return
    parts: dict[int, Ranges] = {family: content.ranges(family) for family in FAMILIES}
    if not any(map(len, parts.values())):
        return
    protected = ground.owners.protected
    if any(len(subtract(part, protected[family])[0]) for family, part in parts.items()):
        return
    what = f"list {demand.list_name}: every entry of its version {content.version} is protected"
    yield Refusal("protected", f"{what}, and would be withheld: import a version that is not")


def _collateral(
    draft: Draft, topology: Topology, known: Known, ground: Ground
) -> Iterator[Refusal]:
    needs = known.needs
    if needs is None:
        needs = hit_by(draft.demand, topology, ground.parties, ground.owners).needs
    if needs:
        yield Refusal(
            "collateral",
            f"{'; '.join(needs)}: name a smaller target, or confirm that all of them are hit"
            " (--confirm-collateral)",
            confirmable=True,
        )


def _families(targets: list[Network], counterparts: list[Network]) -> Iterator[Refusal]:
    if not counterparts:
        message = "the other end of the flow has no addresses: name a prefix or a service set"
        yield Refusal("empty-target", message)
        return
    if targets and not {n.version for n in targets} & {n.version for n in counterparts}:
        yield Refusal(
            "family-mismatch",
            f"one end has IPv{targets[0].version} addresses only, the other"
            f" IPv{counterparts[0].version} only: no packet runs between them",
        )


def pools(
    selection: Selection, topology: Topology, start: datetime, end: datetime | None
) -> Iterator[Refusal]:
    """Code dynamic-pool: an address that changes hands is blocked no longer than its lease.

    What a customer is registered for is its own, pool or not. `end` None: an open end.
    """
    if not topology.pools:
        return
    stated = Selection(selection.prefixes, (), selection.service_sets)
    for network in networks_of(stated, topology):
        for pool in topology.pools:
            lease = timedelta(seconds=pool.lease)
            if end is not None and end - start <= lease:
                continue
            if any(overlap(network, prefix) for prefix in pool.prefixes):
                yield Refusal(
                    "dynamic-pool",
                    f"{format_network(network)} is in the dynamic pool {pool.name}, where an"
                    f" address stays with a customer for {format_duration(lease)}: give an end"
                    f" by {say_when(start + lease)}",
                )
