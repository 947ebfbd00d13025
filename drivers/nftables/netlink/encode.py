# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests to nf_tables: pure, from columns to bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from drivers.nftables.netlink.attributes import Message, attribute, message_header, text
from drivers.nftables.netlink.columns import NewElements, SetRef
from drivers.nftables.netlink.constants import (
    NFGEN_HEADER,
    NFNL_BATCH_GENID,
    NFNL_MSG_BATCH_BEGIN,
    NFNL_MSG_BATCH_END,
    NFNL_SUBSYS_NFTABLES,
    NFPROTO_INET,
    NFT_MSG_DELSETELEM,
    NFT_MSG_GETGEN,
    NFT_MSG_GETSET,
    NFT_MSG_GETSETELEM,
    NFT_MSG_NEWSETELEM,
    NFT_SET_ELEM_CATCHALL,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NFTA_SET_ELEM_LIST_SET,
    NFTA_SET_ELEM_LIST_TABLE,
    NFTA_SET_NAME,
    NFTA_SET_TABLE,
    NLA_F_NESTED,
    NLA_HEADER,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    NLMSG_HEADER,
)
from drivers.nftables.netlink.rows import element_chunks

_LIST_HEADER = struct.Struct("=HH")


def add_elements(
    target: SetRef, elements: NewElements, exclusive: bool = True
) -> Iterator[Message]:
    """Messages that create `elements`.

    `exclusive`: an element that exists already fails the batch with EEXIST. Without it the kernel
    keeps the old comment (and, before Linux 6.12, the old timeout) without a word.
    """
    flags = NLM_F_CREATE | (NLM_F_EXCL if exclusive else 0)
    return _element_messages(NFT_MSG_NEWSETELEM, flags, target, elements)


def delete_elements(target: SetRef, elements: NewElements) -> Iterator[Message]:
    """Messages that delete the elements with these keys; a missing one fails the batch (ENOENT)."""
    keys = NewElements(elements.first, elements.last)
    return _element_messages(NFT_MSG_DELSETELEM, 0, target, keys)


def flush_elements(target: SetRef) -> Message:
    """Delete every element of a set (DELSETELEM without a list), the catch-all too."""
    return Message(_nft(NFT_MSG_DELSETELEM), 0, (_element_list_head(target),))


def delete_catch_all(target: SetRef) -> Message:
    """Delete the element that stands for every key (Linux 5.13)."""
    flags = attribute(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_CATCHALL.to_bytes(4, "big"))
    chunk = attribute(NFTA_LIST_ELEM, flags, nested=True)
    return element_message(NFT_MSG_DELSETELEM, 0, target, chunk)


def batch(
    messages: Iterable[Message], sequence: int, generation: int | None = None
) -> tuple[bytes, int]:
    """One transaction in one buffer, and the sequence number of its last message.

    BEGIN has `sequence`, message i `sequence` + 1 + i; the last message alone asks for an
    acknowledgement. `generation`: the kernel refuses with ERESTART when it has moved.
    Raises ValueError for an empty batch.
    """
    listed = list(messages)
    if not listed:
        raise ValueError("a batch needs a message")
    guard = (
        b"" if generation is None else attribute(NFNL_BATCH_GENID, generation.to_bytes(4, "big"))
    )
    parts: list[bytes | memoryview] = []
    _append(parts, NFNL_MSG_BATCH_BEGIN, 0, sequence, (_batch_head(), guard))
    last = sequence + len(listed)
    for number, message in enumerate(listed, sequence + 1):
        flags = message.flags | (NLM_F_ACK if number == last else 0)
        _append(parts, message.kind, flags, number, message.parts)
    _append(parts, NFNL_MSG_BATCH_END, 0, last + 1, (_batch_head(),))
    return b"".join(parts), last


def request(message: Message, sequence: int) -> bytes:
    """One message that stands alone: a question."""
    parts: list[bytes | memoryview] = []
    _append(parts, message.kind, message.flags, sequence, message.parts)
    return b"".join(parts)


def get_generation() -> Message:
    """Ask for the ruleset's generation."""
    return Message(_nft(NFT_MSG_GETGEN), 0, (_nfgen(0),))


def get_set(table: str, name: str, family: int = NFPROTO_INET) -> Message:
    """Ask for one set's definition."""
    body = _nfgen(family) + text(NFTA_SET_TABLE, table) + text(NFTA_SET_NAME, name)
    return Message(_nft(NFT_MSG_GETSET), 0, (body,))


def get_sets(table: str, family: int = NFPROTO_INET) -> Message:
    """Ask for the definitions of all sets of a table."""
    body = _nfgen(family) + text(NFTA_SET_TABLE, table)
    return Message(_nft(NFT_MSG_GETSET), NLM_F_DUMP, (body,))


def dump_elements(target: SetRef) -> Message:
    """Ask for all elements of a set."""
    return Message(_nft(NFT_MSG_GETSETELEM), NLM_F_DUMP, (_element_list_head(target),))


def get_elements(target: SetRef, keys: NewElements) -> Iterator[Message]:
    """Ask for the elements with these keys (sets without intervals)."""
    bare = NewElements(keys.first, keys.last)
    return _element_messages(NFT_MSG_GETSETELEM, 0, target, bare)


def _element_messages(
    kind: int, flags: int, target: SetRef, elements: NewElements
) -> Iterator[Message]:
    for chunk in element_chunks(elements, target.key_bytes, target.interval):
        yield element_message(kind, flags, target, chunk)


def element_message(kind: int, flags: int, target: SetRef, chunk: bytes | memoryview) -> Message:
    """A message about elements that are encoded already, `MAX_LIST_BYTES` of them at most."""
    nest = NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED
    list_head = _LIST_HEADER.pack(NLA_HEADER + len(chunk), nest)
    return Message(_nft(kind), flags, (_element_list_head(target), list_head, chunk))


def _element_list_head(target: SetRef) -> bytes:
    return (
        _nfgen(target.family)
        + text(NFTA_SET_ELEM_LIST_TABLE, target.table)
        + text(NFTA_SET_ELEM_LIST_SET, target.name)
    )


def _append(
    parts: list[bytes | memoryview],
    kind: int,
    flags: int,
    sequence: int,
    payload: tuple[bytes | memoryview, ...],
) -> None:
    length = NLMSG_HEADER + sum(map(len, payload))
    parts.append(message_header(length, kind, flags | NLM_F_REQUEST, sequence))
    parts.extend(payload)


def _nft(kind: int) -> int:
    return NFNL_SUBSYS_NFTABLES << 8 | kind


def _nfgen(family: int) -> bytes:
    return bytes((family, 0, 0, 0))


def _batch_head() -> bytes:
    return bytes((0, 0)) + NFNL_SUBSYS_NFTABLES.to_bytes(NFGEN_HEADER - 2, "big")
