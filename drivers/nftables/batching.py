# SPDX-License-Identifier: GPL-2.0-or-later
"""What a plan wants, cut into transactions in safe order, each with what proves it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from drivers.nftables.chunks import cut
from drivers.nftables.edits import edits
from drivers.nftables.layout import Layout, interfaces_name, place
from drivers.nftables.model import Held, Spec
from drivers.nftables.names import RANGES, TABLE
from drivers.nftables.netlink.columns import (
    IPV4_KEY,
    IPV6_KEY,
    SetRef,
    interface_keys,
    interface_names,
)
from drivers.nftables.planning import Intent
from drivers.nftables.shut import NO_PORTS, SHUT
from drivers.nftables.work import SetChange, Work
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.plan import Batch, Region
from enforcer.core.raw import concatenate
from enforcer.core.rules import InterfaceMember, Members, Owner, Rule

BATCH_ROWS = 12_000
"""About 50 ms of kernel time."""
_TOGETHER_FROM = 3 * BATCH_ROWS
_AT_ONCE = 4
"""So many batches are read back together, on two processors; urgent orders wait for that."""


def batches(intent: Intent, held: Held, standing: int = 0) -> tuple[Batch, ...]:
    """`intent` as transactions, each with what proves it.

    `standing`: how many members are to stand then. Where most of them are written, whole sets
    are read back, and several batches together.
    """
    works = [
        work
        for work in _works(intent, held)
        if work.spec is not None or work.changes or work.mark is not None or work.ports
    ]
    written = sum(_size(work) for work in works)
    together = written > _TOGETHER_FROM and 2 * written > standing
    return tuple(
        Batch(
            work,
            _size(work),
            Region(_delta(work, intent.dropped)),
            _summary(work),
            unproved=together and number % _AT_ONCE != 0,
            shaping=work.spec is not None,
        )
        for number, work in enumerate(works)
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
        add, remove = concatenate([c.add for c in some]), concatenate([c.remove for c in some])
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
