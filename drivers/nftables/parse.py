# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel told, as structure, members and mark. Pure; what does not decode is no guess."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.identify import Known
from drivers.nftables.ids import decode_orders
from drivers.nftables.layout import (
    HostLayout,
    Layout,
    RangeLayout,
    astray,
    host_names,
    interfaces_name,
    range_names,
)
from drivers.nftables.model import Found, Pairs
from drivers.nftables.names import (
    HOSTS,
    MAP,
    RANGES,
    TABLE,
    free_letter,
    is_fixed,
    parse_name,
)
from drivers.nftables.netlink.columns import Elements, SetRef, interface_names
from drivers.nftables.netlink.constants import NFT_SET_INTERVAL, NFT_SET_MAP
from drivers.nftables.netlink.definitions import (
    RuleFacts,
    SetDefinition,
    read_chains,
    read_objects,
    read_rules,
    read_sets,
    table_flags,
)
from drivers.nftables.netlink.maps import read_jumps
from enforcer.core.addresses import Flags, Indices, ascending
from enforcer.core.rules import (
    NO_END,
    Integers,
    InterfaceMember,
    Members,
    Owner,
    Rule,
)
from enforcer.driver_api import GRACE_MS

_ANONYMOUS = 1
_NO_PROTOCOL = 1 << 16
MARK_TEXT = re.compile(
    r"enforcer (\S+) epoch ([0-9]{1,18})(?: at ([1-9][0-9]{0,17}) ([0-9a-f]{8}))?"
)
"""A mark without a position was left by an older version."""


@dataclass(frozen=True, eq=False, slots=True)
class Replies:
    """The kernel's answers about one table, undecoded; `table` empty: there is none."""

    table: Sequence[bytes] = ()
    chains: Sequence[bytes] = ()
    rules: Sequence[bytes] = ()
    sets: Sequence[bytes] = ()
    objects: Sequence[bytes] = ()


def read_structure(replies: Replies) -> Found:
    """The table, without any contents. Raises MalformedReply."""
    flags = table_flags(replies.table)
    if flags is None:
        return Found()
    rules: dict[str, list[RuleFacts]] = {}
    for rule in read_rules(replies.rules, TABLE):
        rules.setdefault(rule.chain, []).append(rule)
    return Found(
        flags,
        {chain.name: chain for chain in read_chains(replies.chains, TABLE)},
        {chain: tuple(listed) for chain, listed in rules.items()},
        {s.name: s for s in read_sets(replies.sets, TABLE) if not s.flags & _ANONYMOUS},
        read_objects(replies.objects, TABLE),
    )


def reference(definition: SetDefinition) -> SetRef:
    """How the elements of a set are asked for."""
    interval = bool(definition.flags & NFT_SET_INTERVAL)
    return SetRef(TABLE, definition.name, definition.key_bytes, interval)


def fixed_sets(found: Found) -> tuple[SetRef, ...]:
    """The sets whose contents are part of the structure and can be read."""
    return tuple(
        reference(s)
        for name, s in found.sets.items()
        if is_fixed(name) and s.flags == NFT_SET_INTERVAL and s.key_bytes in (4, 16)
    )


def dispatch_maps(found: Found) -> tuple[SetRef, ...]:
    """The maps whose contents are part of the structure."""
    kept = NFT_SET_MAP | NFT_SET_INTERVAL
    return tuple(
        reference(s)
        for name, s in found.sets.items()
        if s.flags & NFT_SET_MAP and not s.flags & ~kept and _is_map(name)
    )


def _is_map(name: str) -> bool:
    parsed = parse_name(name)
    return parsed is not None and parsed.shard == MAP


def with_contents(
    found: Found, ranges: Mapping[str, Elements], jumps: Mapping[str, Sequence[bytes]]
) -> Found:
    """`found` with the contents of fixed sets and maps. Raises MalformedReply."""
    return replace(
        found,
        ranges={name: _pairs(elements) for name, elements in ranges.items()},
        jumps={name: read_jumps(dump) for name, dump in jumps.items()},
        stars=frozenset(name for name, elements in ranges.items() if elements.catch_all),
    )


def _pairs(elements: Elements) -> Pairs:
    firsts = [high << 64 | low for high, low in elements.first.tolist()]
    lasts = [high << 64 | low for high, low in elements.last.tolist()]
    return tuple(sorted(zip(firsts, lasts, strict=True)))


Scheme = TypeVar("Scheme", HostLayout, RangeLayout)
_Kind = TypeVar("_Kind", bound=np.generic)

# -- members ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False, slots=True)
class Contents:
    """The members on the device, by rule, and the layouts in force.

    `strays`: by set, members that belong into another one: `Found.strays`.
    """

    addresses: Mapping[Rule, Members]
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]]
    layouts: Mapping[Rule, Layout]
    strays: Mapping[str, Members]


def read_contents(found: Found, known: Known, dumps: dict[str, Elements], read_ms: int) -> Contents:
    """The members in the sets of `known`; `dumps`: their elements, read at `read_ms`, which are
    taken out: a million of them are not kept beside the members that are made of them.

    Where a rule was being laid out anew and both layouts are there, the fuller one counts; the
    other is left over.
    """
    addresses: dict[Rule, Members] = {}
    layouts: dict[Rule, Layout] = {}
    strays: dict[str, Members] = {}
    for rule, (hosts, ranges) in known.layouts.items():
        best = _fullest([(h, host_names(rule, h)) for h in hosts], dumps)
        spread = _fullest([(r, range_names(rule, r)) for r in ranges], dumps)
        parts: list[Elements] = []
        if best:
            parts += _in_place(*best, dumps, strays, read_ms)
        if spread:
            parts += _in_place(*spread, dumps, strays, read_ms)
        layouts[rule] = Layout(
            best[0] if best else HostLayout(free_letter(found.sets, HOSTS, rule.digest)),
            spread[0] if spread else RangeLayout(free_letter(found.sets, RANGES, rule.digest)),
        )
        _put(addresses, rule, to_members(parts, read_ms))
        del parts
    interfaces: dict[Rule, tuple[InterfaceMember, ...]] = {}
    for rule in known.interfaces:
        members = to_interfaces(dumps.get(interfaces_name(rule)), read_ms)
        if members:
            interfaces[rule] = members
    for name, ghost in known.ghosts.items():
        if ghost.by_interface:
            interfaces[ghost] = to_interfaces(dumps.get(name), read_ms)
        elif name in dumps:
            _put(addresses, ghost, to_members([dumps[name]], read_ms))
    return Contents(addresses, interfaces, layouts, strays)


def _in_place(
    scheme: HostLayout | RangeLayout,
    names: Sequence[str],
    dumps: dict[str, Elements],
    strays: dict[str, Members],
    read_ms: int,
) -> Iterator[Elements]:
    """The elements of one part that are where they belong; the others become `strays`."""
    for index, name in enumerate(names):
        elements = dumps.pop(name, None)
        if elements is None or not len(elements):
            continue
        rows = Members(elements.first, elements.last, elements.remaining, elements.timeout)
        wrong = astray(scheme, index, rows)
        if wrong.any():
            strays[name] = to_members([_some(elements, wrong)], read_ms)
            elements = _some(elements, ~wrong)
        yield elements


def _some(elements: Elements, rows: Flags) -> Elements:
    columns = ("first", "last", "timeout", "remaining", "comment", "counter")
    return replace(elements, **{name: getattr(elements, name)[rows] for name in columns})


def _fullest(
    choices: Sequence[tuple[Scheme, tuple[str, ...]]], dumps: Mapping[str, Elements]
) -> tuple[Scheme, tuple[str, ...]] | None:
    """The layout (with its sets) that holds most; of several the later one."""

    def rank(choice: tuple[Scheme, tuple[str, ...]]) -> tuple[int, str]:
        return sum(map(len, _existing(choice[1], dumps))), choice[0].letter

    return max(choices, key=rank, default=None)


def _existing(names: Iterable[str], dumps: Mapping[str, Elements]) -> list[Elements]:
    return [dumps[name] for name in names if name in dumps]


def _put(addresses: dict[Rule, Members], rule: Rule, members: Members) -> None:
    if len(members):
        addresses[rule] = members


def to_members(found: Sequence[Elements], read_ms: int) -> Members:
    """Elements of the sets of one rule as members, sorted by first."""
    parts = [e for e in found if len(e)]
    if not parts:
        return Members.none()
    first = np.concatenate([e.first for e in parts])
    order = ascending(first)
    # Column by column: of a million rows nothing is there in two sequences at once.
    return Members(
        _in_order(first, order),
        _in_order(np.concatenate([e.last for e in parts]), order),
        _in_order(np.concatenate([ends(e, read_ms) for e in parts]), order),
        _in_order(np.concatenate([orders(e) for e in parts]), order),
    )


def _in_order(column: NDArray[_Kind], order: Indices | None) -> NDArray[_Kind]:
    return column if order is None else column[order]


def ends(elements: Elements, read_ms: int) -> Integers:
    """When each element's order ends: the kernel's expiry less the grace time."""
    timed = elements.remaining != NO_END
    return np.where(timed, read_ms + np.where(timed, elements.remaining, 0) - GRACE_MS, NO_END)


def orders(elements: Elements) -> Integers:
    """The number of the order in each element's comment; -1: none of ours."""
    numbers = np.append(decode_orders(elements.comments), -1)
    found: Integers = numbers[elements.comment]
    return found


def to_interfaces(elements: Elements | None, read_ms: int) -> tuple[InterfaceMember, ...]:
    """Elements of a set of interface names, sorted by name."""
    if elements is None:
        return ()
    columns = (
        interface_names(elements.first),
        ends(elements, read_ms).tolist(),
        orders(elements).tolist(),
    )
    return tuple(sorted(InterfaceMember(*row) for row in zip(*columns, strict=True)))


# -- the mark --------------------------------------------------------------------------------


def mark_text(owner: Owner) -> str:
    """The comment that marks the table as ours."""
    text = f"enforcer {owner.controller} epoch {owner.epoch}"
    return f"{text} at {owner.position} {owner.digest}" if owner.position else text


def read_mark(elements: Elements | None) -> Owner | None:
    """The owner in the mark's set, None where there is no mark that reads as one."""
    if elements is None or len(elements) != 1 or elements.catch_all:
        return None
    found = MARK_TEXT.fullmatch("".join(elements.comments))
    if found is None:
        return None
    controller, epoch, position, digest = found.groups()
    return Owner(controller, int(epoch), int(position or 0), digest or "")
