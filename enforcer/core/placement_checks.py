# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a draft against the devices that would hold it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from enforcer.core.capability import (
    barred,
    barred_reason,
    translated,
    translated_reason,
    unsupported,
)
from enforcer.core.collateral import listed
from enforcer.core.contributions import Contribution, contributions
from enforcer.core.demands import claims
from enforcer.core.draft import Draft, Refusal
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    DEFAULT_VRF,
    BlockFlow,
    BlockList,
    BlockPort,
    DropRoutes,
    Scope,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.placement import Ownership, attached
from enforcer.core.plan import Capability
from enforcer.core.prefixes import format_network
from enforcer.core.rules import Members, Rule
from enforcer.core.shutdown import guarded, others_behind, our_way
from enforcer.core.topology import ROLE_BORDER, Attachment, Customer, Device, Leaving, Topology

_ONE = np.array([[0, 1]], np.uint64)
_ANY_LIST = ListContent(0, _ONE, _ONE, _ONE, _ONE)
"""Stands in for a list: one address per family shows which rules a list needs."""


@dataclass(frozen=True)
class _Placed:
    devices: tuple[str, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    parts: tuple[Contribution, ...] = ()


def placement(
    draft: Draft,
    topology: Topology,
    capabilities: Mapping[str, Capability],
    owners: Ownership,
) -> Iterator[Refusal]:
    """Codes no-attachment, shared-interface, carries-management, protected (what is behind an
    interface that would be shut), no-device-in-scope, family-mismatch (a protocol that the
    target's family lacks), vrf-unsupported, unsupported-on-device.

    All names in the draft are known.
    """
    attachment = tuple(_attachment(draft, topology))
    yield from attachment
    if attachment:
        return
    placed = _place(draft, topology, owners)
    if not placed.devices:
        yield _nowhere(draft, topology)
    elif _sessions_alone(draft, placed, topology):
        yield Refusal(
            "no-device-in-scope",
            "the BGP sessions would be shut, and no device would drop the customer's packets:"
            " give one that filters packets the role border, widen the scope, or suspend by"
            " session (--mode session)",
        )
    yield from vrf(draft, placed.devices, capabilities)
    yield from _capable(placed, topology, capabilities)


def vrf(
    draft: Draft, devices: Iterable[str], capabilities: Mapping[str, Capability]
) -> Iterator[Refusal]:
    """Code vrf-unsupported: every device must declare a VRF that is not the default one."""
    wanted = draft.demand.vrf
    if wanted != DEFAULT_VRF and isinstance(draft.demand, DropRoutes | ShutdownSession):
        message = f"BGP sessions in the VRF '{wanted}' are not filtered: use '{DEFAULT_VRF}'"
        yield Refusal("vrf-unsupported", message)
        return
    vrfs = [capabilities[name].vrfs if name in capabilities else () for name in devices]
    if wanted != DEFAULT_VRF and not (vrfs and all(wanted in held for held in vrfs)):
        message = f"not every device can hold rules in the VRF '{wanted}': use '{DEFAULT_VRF}'"
        yield Refusal("vrf-unsupported", message)


def _attachment(draft: Draft, topology: Topology) -> Iterator[Refusal]:
    demand = draft.demand
    if not isinstance(demand, SuspendCustomer) or demand.by in ("prefixes", "session"):
        return
    scope = topology.filtering(draft.scope)
    customer = topology.customers[demand.customer]
    here = {a for a in customer.attachments if a.interface and a.device in scope}
    if not here:
        where = "in the scope" if customer.attachments else "in the inventory"
        if any(a.interface for a in customer.attachments) and topology.only_routes():
            where += " at a device that filters packets"
        message = f"{customer.name} has no attachment {where}: add it, or suspend by prefixes"
        yield Refusal("no-attachment", message)
    if demand.by == "shutdown":
        yield from _shut(customer, here, topology)
        return
    for other in topology.customers.values():
        for shared in here.intersection(other.attachments) if other is not customer else ():
            yield Refusal(
                "shared-interface",
                f"{other.name} is attached to {shared.device} {shared.interface} too:"
                f" suspend {customer.name} by prefixes",
            )


def _shut(customer: Customer, here: Iterable[Attachment], topology: Topology) -> Iterator[Refusal]:
    """What speaks against shutting a customer's interfaces down."""
    instead = f"suspend {customer.name} by prefixes"
    for place in sorted(here, key=lambda a: (a.device, a.interface)):
        name = place.interface
        way = our_way(topology.devices[place.device], name)
        if way:
            too = "" if way == name else f", which goes down with {name}"
            message = f"{place.device} is reached through {way}{too}, and would be lost: {instead}"
            yield Refusal("carries-management", message)
        for who, where in others_behind(topology, place.device, name, customer.name):
            too = "" if where == name else f", which goes down with {name}"
            message = f"{who} is behind {place.device} {where}{too}: {instead}"
            yield Refusal("shared-interface", message)
    for one in guarded(customer, topology):
        message = f"{format_network(one.prefix)} is protected ({one.reason}) and would be cut"
        yield Refusal("protected", f"{message}: {instead}")


def _place(draft: Draft, topology: Topology, owners: Ownership) -> _Placed:
    if isinstance(draft.demand, BlockList):
        return _place_list(draft, draft.demand, topology)
    found = contributions(draft.order(), topology, {}, owners)
    rules: dict[str, tuple[Rule, ...]] = {}
    for part in found.parts:
        rules[part.device] = (*rules.get(part.device, ()), part.rule)
    return _Placed(found.devices, rules, found.parts)


def _sessions_alone(draft: Draft, placed: _Placed, topology: Topology) -> bool:
    """Whether a suspension by prefixes finds nobody who filters packets."""
    demand = draft.demand
    if not isinstance(demand, SuspendCustomer) or demand.by != "prefixes":
        return False
    filtering = any(topology.devices[name].filters_packets for name in placed.devices)
    return not filtering and any(claims(demand, topology, {}))


def _place_list(draft: Draft, demand: BlockList, topology: Topology) -> _Placed:
    """A list goes to borders and, entry by entry, to the customers whose addresses it names."""
    if draft.scope:
        certain = possible = topology.filtering(draft.scope)
    else:
        certain = topology.borders()
        possible = certain or _anywhere(topology)
    lists = {demand.list_name: _ANY_LIST}
    rules = tuple(rule for claim in claims(demand, topology, lists) for rule in claim.rules)
    return _Placed(possible, dict.fromkeys(certain, rules))


def _anywhere(topology: Topology) -> tuple[str, ...]:
    places = {name for c in topology.customers.values() for name in attached(c)}
    return tuple(sorted(places - topology.draining() - topology.only_routes()))


def _nowhere(draft: Draft, topology: Topology) -> Refusal:
    demand = draft.demand
    if isinstance(demand, BlockPort | BlockFlow) and not any(claims(demand, topology, {})):
        message = "packets of the target's address family never carry that protocol"
        return Refusal("family-mismatch", message)
    message = "no device would hold this: give one the role border, or name a scope"
    if routers := [n for n, d in topology.devices.items() if _only_routes(d)]:
        message += f" ({listed(sorted(routers))} filters no packets)"
    if draft.scope:
        leaving = _draining_in(draft.scope, topology)
        message = "no device matches the whole scope: widen it"
        if routers := [
            n for n in topology.in_scope(draft.scope) if not topology.devices[n].filters_packets
        ]:
            message = (
                f"{listed(routers)} filters no packets, only routes: name a device that forwards"
                " them and filters there"
            )
        if leaving:
            word = "is" if len(leaving) == 1 else "are"
            message = (
                f"{listed(leaving)} {word} being retired: nothing new is placed there,"
                " name a device that stays"
            )
    return Refusal("no-device-in-scope", message)


def _only_routes(device: Device) -> bool:
    return ROLE_BORDER in device.roles and not device.filters_packets


def _draining_in(scope: Scope, topology: Topology) -> list[str]:
    """The devices in `scope` that would match it, were they not being retired."""
    staying = {
        name: replace(device, leaving=Leaving.NO) for name, device in topology.devices.items()
    }
    return [n for n in Topology(staying).in_scope(scope) if n in topology.draining()]


def _capable(
    placed: _Placed, topology: Topology, capabilities: Mapping[str, Capability]
) -> Iterator[Refusal]:
    reasons: list[str] = []
    for name, rules in placed.rules.items():
        if name in capabilities:
            device, capability = topology.devices[name], capabilities[name]
            reasons += [r for rule in rules if (r := unsupported(rule, device, capability))]
    for part in placed.parts:
        device = topology.devices[part.device]
        if device.nat and bool(translated(part.rule, _members(part), device).any()):
            reasons.append(translated_reason(device))
        able = capabilities.get(part.device)
        if able is not None and able.barred and len(barred(part.rule, _members(part), able)):
            reasons.append(barred_reason(part.rule, device, able))
    for reason in dict.fromkeys(reasons):
        message = f"{reason.rstrip('.')}: choose another scope or another order"
        yield Refusal("unsupported-on-device", message)


def _members(part: Contribution) -> Members:
    column = np.zeros(len(part.first), np.int64)
    return Members(part.first, part.last, column, column)
