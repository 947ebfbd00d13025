# SPDX-License-Identifier: GPL-2.0-or-later
"""The shape of one set element: where its values are, and every byte that is not a value.

A dump holds few shapes (with or without timeout, start or end of an interval, length of the
comment). One element is decoded attribute by attribute; all others whose constant bytes equal
its constant bytes are then read as columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.attributes import Attribute, aligned, attributes
from drivers.nftables.netlink.constants import (
    NFT_SET_ELEM_CATCHALL,
    NFT_SET_ELEM_INTERVAL_END,
    NFTA_COUNTER_BYTES,
    NFTA_COUNTER_PACKETS,
    NFTA_COUNTER_PAD,
    NFTA_DATA_VALUE,
    NFTA_EXPR_DATA,
    NFTA_EXPR_NAME,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_EXPIRATION,
    NFTA_SET_ELEM_EXPR,
    NFTA_SET_ELEM_EXPRESSIONS,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_KEY_END,
    NFTA_SET_ELEM_PAD,
    NFTA_SET_ELEM_TIMEOUT,
    NFTA_SET_ELEM_USERDATA,
    NLA_HEADER,
)
from drivers.nftables.netlink.errors import MalformedReply

Words = NDArray[np.uint32]


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """Offsets are in 4-byte words from the element's header; None: the element has no such value.

    `mask`, `constant`: per word of the element, the bits that are no value, and what they must be.
    `key_words`: length of a key. `comment`: word and length in bytes of the user data.
    """

    mask: Words
    constant: Words
    key_words: int
    key: int | None
    key_end: int | None
    timeout: int | None
    expiration: int | None
    comment: tuple[int, int] | None
    packets: int | None
    octets: int | None
    interval_end: bool
    catch_all: bool


@dataclass(slots=True)
class _Draft:
    buffer: bytes
    base: int
    values: dict[int, int] = field(default_factory=dict)
    holes: list[tuple[int, int]] = field(default_factory=list)
    flags: int = 0
    comment: tuple[int, int] | None = None
    packets: int | None = None
    octets: int | None = None

    def value(self, found: Attribute, size: int) -> int:
        if found.stop - found.start != size:
            raise unknown_element(f"attribute {found.kind} of {found.stop - found.start} bytes")
        self.holes.append((found.start, found.stop))
        return (found.start - self.base) // 4


def unknown_element(what: str) -> MalformedReply:
    """The error for an element that holds `what`."""
    return MalformedReply(
        f"a set element does not decode: {what}; nothing was assumed. The set is not as this "
        "driver makes it: compare its definition, and rebuild it if it was altered"
    )


def shape_of(buffer: bytes, start: int, stop: int, key_bytes: int) -> Shape:
    """The shape of the element at `start`..`stop` (header included, both multiples of 4).

    Raises MalformedReply for anything that this driver never writes.
    """
    draft = _Draft(buffer, start)
    for found in attributes(buffer, start + NLA_HEADER, stop):
        if found.kind in draft.values:
            raise unknown_element(f"attribute {found.kind} twice")
        draft.values[found.kind] = _take(draft, found, key_bytes)
    if (NFTA_SET_ELEM_KEY in draft.values) == bool(draft.flags & NFT_SET_ELEM_CATCHALL):
        raise unknown_element("it has no key" if not draft.flags else "a catch-all with a key")
    return _finish(draft, stop, key_bytes)


def _take(draft: _Draft, found: Attribute, key_bytes: int) -> int:
    if found.kind in (NFTA_SET_ELEM_KEY, NFTA_SET_ELEM_KEY_END):
        return draft.value(_only(draft, found, NFTA_DATA_VALUE), key_bytes)
    if found.kind in (NFTA_SET_ELEM_TIMEOUT, NFTA_SET_ELEM_EXPIRATION):
        return draft.value(found, 8)
    if found.kind == NFTA_SET_ELEM_FLAGS:
        return _take_flags(draft, found)
    if found.kind == NFTA_SET_ELEM_USERDATA:
        size = found.stop - found.start
        draft.comment = (draft.value(found, size), size)
        return draft.comment[0]
    if found.kind == NFTA_SET_ELEM_EXPR:
        return _take_counter(draft, found)
    if found.kind == NFTA_SET_ELEM_EXPRESSIONS:
        return _take_counter(draft, _only(draft, found, NFTA_LIST_ELEM))
    if found.kind == NFTA_SET_ELEM_PAD:
        return 0
    raise unknown_element(f"attribute {found.kind}")


def _only(draft: _Draft, outer: Attribute, kind: int) -> Attribute:
    inner = list(attributes(draft.buffer, outer.start, outer.stop))
    if [a.kind for a in inner] != [kind]:
        raise unknown_element(f"attribute {outer.kind} holding {[a.kind for a in inner]}")
    return inner[0]


def _take_flags(draft: _Draft, found: Attribute) -> int:
    draft.flags = int.from_bytes(draft.buffer[found.start : found.stop], "big")
    if found.stop - found.start != 4 or draft.flags & ~(
        NFT_SET_ELEM_INTERVAL_END | NFT_SET_ELEM_CATCHALL
    ):
        raise unknown_element(f"flags {draft.flags:#x}")
    return 0


def _take_counter(draft: _Draft, expression: Attribute) -> int:
    parts = {a.kind: a for a in attributes(draft.buffer, expression.start, expression.stop)}
    name, state = parts.get(NFTA_EXPR_NAME), parts.get(NFTA_EXPR_DATA)
    if name is None or state is None or len(parts) != 2:
        raise unknown_element("a statement without name or state")
    called = draft.buffer[name.start : name.stop].rstrip(b"\0")
    if called != b"counter":
        raise unknown_element(f"a statement {called!r} where only a counter may be")
    for found in attributes(draft.buffer, state.start, state.stop):
        if found.kind == NFTA_COUNTER_PACKETS:
            draft.packets = draft.value(found, 8)
        elif found.kind == NFTA_COUNTER_BYTES:
            draft.octets = draft.value(found, 8)
        elif found.kind != NFTA_COUNTER_PAD:
            raise unknown_element(f"a counter with attribute {found.kind}")
    return 0


def _finish(draft: _Draft, stop: int, key_bytes: int) -> Shape:
    mask = bytearray(b"\xff" * (stop - draft.base))
    for start, end in draft.holes:
        begin, size = start - draft.base, aligned(end - start)
        mask[begin : begin + size] = bytes(size)
    constant = np.frombuffer(draft.buffer[draft.base : stop], np.uint32)
    masked = np.frombuffer(bytes(mask), np.uint32)
    return Shape(
        mask=masked,
        constant=constant & masked,
        key_words=key_bytes // 4,
        key=draft.values.get(NFTA_SET_ELEM_KEY),
        key_end=draft.values.get(NFTA_SET_ELEM_KEY_END),
        timeout=draft.values.get(NFTA_SET_ELEM_TIMEOUT),
        expiration=draft.values.get(NFTA_SET_ELEM_EXPIRATION),
        comment=draft.comment,
        packets=draft.packets,
        octets=draft.octets,
        interval_end=bool(draft.flags & NFT_SET_ELEM_INTERVAL_END),
        catch_all=bool(draft.flags & NFT_SET_ELEM_CATCHALL),
    )
