# SPDX-License-Identifier: GPL-2.0-or-later
"""Members as elements that come and go, in bounded pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from drivers.nftables.names import TABLE
from drivers.nftables.remote.model import (
    HOSTS,
    INTERFACES,
    RANGES,
    Holding,
    Json,
    Names,
    Rows,
    Span,
    set_name,
)
from drivers.nftables.remote.render import address
from enforcer.core.addresses import to_column
from enforcer.core.drift import Change, Delta, InterfaceChange
from enforcer.core.orders import MAX_ORDER_NUMBER, order_id
from enforcer.core.rules import NO_END, InterfaceMember, Members, Rule

BATCH_ROWS = 5_000
"""A second's work of `nft -j` on the far side, at most."""
_STRANGER = "no order of ours"
WHERE = {"family": "inet", "table": TABLE}


@dataclass(frozen=True, slots=True)
class Move:
    """One element that comes or goes; `value` as nft writes it."""

    verb: str
    set_name: str
    value: object
    order: int


def move(rule: Rule, span: Span, order: int, add: bool) -> Move:
    """One member by address: a host or a range, each in its own set."""
    first, last = (address(rule.family, end) for end in span)
    host = span[0] == span[1]
    value: object = first if host else {"range": [first, last]}
    return Move("add" if add else "delete", set_name(HOSTS if host else RANGES, rule), value, order)


def named_moves(rule: Rule, now: Names, was: Names) -> Iterator[Move]:
    """From the interfaces of one holding to those of another."""
    name = set_name(INTERFACES, rule)
    for one, order in now.items():
        if was.get(one) != order and was:
            yield Move("delete", name, one, order)
    for one, order in was.items():
        if now.get(one) != order:
            yield Move("add", name, one, order)


def all_members(then: Holding) -> Iterator[Move]:
    """Everything comes."""
    for rule, rows in then.addresses.items():
        yield from (move(rule, span, order, add=True) for span, order in rows.items())
    for rule, names in then.interfaces.items():
        yield from named_moves(rule, {}, names)


def together(moves: Iterable[Move]) -> Iterator[Json]:
    """One command for each set; what goes before what comes, as an element may do both."""
    grouped: dict[tuple[str, str], list[Json]] = {}
    for move in moves:
        body: Json = {"val": move.value}
        if move.verb == "add":
            body["comment"] = _comment(move.order)
        grouped.setdefault((move.verb, move.set_name), []).append({"elem": body})
    for (verb, name), found in sorted(grouped.items(), key=lambda g: g[0][0] == "add"):
        yield {verb: {"element": {**WHERE, "name": name, "elem": found}}}


def _comment(order: int) -> str:
    return order_id(order) if 1 <= order <= MAX_ORDER_NUMBER else _STRANGER


def pieces(
    delta: Delta, kept: set[Rule], wanted: set[Rule], most: int
) -> Iterator[tuple[tuple[Move, ...], Delta]]:
    """Bounded moves with the part of the delta that they are; sets that go take theirs along."""
    for rule, change in delta.addresses.items():
        if rule in wanted:
            remove = change.remove if rule in kept else Members.none()
            yield from _cut(rule, Change(change.add, remove), most)
    for rule, moved in delta.interfaces.items():
        if rule in wanted:
            gone = moved.remove if rule in kept else ()
            name = set_name(INTERFACES, rule)
            moves = [Move("delete", name, m.name, m.order) for m in gone]
            moves += [Move("add", name, m.name, m.order) for m in moved.add]
            yield tuple(moves), Delta({}, {rule: InterfaceChange(moved.add, gone)})


def _cut(rule: Rule, change: Change, most: int) -> Iterator[tuple[tuple[Move, ...], Delta]]:
    """By address, so that an altered member goes and comes in the same piece."""
    rows = sorted(
        [(first, last, order, False) for first, last, _, order in change.remove.rows()]
        + [(first, last, order, True) for first, last, _, order in change.add.rows()]
    )
    at = 0
    while at < len(rows):
        end = min(at + most, len(rows))
        while end < len(rows) and _touches(rows[at:end], rows[end]):
            end += 1
        piece = rows[at:end]
        moves = tuple(move(rule, (row[0], row[1]), row[2], row[3]) for row in piece)
        firsts = {(first, last, add) for first, last, _, add in piece}
        yield moves, Delta({rule: _part(change, firsts)})
        at = end


def _touches(piece: list[tuple[int, int, int, bool]], row: tuple[int, int, int, bool]) -> bool:
    """Whether `row` overlaps the end of `piece`: it must then be in the same transaction."""
    return max(r[1] for r in piece[-2:]) >= row[0]


def _part(change: Change, kept: set[tuple[int, int, bool]]) -> Change:
    def of(rows: Members, add: bool) -> Members:
        flags = [(first, last, add) in kept for first, last, _, _ in rows.rows()]
        return rows.take(np.array(flags, np.bool_).reshape(-1))

    return Change(of(change.add, True), of(change.remove, False))


def members_of(rows: Rows) -> Members:
    """Rows with their orders as the members of an actual state; nothing expires by itself."""
    spans = sorted(rows)
    return Members(
        to_column(first for first, _ in spans),
        to_column(last for _, last in spans),
        np.full(len(spans), NO_END, np.int64),
        np.array([rows[span] for span in spans], np.int64).reshape(-1),
    )


def interfaces_of(names: Names) -> tuple[InterfaceMember, ...]:
    """The same for interfaces."""
    return tuple(InterfaceMember(name, NO_END, names[name]) for name in sorted(names))
