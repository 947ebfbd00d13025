# SPDX-License-Identifier: GPL-2.0-or-later
"""Notifications of the group NFNLGRP_NFTABLES. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from drivers.nftables.netlink.attributes import (
    Envelope,
    aligned,
    envelopes,
    fields,
    message_header,
    string,
)
from drivers.nftables.netlink.constants import (
    NFNL_SUBSYS_NFTABLES,
    NFT_MSG_DELCHAIN,
    NFT_MSG_DELFLOWTABLE,
    NFT_MSG_DELOBJ,
    NFT_MSG_DELRULE,
    NFT_MSG_DELSET,
    NFT_MSG_DELSETELEM,
    NFT_MSG_DELTABLE,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWFLOWTABLE,
    NFT_MSG_NEWGEN,
    NFT_MSG_NEWOBJ,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM,
    NFT_MSG_NEWTABLE,
    NFTA_CHAIN_NAME,
    NFTA_RULE_CHAIN,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NFTA_SET_ELEM_LIST_SET,
    NFTA_SET_NAME,
    NLA_HEADER,
    NLMSG_HEADER,
)
from drivers.nftables.netlink.replies import Generation, generation, message_type

_KIND_BEFORE_BODY = NLMSG_HEADER - 4
"""A message's header after its length: type, flags, sequence and port."""
_NO_NAME = 0
FEW = 64
"""Above so many elements at once nobody looks at each of them."""
_ANSWER = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM
_TABLE = 1
_KINDS = {
    NFT_MSG_NEWTABLE: ("newtable", _NO_NAME),
    NFT_MSG_DELTABLE: ("deltable", _NO_NAME),
    NFT_MSG_NEWCHAIN: ("newchain", NFTA_CHAIN_NAME),
    NFT_MSG_DELCHAIN: ("delchain", NFTA_CHAIN_NAME),
    NFT_MSG_NEWRULE: ("newrule", NFTA_RULE_CHAIN),
    NFT_MSG_DELRULE: ("delrule", NFTA_RULE_CHAIN),
    NFT_MSG_NEWSET: ("newset", NFTA_SET_NAME),
    NFT_MSG_DELSET: ("delset", NFTA_SET_NAME),
    NFT_MSG_NEWSETELEM: ("newelem", NFTA_SET_ELEM_LIST_SET),
    NFT_MSG_DELSETELEM: ("delelem", NFTA_SET_ELEM_LIST_SET),
    NFT_MSG_NEWOBJ: ("newobj", 2),
    NFT_MSG_DELOBJ: ("delobj", 2),
    NFT_MSG_NEWFLOWTABLE: ("newflowtable", 2),
    NFT_MSG_DELFLOWTABLE: ("delflowtable", 2),
}
"""Kind and the attribute that names the object; attribute 1 is the table in all of them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change inside a table, or (`newgen`) the end of the transaction that made it.

    `kind`: newtable, deltable, newchain, delchain, newrule, delrule, newset, delset, newelem,
    delelem, newobj, delobj, newflowtable, delflowtable, newgen; or the type's number, for one
    that this driver does not know. `name`: the chain (of a rule, the chain it is in), set or
    object. `port`: netlink port of the socket that asked for it: equal to our own, we did it.
    `generation`: with `newgen` alone. Elements of one set in a row are one event; `lists`: the
    messages about them, as if they were answers, where there are few (`FEW`); else none.
    """

    kind: str
    family: int
    table: str
    name: str
    port: int
    generation: Generation | None = None
    lists: tuple[bytes, ...] = field(default=(), compare=False)


def read_events(buffer: bytes) -> Iterator[Event]:
    """The events in one received buffer. Raises MalformedReply for what does not decode."""
    before: Event | None = None
    same, lists = b"", list[bytes]()
    for envelope in envelopes(buffer):
        if same and buffer.startswith(same, envelope.start - _KIND_BEFORE_BODY):
            if len(lists) <= FEW:
                lists.append(_as_answer(buffer, envelope))
            continue
        found = _event(buffer, envelope)
        same = _repeats(buffer, envelope)
        if found is not None and found != before:
            if before is not None:
                yield _with_lists(before, lists)
            before, lists = found, []
        if same and found is not None and len(lists) <= FEW:
            lists.append(_as_answer(buffer, envelope))
    if before is not None:
        yield _with_lists(before, lists)


def _with_lists(event: Event, lists: list[bytes]) -> Event:
    return replace(event, lists=tuple(lists)) if 0 < len(lists) <= FEW else event


def _as_answer(buffer: bytes, envelope: Envelope) -> bytes:
    """The message about elements as an answer that holds them."""
    header = message_header(
        envelope.stop - envelope.start + NLMSG_HEADER, _ANSWER, envelope.flags, envelope.sequence
    )
    body = buffer[envelope.start : envelope.stop]
    return header + body.ljust(aligned(len(body)), b"\0")


def _repeats(buffer: bytes, envelope: Envelope) -> bytes:
    """For elements: all that the next message shares if it is about the same set."""
    if message_type(envelope) not in (NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM):
        return b""
    elements = fields(buffer, envelope).get(NFTA_SET_ELEM_LIST_ELEMENTS)
    stop = envelope.stop if elements is None else elements.start - NLA_HEADER
    return buffer[envelope.start - _KIND_BEFORE_BODY : stop]


def _event(buffer: bytes, envelope: Envelope) -> Event | None:
    kind = message_type(envelope)
    if kind is None:
        return None
    if kind == NFT_MSG_NEWGEN:
        return Event("newgen", 0, "", "", envelope.port, generation(buffer, envelope))
    found = fields(buffer, envelope)
    family = buffer[envelope.start]
    word, named_by = _KINDS.get(kind, (str(kind), _NO_NAME))
    name = string(buffer, found.get(named_by)) if named_by else ""
    return Event(word, family, string(buffer, found.get(_TABLE)), name, envelope.port)
