# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions about many single keys, and what was answered. Pure.

The kernel works through all questions of one buffer and answers each with an element or a refusal
in a datagram of its own, so that a key that is not there costs no more than one that is. For each
message it looks the set up by its name, among all sets of the table: keys that are there are asked
for together in one, which ends with the first that is not.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.attributes import attribute, envelopes, fields
from drivers.nftables.netlink.columns import IPV4_KEY, SetRef
from drivers.nftables.netlink.constants import (
    NFNL_SUBSYS_NFTABLES,
    NFT_MSG_GETSETELEM,
    NFT_MSG_NEWSETELEM,
    NFT_SET_ELEM_INTERVAL_END,
    NFTA_DATA_VALUE,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NLA_HEADER,
    NLA_TYPE_MASK,
    NLMSG_ERROR,
    NLMSG_HEADER,
)
from drivers.nftables.netlink.encode import element_message, request
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset, Unconfirmed
from drivers.nftables.netlink.replies import raise_refusal, verdict
from enforcer.core.addresses import Indices
from enforcer.core.rules import Addresses, Integers

_SEQUENCE = slice(8, 12)
_ELEMENT = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM
_NO_ANSWER = "an answer about one element does not decode; nothing was assumed, read again"


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """`present`: for each key whether an element was answered. `offsets`, `sizes`: where those
    elements are in `buffer`, in the order of the keys, header included. `generation`: of the
    ruleset, as the elements carry it; b"" where there are none.
    """

    present: NDArray[np.bool_]
    buffer: bytes
    offsets: Integers
    sizes: Integers
    generation: bytes


def questions(target: SetRef, keys: Addresses, sequence: int, ends: bool) -> bytes:
    """One question per key, numbered from `sequence`; `ends`: for the end of an interval."""
    element = _element(target, ends)
    one = request(element_message(NFT_MSG_GETSETELEM, 0, target, element), sequence)
    rows = _repeated(one, target, keys, len(one) - len(element))
    numbers = np.arange(sequence, sequence + len(keys), dtype=np.uint32)
    rows[:, _SEQUENCE] = numbers.view(np.uint8).reshape(-1, 4)
    return rows.tobytes()


def question_of_all(target: SetRef, keys: Addresses, sequence: int, ends: bool) -> bytes:
    """One question for all keys, of which the answer ends at the first that is not there."""
    elements = _repeated(_element(target, ends), target, keys, 0).tobytes()
    return request(element_message(NFT_MSG_GETSETELEM, 0, target, elements), sequence)


def _element(target: SetRef, ends: bool) -> bytes:
    value = attribute(NFTA_DATA_VALUE, bytes(target.key_bytes))
    end = NFT_SET_ELEM_INTERVAL_END.to_bytes(4, "big")
    flags = attribute(NFTA_SET_ELEM_FLAGS, end) if ends else b""
    key = attribute(NFTA_SET_ELEM_KEY, value, nested=True)
    return attribute(NFTA_LIST_ELEM, key + flags, nested=True)


def _repeated(one: bytes, target: SetRef, keys: Addresses, at: int) -> NDArray[np.uint8]:
    """A row of bytes for each key, as `one`, of which the element begins `at`."""
    rows = np.tile(np.frombuffer(one, np.uint8), (len(keys), 1))
    start = at + 3 * NLA_HEADER
    rows[:, start : start + target.key_bytes] = _packed(keys, target.key_bytes)
    return rows


def _packed(keys: Addresses, key_bytes: int) -> NDArray[np.uint8]:
    packed = keys[:, 1].astype(">u4") if key_bytes == IPV4_KEY else keys.astype(">u8")
    return packed.view(np.uint8).reshape(len(keys), key_bytes)


def sift(replies: Sequence[bytes], sequence: int, count: int) -> Answers:
    """What was answered to `count` questions numbered from `sequence`.

    Raises KernelRefused for any refusal but ENOENT, Unconfirmed where an answer is missing,
    MovingRuleset, MalformedReply.
    """
    told = _Told(replies, sequence, count)
    answered = np.zeros(count, np.bool_)
    answered[told.row[told.ours]] = True
    if not answered.all():
        raise _unanswered()
    present = np.zeros(count, np.bool_)
    present[told.row[told.found]] = True
    return told.answers(present)


def sift_of_all(replies: Sequence[bytes], sequence: int, count: int) -> Answers:
    """What was answered to `question_of_all` about `count` keys; after a key that is not there
    nothing is known. Raises as `sift`.
    """
    told = _Told(replies, sequence, 1)
    answered, refused = int(told.found.sum()), bool(told.refused.any())
    if answered > count or (answered < count and not refused):
        raise _unanswered()
    return told.answers(np.arange(count) < answered)


def together(parts: Sequence[tuple[Indices, Answers]], count: int) -> Answers:
    """The answers about parts of `count` keys as one; with each, which of the keys it is about.

    Raises MovingRuleset.
    """
    if len({answers.generation for _, answers in parts} - {b""}) > 1:
        raise _moved()
    present = np.zeros(count, np.bool_)
    for rows, answers in parts:
        present[rows[answers.present]] = True
    order = np.argsort(np.concatenate([rows[one.present] for rows, one in parts]))
    begins = np.cumsum([0, *(len(one.buffer) for _, one in parts)]).tolist()
    offsets = [one.offsets + begin for (_, one), begin in zip(parts, begins, strict=False)]
    return Answers(
        present,
        b"".join(one.buffer for _, one in parts),
        np.concatenate(offsets)[order],
        np.concatenate([one.sizes for _, one in parts])[order],
        next((one.generation for _, one in parts if one.generation), b""),
    )


class _Told:
    """Replies, and which of them are about questions of ours: elements or refusals."""

    def __init__(self, replies: Sequence[bytes], sequence: int, count: int) -> None:
        sizes = np.fromiter(map(len, replies), np.int64, len(replies))
        if (sizes < NLMSG_HEADER + 4).any() or (sizes % 4).any():
            raise MalformedReply(_NO_ANSWER)
        self._buffer = b"".join(replies)
        self._sizes = sizes
        self._offsets = np.cumsum(sizes) - sizes
        words = np.frombuffer(self._buffer, np.uint32)
        at = self._offsets // 4
        self.row = words[at + 2].astype(np.int64) - sequence
        self.ours = (self.row >= 0) & (self.row < count)
        kind = words[at + 1] & np.uint32(0xFFFF)
        self.refused = self.ours & (kind == NLMSG_ERROR)
        self.found = self.ours & (kind == _ELEMENT)
        strange = self.ours & ~self.refused & ~self.found
        if (words[at] != sizes).any() or strange.any():
            raise MalformedReply(_NO_ANSWER)
        _check_refusals(self._buffer, words, self._offsets[self.refused])

    def answers(self, present: NDArray[np.bool_]) -> Answers:
        """Of the elements that were found, in the order of the keys that are `present`."""
        offsets, sizes = self._offsets[self.found], self._sizes[self.found]
        generation = b""
        if len(offsets):
            at = int(offsets[0]) + NLMSG_HEADER + 2
            generation = self._buffer[at : at + 2]
        return Answers(present, self._buffer, *_elements(self._buffer, offsets, sizes), generation)


def _unanswered() -> Unconfirmed:
    return Unconfirmed("nf_tables left a question unanswered; open a new conversation")


def _moved() -> MovingRuleset:
    return MovingRuleset("the ruleset changed while it was being read; read it again")


def _check_refusals(buffer: bytes, words: NDArray[np.uint32], offsets: Integers) -> None:
    code = -words.view(np.int32)[(offsets + NLMSG_HEADER) // 4].astype(np.int64)
    for offset in offsets[code != errno.ENOENT].tolist():
        envelope = next(envelopes(buffer[offset:]))
        raise_refusal(verdict(buffer[offset:], envelope))
        raise MalformedReply(_NO_ANSWER)


def _elements(buffer: bytes, offsets: Integers, sizes: Integers) -> tuple[Integers, Integers]:
    """Where the one element of each message is: behind the same header in all of them."""
    if not len(offsets):
        return offsets, sizes
    first = int(offsets[0])
    whole = buffer[first : first + int(sizes[0])]
    given = fields(whole, next(envelopes(whole))).get(NFTA_SET_ELEM_LIST_ELEMENTS)
    if given is None:
        raise MalformedReply(_NO_ANSWER)
    octets, halves = np.frombuffer(buffer, np.uint8), np.frombuffer(buffer, np.uint16)
    # The generation's low half stands in the header, so that one comparison tells both.
    same = np.arange(NLMSG_HEADER, given.start - NLA_HEADER)
    heads = octets[offsets[:, None] + same]
    if (heads[:, 2:4] != heads[0, 2:4]).any():
        raise _moved()
    start = offsets + given.start
    element, left = halves[start // 2], sizes - given.start
    lists = halves[start // 2 - 2], halves[start // 2 - 1] & NLA_TYPE_MASK
    strange = (heads != heads[0]).any(axis=1) | (lists[0] != left + NLA_HEADER)
    strange |= (lists[1] != NFTA_SET_ELEM_LIST_ELEMENTS) | (element != left)
    strange |= halves[start // 2 + 1] & NLA_TYPE_MASK != NFTA_LIST_ELEM
    if strange.any():
        raise MalformedReply(_NO_ANSWER)
    return start, left
