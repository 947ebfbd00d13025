# SPDX-License-Identifier: GPL-2.0-or-later
"""Dumps of set elements to columns: pure, vectorised, fail closed.

All dumps given are decoded together: element boundaries are found by one walk that advances
through all messages in step, then each shape of element is read as columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.answers import Answers
from drivers.nftables.netlink.attributes import envelopes, fields
from drivers.nftables.netlink.columns import Elements
from drivers.nftables.netlink.comments import distinct_comments
from drivers.nftables.netlink.constants import (
    NFT_MSG_NEWSETELEM,
    NFTA_SET_ELEM_LIST_ELEMENTS,
)
from drivers.nftables.netlink.errors import MovingRuleset
from drivers.nftables.netlink.intervals import pair_intervals
from drivers.nftables.netlink.replies import message_type
from drivers.nftables.netlink.shapes import Shape, Words, shape_of, unknown_element
from drivers.nftables.netlink.walking import spans
from enforcer.core.rules import NO_END, Addresses, Integers

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False, slots=True)
class Halves:
    """Elements as the kernel keeps them: one row each, an interval's end being a row too.

    `part`: which dump the row is from. `catch_all`: which dumps hold the element ``*``.
    """

    part: Integers
    key: Addresses
    key_end: Addresses
    closed: NDArray[np.bool_]
    is_end: NDArray[np.bool_]
    timeout: Integers
    remaining: Integers
    comment: NDArray[np.int32]
    comments: tuple[str, ...]
    counter: NDArray[np.uint64]
    catch_all: NDArray[np.bool_]

    def starts(self, first: Addresses, last: Addresses, rows: NDArray[np.intp]) -> Elements:
        """The ranges `first`..`last` that begin in `rows`."""
        return _elements(self, first, last, rows, slice(None), 0)


def read_elements(dumps: Sequence[bytes], key_bytes: int, interval: bool) -> list[Elements]:
    """The elements in each of `dumps` (all messages of one set, concatenated; other kinds of
    message are passed over), in the order of `dumps`.

    Raises MalformedReply for anything that does not decode, MovingRuleset for a set without
    intervals that holds a key twice: a hash dumped while its table grows (for some 0.1 s after
    a bulk write, and without a new generation) repeats some elements and omits as many.
    """
    halves = _halves(b"".join(dumps), [len(d) for d in dumps], key_bytes)
    first, last, rows = _ranges(halves, key_bytes) if interval else _hosts(halves)
    part = halves.part[rows]
    cuts = np.searchsorted(part, np.arange(len(dumps) + 1))
    return [
        _elements(halves, first, last, rows, slice(cuts[i], cuts[i + 1]), i)
        for i in range(len(dumps))
    ]


def _ranges(halves: Halves, key_bytes: int) -> tuple[Addresses, Addresses, NDArray[np.intp]]:
    ends = (halves.key_end, halves.closed, halves.is_end)
    return pair_intervals(halves.part, halves.key, *ends, key_bytes)


def _hosts(halves: Halves) -> tuple[Addresses, Addresses, NDArray[np.intp]]:
    if halves.is_end.any():
        raise unknown_element("the end of an interval in a set without intervals")
    if _repeated(halves.part, halves.key):
        raise MovingRuleset("a hash was dumped while the kernel rebuilt it; read it again")
    return halves.key, halves.key, np.arange(len(halves.part))


def _repeated(part: Integers, key: Addresses) -> bool:
    """Whether a key is there twice in one part; a sort of 64-bit mixes rules it out cheaply."""
    mixed = (key[:, 0] * _SPREAD ^ key[:, 1]) * _SPREAD ^ part.astype(np.uint64)
    mixed.sort()
    if not (mixed[1:] == mixed[:-1]).any():
        return False
    order = np.lexsort((key[:, 1], key[:, 0], part))
    key, part = key[order], part[order]
    return bool(((key[1:] == key[:-1]).all(axis=1) & (part[1:] == part[:-1])).any())


def _elements(
    halves: Halves, first: Addresses, last: Addresses, rows: NDArray[np.intp], cut: slice, part: int
) -> Elements:
    chosen = rows[cut]
    return Elements(
        first[cut],
        last[cut],
        halves.timeout[chosen],
        halves.remaining[chosen],
        halves.comment[chosen],
        halves.comments,
        halves.counter[chosen],
        bool(halves.catch_all[part]),
    )


def read_answers(answers: Answers, key_bytes: int) -> Halves:
    """The elements that single keys were answered with. Raises MalformedReply."""
    offsets = answers.offsets
    part = np.zeros(len(offsets), np.intp)
    return _filled(answers.buffer, offsets, answers.sizes, part, 1, key_bytes)


def answered_hosts(halves: Halves) -> Elements:
    """Elements of a set without intervals. Raises as `read_elements`."""
    first, last, rows = _hosts(halves)
    return _elements(halves, first, last, rows, slice(None), 0)


def _halves(buffer: bytes, lengths: list[int], key_bytes: int) -> Halves:
    offsets, sizes = spans(buffer, *_lists(buffer))
    part = np.searchsorted(np.cumsum(lengths, dtype=np.int64), offsets, side="right")
    return _filled(buffer, offsets, sizes, part, len(lengths), key_bytes)


def _filled(
    buffer: bytes, offsets: Integers, sizes: Integers, part: Integers, parts: int, key_bytes: int
) -> Halves:
    columns = _Columns(len(offsets), parts)
    words = np.frombuffer(buffer, np.uint32)
    rest = np.arange(len(offsets))
    while len(rest):
        start = int(offsets[rest[0]])
        shape = shape_of(buffer, start, start + int(sizes[rest[0]]), key_bytes)
        alike = _alike(words, offsets, sizes, rest, shape)
        columns.fill(words, offsets[rest[alike]] // 4, rest[alike], part, shape)
        rest = rest[~alike]
    return columns.halves(part)


def _lists(buffer: bytes) -> tuple[Integers, Integers]:
    """Where the lists of elements begin and end."""
    spans: list[tuple[int, int]] = []
    for envelope in envelopes(buffer):
        if message_type(envelope) == NFT_MSG_NEWSETELEM:
            found = fields(buffer, envelope).get(NFTA_SET_ELEM_LIST_ELEMENTS)
            if found is not None:
                spans.append((found.start, found.stop))
    table = np.array(spans, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _alike(
    words: Words, offsets: Integers, sizes: Integers, rest: NDArray[np.intp], shape: Shape
) -> NDArray[np.bool_]:
    alike: NDArray[np.bool_] = sizes[rest] == len(shape.mask) * 4
    at = offsets[rest[alike]] // 4
    same = np.ones(len(at), np.bool_)
    for word, (mask, constant) in enumerate(zip(shape.mask, shape.constant, strict=True)):
        if mask:
            found = words[at + word]
            same &= found & mask == constant
    alike[alike] = same
    return alike


class _Columns:
    """The columns while they are being filled, shape by shape."""

    def __init__(self, rows: int, parts: int) -> None:
        self.keyed = np.zeros(rows, np.bool_)
        self.key = np.zeros((rows, 2), np.uint64)
        self.key_end = np.zeros((rows, 2), np.uint64)
        self.closed = np.zeros(rows, np.bool_)
        self.is_end = np.zeros(rows, np.bool_)
        self.timeout = np.full(rows, NO_END, np.int64)
        self.remaining = np.full(rows, NO_END, np.int64)
        self.comment = np.full(rows, -1, np.int32)
        self.counter = np.zeros((rows, 2), np.uint64)
        self.catch_all = np.zeros(parts, np.bool_)
        self.comments: dict[str, int] = {}

    def fill(
        self, words: Words, at: Integers, rows: NDArray[np.intp], part: Integers, shape: Shape
    ) -> None:
        """Take the values of the elements of one shape that begin at the words `at`."""
        if shape.key is None:
            self.catch_all[part[rows]] = True
            return
        self.keyed[rows] = True
        self.is_end[rows] = shape.interval_end
        self.key[rows] = _key(words, at + shape.key, shape.key_words)
        if shape.key_end is not None:
            self.closed[rows] = True
            self.key_end[rows] = _key(words, at + shape.key_end, shape.key_words)
        if shape.timeout is not None:
            self.timeout[rows] = _milliseconds(words, at + shape.timeout)
        if shape.expiration is not None:
            self.remaining[rows] = _milliseconds(words, at + shape.expiration)
        if shape.packets is not None:
            self.counter[rows, 0] = _be64(words, at + shape.packets)
        if shape.octets is not None:
            self.counter[rows, 1] = _be64(words, at + shape.octets)
        if shape.comment is not None:
            word, size = shape.comment
            which, texts = distinct_comments(words, at + word, size)
            known = [self.comments.setdefault(t, len(self.comments)) for t in texts]
            self.comment[rows] = np.array(known, np.int32)[which]

    def halves(self, part: Integers) -> Halves:
        """What was filled, without the catch-all elements."""
        # A view of everything, where there is nothing to leave out.
        rows = slice(None) if self.keyed.all() else self.keyed
        # Linux 6.12 and later says "never, in a set with a default timeout" as timeout 0.
        never = self.timeout == 0
        self.timeout[never] = NO_END
        self.remaining[never] = NO_END
        return Halves(
            part[rows],
            self.key[rows],
            self.key_end[rows],
            self.closed[rows],
            self.is_end[rows],
            self.timeout[rows],
            self.remaining[rows],
            self.comment[rows],
            tuple(self.comments),
            self.counter[rows],
            self.catch_all,
        )


def _be32(words: Words, at: Integers) -> Addresses:
    return words.view(">u4")[at].astype(np.uint64)


def _be64(words: Words, at: Integers) -> Addresses:
    return _be32(words, at) << np.uint64(32) | _be32(words, at + 1)


def _milliseconds(words: Words, at: Integers) -> Integers:
    return np.minimum(_be64(words, at), np.uint64(NO_END)).astype(np.int64)


def _key(words: Words, at: Integers, key_words: int) -> Addresses:
    if key_words == 1:
        return np.stack((np.zeros(len(at), np.uint64), _be32(words, at)), axis=1)
    return np.stack((_be64(words, at), _be64(words, at + 2)), axis=1)
