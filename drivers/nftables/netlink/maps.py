# SPDX-License-Identifier: GPL-2.0-or-later
"""Elements of verdict maps: few, so one at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drivers.nftables.netlink.attributes import Message, attribute, attributes, envelopes, fields
from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.netlink.constants import (
    NFT_JUMP,
    NFT_MSG_NEWSETELEM,
    NFT_SET_ELEM_INTERVAL_END,
    NFTA_DATA_VALUE,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_DATA,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NLM_F_CREATE,
    NLM_F_EXCL,
)
from drivers.nftables.netlink.encode import element_message
from drivers.nftables.netlink.errors import MalformedReply
from drivers.nftables.netlink.expressions import read_verdict_data, verdict_data
from drivers.nftables.netlink.replies import message_type

_PER_MESSAGE = 500


@dataclass(frozen=True, slots=True, order=True)
class Jump:
    """Keys from `first` on (alone, where the map has no intervals) jump to `chain`.

    In an interval map each reaches to the next one, the last to the highest key. `chain` is ""
    for a verdict that is no jump.
    """

    first: int
    chain: str


def add_jumps(target: SetRef, jumps: Iterable[Jump]) -> Iterator[Message]:
    """Messages that fill a map; interval maps must begin at key 0 and be ascending."""
    top = 1 << 8 * target.key_bytes
    listed = list(jumps)
    ends = [jump.first for jump in listed[1:]] + [top]
    parts = []
    for jump, end in zip(listed, ends, strict=True):
        data = verdict_data(NFT_JUMP, jump.chain)
        value = _key(jump.first, target) + attribute(NFTA_SET_ELEM_DATA, data, nested=True)
        parts.append(attribute(NFTA_LIST_ELEM, value, nested=True))
        if target.interval and end < top:
            flags = attribute(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END.to_bytes(4, "big"))
            parts.append(attribute(NFTA_LIST_ELEM, _key(end, target) + flags, nested=True))
    for at in range(0, len(parts), _PER_MESSAGE):
        chunk = b"".join(parts[at : at + _PER_MESSAGE])
        yield element_message(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, target, chunk)


def _key(value: int, target: SetRef) -> bytes:
    inner = attribute(NFTA_DATA_VALUE, value.to_bytes(target.key_bytes, "big"))
    return attribute(NFTA_SET_ELEM_KEY, inner, nested=True)


def read_jumps(replies: Iterable[bytes]) -> tuple[Jump, ...]:
    """The jumps in a map's dump, ascending. Raises MalformedReply."""
    found: list[Jump] = []
    for buffer in replies:
        for envelope in envelopes(buffer):
            if message_type(envelope) != NFT_MSG_NEWSETELEM:
                continue
            listed = fields(buffer, envelope).get(NFTA_SET_ELEM_LIST_ELEMENTS)
            if listed is not None:
                for element in attributes(buffer, listed.start, listed.stop):
                    found += _read_jump(buffer, element.start, element.stop)
    return tuple(sorted(found))


def _read_jump(buffer: bytes, start: int, stop: int) -> list[Jump]:
    parts = {a.kind: a for a in attributes(buffer, start, stop)}
    flags, key = parts.get(NFTA_SET_ELEM_FLAGS), parts.get(NFTA_SET_ELEM_KEY)
    word = 0 if flags is None else int.from_bytes(buffer[flags.start : flags.stop], "big")
    if word & NFT_SET_ELEM_INTERVAL_END:
        return []
    if key is None:
        return [Jump(-1, "")]
    inner = [a for a in attributes(buffer, key.start, key.stop) if a.kind == NFTA_DATA_VALUE]
    if not inner:
        raise MalformedReply("a map element does not decode (its key); read again")
    first = int.from_bytes(buffer[inner[0].start : inner[0].stop], "big")
    shown = parts.get(NFTA_SET_ELEM_DATA)
    if shown is None:
        return [Jump(first, "")]
    code, chain = read_verdict_data(buffer, shown.start, shown.stop)
    return [Jump(first, chain if code == NFT_JUMP else "")]
