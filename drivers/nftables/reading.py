# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to the kernel that together make a reading of our table."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import numpy as np

from drivers.nftables.model import Found
from drivers.nftables.names import MARK, TABLE
from drivers.nftables.netlink import encode, objects
from drivers.nftables.netlink.columns import IPV4_KEY, Elements, SetRef
from drivers.nftables.netlink.decode import read_elements
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset, NotThere
from drivers.nftables.netlink.replies import read_generation, table_names
from drivers.nftables.netlink.socket import NftSocket
from drivers.nftables.parse import (
    Replies,
    dispatch_maps,
    fixed_sets,
    read_structure,
    with_contents,
)
from enforcer.clock import Clock
from enforcer.core.instants import to_ms
from enforcer.core.rules import HOLD_MARKER, NO_END

_TOGETHER = 8
"""So many sets are decoded at once: a few MB each in memory, and none of it element by element."""
_ATTEMPTS = 60
_PAUSE = 0.05
"""Seconds between two attempts to read a hash that is being rebuilt (some 0.1 s after a load)."""

_WORTH_TWO = 16
"""From so many shares on, a second conversation is worth its opening."""

Another = Callable[[], NftSocket]
"""Opens a second conversation, for many sets to be read on two processors."""

MARK_SET = SetRef(TABLE, MARK, IPV4_KEY)


def read_found(kernel: NftSocket) -> Found:
    """Our table's structure with its fixed contents.

    Raises MovingRuleset, MalformedReply, KernelRefused.
    """
    try:
        table = kernel.replies(objects.ask_tables(TABLE))
    except NotThere:
        return Found()
    chains = kernel.replies(objects.ask_chains(TABLE))
    rules = kernel.replies(objects.ask_rules(TABLE))
    sets = kernel.replies(objects.ask_sets(TABLE))
    extras = kernel.replies(objects.ask_objects(TABLE))
    extras += kernel.replies(objects.ask_flowtables(TABLE))
    read_generation([*table, *chains, *rules, *sets, *extras])
    found = read_structure(Replies(table, chains, rules, sets, extras))
    ranges = read_sets(kernel, fixed_sets(found))
    maps = dispatch_maps(found)
    jumps = {m.name: kernel.replies(encode.dump_elements(m)) for m in maps}
    return with_contents(found, ranges, jumps)


def read_hold(kernel: NftSocket) -> bool:
    """Whether somebody put the marker there: a table of any family that is called so."""
    replies = kernel.replies(objects.ask_all_tables())
    read_generation(replies)
    return HOLD_MARKER in table_names(replies)


def read_sets(kernel: NftSocket, targets: Iterable[SetRef]) -> dict[str, Elements]:
    """All elements of several sets, by name. Raises MovingRuleset, MalformedReply, NotThere."""
    kinds: dict[tuple[int, bool], list[SetRef]] = {}
    for target in targets:
        kinds.setdefault((target.key_bytes, target.interval), []).append(target)
    read: dict[str, Elements] = {}
    for (key_bytes, interval), alike in kinds.items():
        # One by one: a foreign change between two sets moves neither of them.
        dumps = [kernel.dump([target])[0][0] for target in alike]
        for target, elements in zip(alike, read_elements(dumps, key_bytes, interval), strict=True):
            read[target.name] = elements
    return read


def read_in_pairs(
    kernel: NftSocket, targets: Sequence[SetRef], another: Another
) -> dict[str, Elements]:
    """As `read_sets`, on two processors where that is worth it."""
    if len(targets) < 2:
        return read_sets(kernel, targets)
    with another() as second, ThreadPoolExecutor(1, "second reader") as beside:
        theirs = beside.submit(read_sets, second, targets[1::2])
        return read_sets(kernel, targets[::2]) | theirs.result()


def read_members(
    kernel: NftSocket,
    targets: Sequence[SetRef],
    clock: Clock,
    another: Another | None = None,
) -> tuple[dict[str, Elements], int]:
    """The elements of our sets, and the instant for which their remaining times are true.

    A set that was dumped while the kernel rebuilt its hash is read again, and so is one during
    whose dump somebody changed the ruleset; whether that concerned us is for the caller to see.
    Raises MovingRuleset when it never settles, MalformedReply, NotThere.
    """
    began = to_ms(clock.now())
    shares = deque(targets[at : at + _TOGETHER] for at in range(0, len(targets), _TOGETHER))
    if another is None or len(shares) < _WORTH_TWO:
        return _read_shares(kernel, shares, clock, began), began
    with another() as second, ThreadPoolExecutor(1, "second reader") as beside:
        theirs = beside.submit(_read_shares, second, shares, clock, began)
        try:
            ours = _read_shares(kernel, shares, clock, began)
        finally:
            shares.clear()
        return ours | theirs.result(), began


def _read_shares(
    kernel: NftSocket, shares: deque[Sequence[SetRef]], clock: Clock, began: int
) -> dict[str, Elements]:
    """Read shares until none is left; several may do so at once."""
    read: dict[str, Elements] = {}
    while True:
        try:
            targets = shares.popleft()
        except IndexError:
            return read
        asked = to_ms(clock.now())
        for name, elements in _settled(kernel, targets, clock).items():
            read[name] = _as_of(elements, asked - began)


def _settled(kernel: NftSocket, targets: Sequence[SetRef], clock: Clock) -> dict[str, Elements]:
    for _ in range(_ATTEMPTS):
        try:
            return read_sets(kernel, targets)
        except MovingRuleset:
            clock.sleep(_PAUSE)
    return read_sets(kernel, targets)


def read_strangers(kernel: NftSocket, targets: Sequence[SetRef]) -> dict[str, Elements]:
    """The elements of sets that are not as we make them, where they decode."""
    read: dict[str, Elements] = {}
    for target in targets:
        with suppress(MalformedReply, MovingRuleset, NotThere):
            read |= read_sets(kernel, [target])
    return read


def _as_of(elements: Elements, later: int) -> Elements:
    """`elements` with the times that remained `later` milliseconds before they were read.

    What a member is not made of (counters, whole timeouts) is left behind: it is most of what a
    million of them take.
    """
    timed = elements.remaining != NO_END
    remaining = np.where(timed, np.where(timed, elements.remaining, 0) + later, NO_END)
    uncounted = np.broadcast_to(np.uint64(0), (len(elements), 2))
    return replace(elements, timeout=remaining, remaining=remaining, counter=uncounted)


def read_mark_elements(kernel: NftSocket, found: Found) -> Elements | None:
    """The elements of the mark's set, None where it is not there or not as we make it."""
    definition = found.sets.get(MARK)
    if definition is None or definition.key_bytes != IPV4_KEY or definition.flags:
        return None
    return kernel.elements(MARK_SET)
