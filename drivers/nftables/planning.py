# SPDX-License-Identifier: GPL-2.0-or-later
"""From a drift to bounded batches in safe order. Pure.

A change that fits into one batch is one transaction, structure and all. A bigger one first makes
what is missing (leaving what may still enforce), then writes members, and last removes what is
no longer wanted: no moment enforces less than the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from drivers.nftables.layout import (
    Layout,
    first_layout,
    is_host,
    next_layout,
)
from drivers.nftables.model import Held, Spec
from drivers.nftables.names import HOSTS, RANGES, free_letter
from drivers.nftables.render import COMMON, specification
from drivers.nftables.shut import NO_PORTS, SHUT, PortChange, left
from drivers.nftables.shut import change as change_ports
from enforcer.core.addresses import Flags
from enforcer.core.drift import Change, Delta, Drift, InterfaceChange
from enforcer.core.intervals import match
from enforcer.core.raw import concatenate
from enforcer.core.rules import Actual, Desired, Members, Owner, Rule

_LOOK_FROM = 1_000
"""Smaller changes never make a layout be looked at: urgent orders do not wait for that."""

Piece = tuple[Rule, Change]


@dataclass(frozen=True, slots=True)
class Setup:
    """What is fixed for one device."""

    owner: Owner
    hooks: frozenset[str]
    counters: bool

    def specification(self, rules: Mapping[Rule, Layout | None]) -> Spec:
        """The table for `rules`."""
        return specification(rules, self.hooks, self.counters)


@dataclass(frozen=True, eq=False)
class Intent:
    """What a plan wants, before it is cut into batches.

    `spec` None: the structure stays. `pieces`: members to write, by rule; `moves` the same for
    interfaces. `dropped`: members that go with their sets. `mark`: it is missing or another's;
    `renewed`: it is ours and is written anew, because members are added. `ports`: interfaces to
    shut and to bring up; `kept`: those of the record that stay. `closing`: the table without the
    record, once nothing is in it.
    """

    spec: Spec | None
    layouts: Mapping[Rule, Layout]
    interfaces: frozenset[Rule]
    pieces: tuple[Piece, ...]
    moves: Mapping[Rule, InterfaceChange]
    dropped: Delta
    mark: Owner | None
    rebuild: bool
    renewed: Owner | None = None
    ports: PortChange = NO_PORTS
    kept: tuple[str, ...] = ()
    closing: Spec | None = None


def held_of(actual: Actual) -> Held:
    """What this driver keeps with a reading. Raises ValueError for another driver's."""
    if not isinstance(actual.native, Held):
        raise ValueError(f"the state of {actual.device} was not read by the nftables driver")
    return actual.native


# -- intent ----------------------------------------------------------------------------------


def intend(setup: Setup, desired: Desired, drift: Drift, actual: Actual) -> Intent:
    """What must be done about `drift`."""
    held = held_of(actual)
    rebuild = held.refused and held.found.flags is not None
    layouts = _layouts(desired, drift, held, rebuild)
    moved = drift.delta.interfaces.get(SHUT, InterfaceChange((), ()))
    mending = rebuild or bool(drift.findings)
    ports = change_ports(moved, desired.interfaces.get(SHUT, ()), held.record, mending=mending)
    kept = left(held.record, ports)
    interfaces = frozenset(desired.interfaces)
    if SHUT in held.interfaces or ports or kept:
        interfaces |= {SHUT}
    fresh = desired.mark or setup.owner
    mark = fresh if actual.owner != setup.owner or rebuild else None
    same = (layouts, interfaces) == (held.layouts, held.interfaces)
    structural = rebuild or bool(drift.findings) or mark is not None or not same
    spec = None
    if structural:
        spec = setup.specification({**layouts, **dict.fromkeys(interfaces)})
    if rebuild:
        pieces, moves = _everything(desired)
    else:
        pieces = tuple(_pieces(desired, drift.delta, held, layouts, actual))
        moves = {r: m for r, m in drift.delta.interfaces.items() if r in interfaces}
    moves.pop(SHUT, None)
    dropped = Delta(
        {r: c for r, c in drift.delta.addresses.items() if r not in layouts},
        {r: m for r, m in drift.delta.interfaces.items() if r not in interfaces},
    )
    adds = any(len(c.add) for _, c in pieces) or any(m.add for m in moves.values())
    adds |= bool(ports.add)
    renewed = desired.mark if mark is None and adds else None
    closing = None
    if SHUT in interfaces and SHUT not in desired.interfaces and not kept and not ports.add:
        rest = dict.fromkeys(interfaces - {SHUT})
        closing = setup.specification({**layouts, **rest})
    return Intent(
        spec,
        layouts,
        interfaces,
        pieces,
        moves,
        dropped,
        mark,
        rebuild,
        renewed,
        ports,
        kept,
        closing,
    )


def _layouts(desired: Desired, drift: Drift, held: Held, rebuild: bool) -> dict[Rule, Layout]:
    layouts: dict[Rule, Layout] = {}
    for rule in sorted({*COMMON, *desired.addresses}, key=lambda r: r.digest):
        members = desired.addresses.get(rule, Members.none())
        change = drift.delta.addresses.get(rule)
        added = 0 if change is None else len(change.add)
        current = None if rebuild else held.layouts.get(rule)
        if current is None:
            letters = ("a", "a") if rebuild else letters_of(rule, held)
            layouts[rule] = first_layout(rule, members, letters)
        elif drift.findings or added >= _LOOK_FROM:
            layouts[rule] = next_layout(rule, current, members, added, letters_of(rule, held))
        else:
            layouts[rule] = current
    return layouts


def letters_of(rule: Rule, held: Held) -> tuple[str, str]:
    """Letters that new layouts of the hosts and the ranges of `rule` may have."""
    names, digest = held.found.sets, rule.digest
    return free_letter(names, HOSTS, digest), free_letter(names, RANGES, digest)


def _everything(desired: Desired) -> tuple[tuple[Piece, ...], dict[Rule, InterfaceChange]]:
    pieces = tuple((r, Change(m, Members.none())) for r, m in desired.addresses.items())
    return pieces, {r: InterfaceChange(m, ()) for r, m in desired.interfaces.items()}


def _pieces(
    desired: Desired,
    delta: Delta,
    held: Held,
    layouts: Mapping[Rule, Layout],
    actual: Actual,
) -> Iterator[Piece]:
    nothing = Change(Members.none(), Members.none())
    for rule, layout in layouts.items():
        change = delta.addresses.get(rule, nothing)
        old = held.layouts.get(rule, layout)
        if old is not layout and old != layout:
            change = _refilled(desired, change, rule, (old, layout), actual)
        if _rows(change):
            yield rule, change


def _refilled(
    desired: Desired, change: Change, rule: Rule, layouts: tuple[Layout, Layout], actual: Actual
) -> Change:
    """Fill the sets of a part that is laid out anew; the other part changes as it would."""
    old, new = layouts
    wanted = desired.addresses.get(rule, Members.none())
    hosts, ranges = old.hosts != new.hosts, old.ranges != new.ranges

    def anew(members: Members) -> Flags:
        return np.where(is_host(members), hosts, ranges)

    fill = wanted.take(anew(wanted))
    if not actual.region:
        # Members that may not be added now (a pause) are neither there nor in the change.
        there = match(fill, actual.addresses.get(rule, Members.none())) >= 0
        fill = fill.take(there | (match(fill, change.add) >= 0))
    rest = change.add.take(~anew(change.add))
    return Change(concatenate([fill, rest]), change.remove.take(~anew(change.remove)))


def _rows(change: Change) -> int:
    return len(change.add) + len(change.remove)
