# SPDX-License-Identifier: GPL-2.0-or-later
"""What the core promises, as functions that name the first broken promise, or return None.

Each takes the implementation that it judges, so that the negative controls can hand it a
broken one and see it caught.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from enforcer.core.addresses import to_column
from enforcer.core.compile import Compiled, compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.drift import Delta
from enforcer.core.orders import Order, in_force
from enforcer.core.placement import ownership
from enforcer.core.rules import Addresses, Desired, Integers, Members
from tests.oracle import Packet, dropped, rules_drop
from tests.strategies import HOUR, NOW, Case

Row = tuple[int, int, int, int]
Cover = Callable[[Addresses, Addresses, Integers, Integers], Members]
CompileCase = Callable[[Case, Sequence[Order]], dict[str, Desired]]
Advance = Callable[[Compiled, Sequence[Contributions], Sequence[int]], tuple[Compiled, Delta]]


def columns(rows: Sequence[Row]) -> tuple[Addresses, Addresses, Integers, Integers]:
    """Rows as the four columns of `Members`."""
    ends, orders = (np.array([row[at] for row in rows], np.int64) for at in (2, 3))
    return to_column(r[0] for r in rows), to_column(r[1] for r in rows), ends, orders


def members(rows: Sequence[Row]) -> Members:
    """Rows as members, as they stand."""
    return Members(*columns(rows))


def probes(rows: Sequence[Row]) -> list[int]:
    """Every address at which anything can change, and its neighbours."""
    near = {edge + by for row in rows for edge in row[:2] for by in (-1, 0, 1)}
    return sorted(address for address in near if 0 <= address < 2**128)


def winner(rows: Sequence[Row], address: int) -> tuple[int, int] | None:
    """(end, order) that an address must carry: the latest end, then the lowest order."""
    around = [(end, order) for first, last, end, order in rows if first <= address <= last]
    return min(around, key=lambda row: (-row[0], row[1]), default=None)


def cover_fault(cover: Cover, rows: Sequence[Row]) -> str | None:
    """Latest end per address, sorted, disjoint, runs as long as possible."""
    found = list(cover(*columns(rows)).rows())
    for before, after in pairwise(found):
        if before[1] >= after[0]:
            return f"{before} and {after} overlap or are out of order"
        if before[1] + 1 == after[0] and before[2:] == after[2:]:
            return f"{before} and {after} are one run"
    for address in {*probes(rows), *probes(found)}:
        if winner(found, address) != winner(rows, address):
            return f"{address}: {winner(found, address)} instead of {winner(rows, address)}"
    return None


def asks(case: Case, orders: Sequence[Order]) -> list[Contributions]:
    """What the orders ask for under the case's topology."""
    owners = ownership(case.topology)
    return [contributions(order, case.topology, case.lists, owners) for order in orders]


def compile_case(case: Case, orders: Sequence[Order]) -> dict[str, Desired]:
    """The desired state of every device."""
    return compile_asks(case, asks(case, orders))


def compile_asks(case: Case, asked: Sequence[Contributions]) -> dict[str, Desired]:
    """The same from contributions."""
    return {name: compile_device(name, asked).desired for name in case.topology.devices}


def compile_fault(compile_orders: CompileCase, case: Case) -> str | None:
    """A packet is dropped iff the oracle says so, now and as members reach their ends."""
    standing = [order for order in case.orders if in_force(order, NOW)]
    desired = compile_orders(case, standing)
    for packet in case.packets:
        for hours in (0, 1, 2, 4):
            at = NOW + hours * HOUR
            wanted = dropped(packet, standing, case.topology, case.lists, at)
            if _dropped_by(packet, desired, at) != bool(wanted):
                return f"{packet} in {hours} h: the oracle says {sorted(wanted)}"
    return None


def _dropped_by(packet: Packet, desired: dict[str, Desired], at: datetime) -> bool:
    return any(
        rules_drop(packet, found, at)
        for name, found in desired.items()
        if packet.device in (None, name)
    )


def applied(desired: Desired, delta: Delta) -> Desired:
    """`desired` after the delta's rows were removed and added, row by row."""
    addresses = {rule: set(found.rows()) for rule, found in desired.addresses.items()}
    for rule, change in delta.addresses.items():
        rows = addresses.setdefault(rule, set())
        assert rows >= set(change.remove.rows()), "removes what is not there"
        rows -= set(change.remove.rows())
        assert not rows & set(change.add.rows()), "adds what is there"
        rows |= set(change.add.rows())
    interfaces = {rule: set(found) for rule, found in desired.interfaces.items()}
    for rule, moved in delta.interfaces.items():
        names = interfaces.setdefault(rule, set())
        assert names >= set(moved.remove), "removes what is not there"
        names -= set(moved.remove)
        names |= set(moved.add)
    return Desired(
        desired.device,
        {rule: members(sorted(rows)) for rule, rows in addresses.items() if rows},
        {rule: tuple(sorted(names)) for rule, names in interfaces.items() if names},
    )


Step = tuple[Sequence[Contributions], Sequence[int]]


def advance_fault(advance: Advance, device: str, steps: Sequence[Step]) -> str | None:
    """After every step equal to a full compile, and the delta is the exact difference."""
    compiled = compile_device(device, ())
    standing: dict[int, Contributions] = {}
    for number, (began, ended) in enumerate(steps):
        before = compiled.desired
        compiled, delta = advance(compiled, began, ended)
        standing = {n: item for n, item in standing.items() if n not in ended}
        standing |= {item.order: item for item in began}
        whole = compile_device(device, list(standing.values())).desired
        if not compiled.desired.same_as(whole) or compiled.desired.withheld != whole.withheld:
            return f"step {number}: not a full compile"
        try:
            after = applied(before, delta)
        except AssertionError as fault:
            return f"step {number}: the delta {fault}"
        if not after.same_as(whole):
            return f"step {number}: the delta does not lead there"
        if (delta and before.same_as(whole)) or _overlap(delta):
            return f"step {number}: the delta touches what did not change"
    return None


def _overlap(delta: Delta) -> bool:
    return any(
        set(change.add.rows()) & set(change.remove.rows())
        or not (len(change.add) or len(change.remove))
        for change in delta.addresses.values()
    )


def ending(order: Order, hours: int) -> Order:
    """The same order with another end."""
    return replace(order, end=NOW + hours * HOUR, lifted=None)
