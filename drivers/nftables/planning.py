# SPDX-License-Identifier: GPL-2.0-or-later
"""From a drift to bounded batches in safe order. Pure.

A change that fits into one batch is one transaction, structure and all. A bigger one first makes
what is missing (leaving what may still enforce), then writes members, and last removes what is
no longer wanted: no moment enforces less than the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.nftables.chunks import cut
from drivers.nftables.edits import edits
from drivers.nftables.layout import (
    Layout,
    first_layout,
    interfaces_name,
    is_host,
    next_layout,
    place,
)
from drivers.nftables.model import Held, Spec
from drivers.nftables.names import HOSTS, RANGES, TABLE, free_letter
from drivers.nftables.netlink.columns import (
    IPV4_KEY,
    IPV6_KEY,
    SetRef,
    interface_keys,
    interface_names,
)
from drivers.nftables.render import COMMON, specification
from drivers.nftables.shut import NO_PORTS, SHUT, PortChange, left
from drivers.nftables.shut import change as change_ports
from drivers.nftables.work import SetChange, Work
from enforcer.core.addresses import Flags
from enforcer.core.drift import Change, Delta, Drift, InterfaceChange
from enforcer.core.intervals import match
from enforcer.core.plan import Batch, Region
from enforcer.core.rules import Actual, Desired, InterfaceMember, Members, Owner, Rule

BATCH_ROWS = 20_000
"""About 50 ms of kernel time."""
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
        if old != layout:
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
    return Change(_joined([fill, rest]), change.remove.take(~anew(change.remove)))


# -- batches ---------------------------------------------------------------------------------


def batches(intent: Intent, held: Held) -> tuple[Batch, ...]:
    """`intent` as transactions, each with what proves it."""
    works = list(_works(intent, held))
    return tuple(
        Batch(work, _size(work), Region(_delta(work, intent.dropped)), _summary(work))
        for work in works
        if work.spec is not None or work.changes or work.mark is not None or work.ports
    )


def _works(intent: Intent, held: Held) -> Iterator[Work]:
    """Interfaces come last: a link that cannot be set keeps nothing else from being written."""
    yield from _tables(intent, held)
    if not intent.rebuild and intent.ports:
        yield Work(ports=intent.ports)
    if intent.closing is not None:
        interfaces = intent.interfaces - {SHUT}
        yield Work((), intent.closing, False, intent.layouts, interfaces)


def _tables(intent: Intent, held: Held) -> Iterator[Work]:
    changes = [
        c for rule, change in intent.pieces for c in changes_of(rule, intent.layouts[rule], change)
    ]
    moves = [interface_change(rule, move) for rule, move in intent.moves.items()]
    mark = intent.mark or intent.renewed
    if intent.rebuild or sum(map(len, changes)) <= BATCH_ROWS:
        yield _work(intent, (*changes, *moves), intent.spec, keep_old=False, mark=mark)
        return
    for number, pack in enumerate(_packs(changes)):
        if number == 0:
            yield _work(intent, (*moves, *pack), intent.spec, keep_old=True, mark=mark)
        else:
            yield Work(tuple(pack))
    if intent.spec is not None and _leftovers(intent.spec, held):
        yield _work(intent, (), intent.spec, keep_old=False, mark=None)


def _leftovers(spec: Spec, held: Held) -> bool:
    """Whether something of ours is there that `spec` does not have."""
    return len(edits(held.found, spec)) != len(edits(held.found, spec, keep_old=True))


def _packs(changes: Iterable[SetChange]) -> Iterator[list[SetChange]]:
    """Set by set, so that reading a batch back reads few sets; what only removes comes last."""
    small = [part for change in changes for part in cut(change, BATCH_ROWS)]
    small.sort(key=lambda change: not len(change.add))
    pack: list[SetChange] = []
    for change in small:
        if pack and sum(map(len, pack)) + len(change) > BATCH_ROWS:
            yield pack
            pack = []
        pack.append(change)
    yield pack


def _work(
    intent: Intent,
    changes: Sequence[SetChange],
    spec: Spec | None,
    *,
    keep_old: bool,
    mark: Owner | None,
) -> Work:
    return Work(
        tuple(changes),
        spec,
        keep_old,
        intent.layouts if spec is not None else None,
        intent.interfaces,
        mark,
        intent.rebuild,
        # A table that is built anew gets the record in the same transaction.
        intent.ports if intent.rebuild else NO_PORTS,
        intent.kept if intent.rebuild else (),
    )


def changes_of(rule: Rule, layout: Layout, change: Change) -> list[SetChange]:
    """A change of one rule, by set."""
    add = {p.name: p.members for p in place(rule, layout, change.add)}
    remove = {p.name: p.members for p in place(rule, layout, change.remove)}
    none = Members.none()
    return [
        SetChange(member_ref(rule, name), rule, add.get(name, none), remove.get(name, none))
        for name in dict.fromkeys((*add, *remove))
    ]


def member_ref(rule: Rule, name: str) -> SetRef:
    """How the elements of a set of `rule` are addressed."""
    narrow = rule.family == 4 and not rule.by_interface
    return SetRef(TABLE, name, IPV4_KEY if narrow else IPV6_KEY, name.startswith(RANGES))


def interface_change(rule: Rule, move: InterfaceChange) -> SetChange:
    """A change of a rule by interface, with the names as keys."""
    name = interfaces_name(rule)
    add, remove = interface_columns(move.add), interface_columns(move.remove)
    return SetChange(member_ref(rule, name), rule, add, remove)


def interface_columns(members: Sequence[InterfaceMember]) -> Members:
    """Interfaces as rows whose first and last are the name."""
    keys = interface_keys([m.name for m in members])
    ends, orders = ([getattr(m, n) for m in members] for n in ("end", "order"))
    return Members(keys, keys, np.array(ends, np.int64), np.array(orders, np.int64))


def _delta(work: Work, dropped: Delta) -> Delta:
    """What reading back must find; with the last of the structure, what went with its sets."""
    by_rule: dict[Rule, list[SetChange]] = {}
    for change in work.changes:
        by_rule.setdefault(change.rule, []).append(change)
    addresses: dict[Rule, Change] = {}
    interfaces: dict[Rule, InterfaceChange] = {}
    for rule, some in by_rule.items():
        add, remove = _joined([c.add for c in some]), _joined([c.remove for c in some])
        if rule.by_interface:
            interfaces[rule] = InterfaceChange(_interfaces(add), _interfaces(remove))
        else:
            addresses[rule] = Change(add, remove)
    if work.spec is not None and not work.keep_old:
        addresses |= dropped.addresses
        interfaces |= dropped.interfaces
    if work.ports:
        interfaces[SHUT] = InterfaceChange(work.ports.add, work.ports.remove)
    return Delta(addresses, interfaces)


def _interfaces(rows: Members) -> tuple[InterfaceMember, ...]:
    columns = (interface_names(rows.first), rows.end.tolist(), rows.order.tolist())
    return tuple(InterfaceMember(*row) for row in zip(*columns, strict=True))


def _joined(parts: Sequence[Members]) -> Members:
    if len(parts) == 1:
        return parts[0]
    return Members(
        *(np.concatenate([getattr(p, c) for p in parts]) for c in ("first", "last", "end", "order"))
    )


def _rows(change: Change) -> int:
    return len(change.add) + len(change.remove)


def _size(work: Work) -> int:
    return sum(map(len, work.changes)) + len(work.ports.add) + len(work.ports.remove) or 1


def _summary(work: Work) -> str:
    added = sum(len(c.add) for c in work.changes)
    removed = sum(len(c.remove) for c in work.changes)
    words = [f"{added} written", f"{removed} removed"]
    if work.rebuild:
        words.insert(0, "table built anew")
    elif work.spec is not None:
        words.insert(0, "structure")
    if work.ports.add:
        words.append(f"{len(work.ports.add)} interfaces shut")
    if work.ports.remove:
        words.append(f"{len(work.ports.remove)} interfaces released")
    if work.mark is not None:
        words.append("marked")
    return ", ".join(words)
