# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions about many single keys, each a message of its own, and what was answered. Pure.

The kernel works through all questions of one buffer and answers each with an element or a refusal
in a datagram of its own, so that a key that is not there costs no more than one that is.
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
from enforcer.core.rules import Addresses, Integers

_SEQUENCE = slice(8, 12)
_ELEMENT = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM
_NO_ANSWER = "an answer about one element does not decode; nothing was assumed, read again"


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """`present`: for each key whether an element was answered. `offsets`, `sizes`: where those
    elements are in `buffer`, in the order of the keys, header included.
    """

    present: NDArray[np.bool_]
    buffer: bytes
    offsets: Integers
    sizes: Integers


def questions(target: SetRef, keys: Addresses, sequence: int, ends: bool) -> bytes:
    """One question per key, numbered from `sequence`; `ends`: for the end of an interval."""
    value = attribute(NFTA_DATA_VALUE, bytes(target.key_bytes))
    end = NFT_SET_ELEM_INTERVAL_END.to_bytes(4, "big")
    flags = attribute(NFTA_SET_ELEM_FLAGS, end) if ends else b""
    key = attribute(NFTA_SET_ELEM_KEY, value, nested=True)
    element = attribute(NFTA_LIST_ELEM, key + flags, nested=True)
    one = request(element_message(NFT_MSG_GETSETELEM, 0, target, element), sequence)
    rows = np.tile(np.frombuffer(one, np.uint8), (len(keys), 1))
    numbers = np.arange(sequence, sequence + len(keys), dtype=np.uint32)
    rows[:, _SEQUENCE] = numbers.view(np.uint8).reshape(-1, 4)
    at = len(one) - len(flags) - target.key_bytes
    rows[:, at : at + target.key_bytes] = _packed(keys, target.key_bytes)
    return rows.tobytes()


def _packed(keys: Addresses, key_bytes: int) -> NDArray[np.uint8]:
    packed = keys[:, 1].astype(">u4") if key_bytes == IPV4_KEY else keys.astype(">u8")
    return packed.view(np.uint8).reshape(len(keys), key_bytes)


def sift(replies: Sequence[bytes], sequence: int, count: int) -> Answers:
    """What was answered to `count` questions numbered from `sequence`.

    Raises KernelRefused for any refusal but ENOENT, Unconfirmed where an answer is missing,
    MovingRuleset, MalformedReply.
    """
    sizes = np.fromiter(map(len, replies), np.int64, len(replies))
    if (sizes < NLMSG_HEADER + 4).any() or (sizes % 4).any():
        raise MalformedReply(_NO_ANSWER)
    buffer = b"".join(replies)
    offsets = np.cumsum(sizes) - sizes
    words = np.frombuffer(buffer, np.uint32)
    at = offsets // 4
    row = words[at + 2].astype(np.int64) - sequence
    ours = (row >= 0) & (row < count)
    answered = np.zeros(count, np.bool_)
    answered[row[ours]] = True
    if not answered.all():
        raise Unconfirmed("nf_tables left a question unanswered; open a new conversation")
    kind = words[at + 1] & np.uint32(0xFFFF)
    refused, found = ours & (kind == NLMSG_ERROR), ours & (kind == _ELEMENT)
    if (words[at] != sizes).any() or (ours & ~refused & ~found).any():
        raise MalformedReply(_NO_ANSWER)
    _check_refusals(buffer, words, offsets[refused])
    present = np.zeros(count, np.bool_)
    present[row[found]] = True
    return Answers(present, buffer, *_elements(buffer, offsets[found], sizes[found]))


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
        raise MovingRuleset("the ruleset changed while it was being read; read it again")
    start = offsets + given.start
    element, left = halves[start // 2], sizes - given.start
    lists = halves[start // 2 - 2], halves[start // 2 - 1] & NLA_TYPE_MASK
    strange = (heads != heads[0]).any(axis=1) | (lists[0] != left + NLA_HEADER)
    strange |= (lists[1] != NFTA_SET_ELEM_LIST_ELEMENTS) | (element != left)
    strange |= halves[start // 2 + 1] & NLA_TYPE_MASK != NFTA_LIST_ELEM
    if strange.any():
        raise MalformedReply(_NO_ANSWER)
    return start, left
