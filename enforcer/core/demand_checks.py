# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of a demand by itself: names, service, time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from enforcer.core.draft import (
    Draft,
    Known,
    Refusal,
    counterpart_of,
    did_you_mean,
    target_of,
)
from enforcer.core.orders import (
    Blackhole,
    BlockFlow,
    BlockList,
    BlockPort,
    Demand,
    PortRange,
    Scope,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.selection import networks_of
from enforcer.core.services import MAX_PORT, MAX_PROTOCOL, WITH_PORTS, format_protocol
from enforcer.core.times import LONGEST, say_when
from enforcer.core.topology import Topology


def names(draft: Draft, topology: Topology, known: Known) -> Iterator[Refusal]:
    """Codes unknown-customer, unknown-service-set, unknown-list, unknown-device."""
    demand = draft.demand
    for selection in (target_of(demand), counterpart_of(demand), demand.exceptions):
        if selection is not None:
            yield from _unknown("customer", selection.customers, topology.customers)
            yield from _unknown("service set", selection.service_sets, topology.service_sets)
    if isinstance(demand, BlockList):
        yield from _unknown("list", (demand.list_name,), known.lists)
    yield from _scope_names(draft.scope, topology)


def _unknown(kind: str, used: Iterable[str], known: Collection[str]) -> Iterator[Refusal]:
    for name in used:
        if name not in known:
            yield Refusal(
                f"unknown-{kind.replace(' ', '-')}",
                f"there is no {kind} '{name}'{did_you_mean(name, known)}",
            )


def _scope_names(scope: Scope, topology: Topology) -> Iterator[Refusal]:
    if not scope:
        return
    devices = topology.devices
    roles = {role for device in devices.values() for role in device.roles}
    sites = {device.site for device in devices.values()} - {""}
    for kind, used, known in (
        ("device", scope.devices, set(devices)),
        ("device with the role", scope.roles, roles),
        ("device at the site", scope.sites, sites),
    ):
        for name in used:
            if name not in known:
                hint = did_you_mean(name, sorted(known))
                yield Refusal("unknown-device", f"the scope names no {kind} '{name}'{hint}")


def service(demand: Demand) -> Iterator[Refusal]:
    """Codes bad-protocol, bad-port-range, protocol-without-ports-given-ports,
    flow-needs-protocol-for-ports, protocol-missing, ports-missing."""
    if not isinstance(demand, BlockPort | BlockFlow):
        return
    yield from _numbers(demand)
    numbers = [n for n in demand.protocols if 0 <= n <= MAX_PROTOCOL]
    without = [format_protocol(n) for n in numbers if n not in WITH_PORTS]
    if demand.ports and without:
        yield Refusal(
            "protocol-without-ports-given-ports",
            f"{', '.join(without)} has no ports: order it by itself, without ports",
        )
    if isinstance(demand, BlockFlow):
        if demand.ports and not demand.protocols:
            message = "ports mean nothing without a protocol: name it, such as tcp"
            yield Refusal("flow-needs-protocol-for-ports", message)
    elif not demand.protocols:
        yield Refusal("protocol-missing", "name the protocols to block, such as tcp")
    elif not demand.ports and len(without) < len(numbers):
        yield Refusal("ports-missing", f"name the ports to block, or 0-{MAX_PORT} for all of them")


def _numbers(demand: BlockPort | BlockFlow) -> Iterator[Refusal]:
    for number in demand.protocols:
        if not 0 <= number <= MAX_PROTOCOL:
            yield Refusal("bad-protocol", f"{number} is no protocol: 0 to {MAX_PROTOCOL}")
    for ports in demand.ports:
        if not 0 <= ports.first <= ports.last <= MAX_PORT:
            yield Refusal("bad-port-range", _bad_range(ports))


def _bad_range(ports: PortRange) -> str:
    return (
        f"{ports.first}-{ports.last} is no port range: two numbers from 0 to {MAX_PORT},"
        " the smaller one first"
    )


def suspension(demand: Demand, topology: Topology) -> Iterator[Refusal]:
    """Codes suspension-needs-exceptions, shutdown-spares-nothing, nothing-can-be-kept."""
    if isinstance(demand, Blackhole | ShutdownSession):
        yield from _keeps(demand)
        return
    if not isinstance(demand, SuspendCustomer):
        return
    if demand.by == "session":
        yield from _keeps(demand)
        return
    if demand.by == "shutdown":
        if demand.exceptions:
            yield Refusal(
                "shutdown-spares-nothing",
                "nothing passes an interface that is shut down: leave the exceptions out, or"
                " suspend by prefixes, where they hold",
            )
    elif not networks_of(demand.exceptions, topology):
        yield Refusal(
            "suspension-needs-exceptions",
            "a suspended customer keeps resolvers, DHCP, the walled garden and emergency calls:"
            " name the service set that holds them as an exception",
        )


def _keeps(demand: Blackhole | ShutdownSession | SuspendCustomer) -> Iterator[Refusal]:
    if demand.exceptions:
        what = "a blackhole" if isinstance(demand, Blackhole) else "a session that is shut down"
        yield Refusal(
            "nothing-can-be-kept",
            f"nothing can be kept from {what}: leave the exceptions out, or block the packets"
            " instead, where they hold",
        )


def time(draft: Draft, now: datetime) -> Iterator[Refusal]:
    """Codes end-missing, end-and-open-ended, end-in-past, end-too-far, end-before-start."""
    end = draft.end
    if end is None:
        if not draft.open_ended:
            message = "an order needs an end: give a duration or an instant, or ask for an open end"
            yield Refusal("end-missing", message)
        return
    if draft.open_ended:
        yield Refusal("end-and-open-ended", "both an end and an open end are asked for: choose one")
    if end <= now:
        yield Refusal("end-in-past", f"the end {say_when(end)} is over: give a later one")
    if end - now > LONGEST:
        yield Refusal("end-too-far", too_far(end))
    if end <= draft.start:
        message = f"the order would end ({say_when(end)}) before it starts"
        yield Refusal("end-before-start", f"{message} ({say_when(draft.start)})")


def too_far(end: datetime) -> str:
    """What is said of an end that is later than `LONGEST` from now: devices hold none such."""
    return (
        f"the end {say_when(end)} is more than {LONGEST.days} days away:"
        " give an earlier one, or ask for an open end (--open-ended)"
    )
