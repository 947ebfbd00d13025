# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan as nft commands that a person could type, and the commands that undo it. Pure, lazy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers.nftables.batching import changes_of, interface_change
from drivers.nftables.commands import (
    chain_text,
    jumps_text,
    ranges_text,
    set_text,
    span_text,
)
from drivers.nftables.edits import edits
from drivers.nftables.layout import Layout
from drivers.nftables.model import ChainSpec, Found, Held, SetSpec, Spec
from drivers.nftables.names import MARK, TABLE
from drivers.nftables.netlink.columns import interface_names
from drivers.nftables.parse import mark_text
from drivers.nftables.planning import Intent, Setup
from drivers.nftables.shut import RECORD, RECORD_SET, PortChange, commands
from drivers.nftables.work import SetChange
from enforcer.core.addresses import to_column
from enforcer.core.naming import order_text
from enforcer.core.rules import NO_END, Members, Owner, Rule
from enforcer.driver_api import GRACE_MS


def native(intent: Intent, held: Held, read_ms: int) -> Iterator[str]:
    """The commands; timeouts as they were at `read_ms`."""
    found = held.found
    if intent.rebuild:
        yield f"delete table inet {TABLE}"
        found = Found()
    gone: tuple[str, ...] = ()
    if intent.spec is not None:
        first = [edit.text for edit in edits(found, intent.spec, keep_old=True)]
        gone = tuple(e.text for e in edits(found, intent.spec) if e.text not in set(first))
        yield from first
    mark = intent.mark or intent.renewed
    if mark is not None:
        yield from _mark(mark)
    for change in _changes(intent, intent.layouts):
        yield from _removals(change)
        yield from _additions(change, read_ms)
    yield from gone
    yield from commands(intent.ports)
    if intent.closing is not None:
        yield f"delete set inet {TABLE} {RECORD}"


def undo(intent: Intent, held: Held, setup: Setup, read_ms: int) -> Iterator[str]:
    """The commands that lead back to what was ours before (the mark and foreign objects aside)."""
    if held.found.flags is None:
        yield f"delete table inet {TABLE}"
        return
    old: dict[Rule, Layout | None] = {**held.layouts, **dict.fromkeys(held.interfaces)}
    before = setup.specification(old)
    after = before if intent.spec is None else intent.spec
    yield from _restored(after, before)
    for change in _changes(intent, {**intent.layouts, **held.layouts}):
        back = SetChange(change.target, change.rule, change.remove, change.add)
        if change.target.name in before.sets:
            if change.target.name in after.sets:
                yield from _removals(back)
            yield from _additions(back, read_ms)
    for lost in _dropped(intent, held):
        back = SetChange(lost.target, lost.rule, lost.remove, Members.none())
        yield from _additions(back, read_ms)
    yield from _ports_back(intent)
    yield from _superfluous(after, before)


def _ports_back(intent: Intent) -> Iterator[str]:
    if intent.closing is not None:
        yield set_text(SetSpec(RECORD_SET))
    again = {member.name for member in intent.ports.add}
    removed = tuple(m for m in intent.ports.remove if m.name not in again)
    yield from commands(PortChange(removed, intent.ports.add))


def _restored(after: Spec, before: Spec) -> Iterator[str]:
    lost = [made for name, made in before.sets.items() if name not in after.sets]
    yield from map(set_text, lost)
    for name, chain in before.chains.items():
        if name not in after.chains:
            yield chain_text(chain.facts)
    for made in lost:
        if made.ranges is not None:
            yield ranges_text(made)
        elif made.jumps is not None:
            yield jumps_text(made)
    for name, chain in before.chains.items():
        yield from _refilled(chain, after.chains.get(name))


def _refilled(chain: ChainSpec, there: ChainSpec | None) -> Iterator[str]:
    name = chain.facts.name
    if there is not None and there.rules == chain.rules:
        return
    if there is not None:
        yield f"flush chain inet {TABLE} {name}"
    for rule in chain.rules:
        yield f"add rule inet {TABLE} {name} {rule.text}"


def _superfluous(after: Spec, before: Spec) -> Iterator[str]:
    chains = [name for name in after.chains if name not in before.chains]
    yield from (f"flush chain inet {TABLE} {name}" for name in chains)
    made = [name for name in after.sets if name not in before.sets]
    for name in sorted(made, key=lambda n: after.sets[n].jumps is None):
        noun = "set" if after.sets[name].jumps is None else "map"
        yield f"delete {noun} inet {TABLE} {name}"
    yield from (f"delete chain inet {TABLE} {name}" for name in chains)


def _dropped(intent: Intent, held: Held) -> Iterator[SetChange]:
    for rule, lost in intent.dropped.addresses.items():
        yield from changes_of(rule, held.layouts.get(rule, Layout()), lost)
    for rule, moved in intent.dropped.interfaces.items():
        yield interface_change(rule, moved)


def _changes(intent: Intent, layouts: Mapping[Rule, Layout]) -> Iterator[SetChange]:
    for rule, change in intent.pieces:
        yield from changes_of(rule, layouts[rule], change)
    for rule, moved in intent.moves.items():
        yield interface_change(rule, moved)


def _mark(owner: Owner) -> Iterator[str]:
    yield f"flush set inet {TABLE} {MARK}"
    yield f'add element inet {TABLE} {MARK} {{ 0x00000000 comment "{mark_text(owner)}" }}'


def _removals(change: SetChange) -> Iterator[str]:
    for key, _, _ in _elements(change, change.remove):
        yield f"delete element inet {TABLE} {change.target.name} {{ {key} }}"


def _additions(change: SetChange, read_ms: int) -> Iterator[str]:
    for key, end, order in _elements(change, change.add):
        timeout = ""
        if end != NO_END:
            timeout = f" timeout {max(round((end + GRACE_MS - read_ms) / 1000), 1)}s"
        comment = f' comment "{order_text(order)}"' if order > 0 else ""
        yield f"add element inet {TABLE} {change.target.name} {{ {key}{timeout}{comment} }}"


def _elements(change: SetChange, members: Members) -> Iterator[tuple[str, int, int]]:
    for first, last, end, order in members.rows():
        if change.rule.by_interface:
            key = f'"{interface_names(to_column([first]))[0]}"'
        else:
            key = span_text(change.target.key_bytes, first, last)
        yield key, end, order
