# SPDX-License-Identifier: GPL-2.0-or-later
"""Single replies of nf_tables: verdicts, generations, set definitions. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from drivers.nftables.netlink.attributes import (
    Attribute,
    Envelope,
    attributes,
    be32,
    envelopes,
    fields,
    string,
)
from drivers.nftables.netlink.columns import SetFacts
from drivers.nftables.netlink.constants import (
    NFGEN_HEADER,
    NFNL_SUBSYS_NFTABLES,
    NFT_MSG_NEWGEN,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWTABLE,
    NFTA_GEN_ID,
    NFTA_GEN_PROC_NAME,
    NFTA_GEN_PROC_PID,
    NFTA_SET_COUNT,
    NFTA_SET_FLAGS,
    NFTA_SET_KEY_LEN,
    NFTA_SET_NAME,
    NFTA_TABLE_NAME,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_HEADER,
    NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
)
from drivers.nftables.netlink.errors import (
    MalformedReply,
    MovingRuleset,
    Unconfirmed,
    refusal,
)

_ERRNO = struct.Struct("=i")
_LENGTH = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Verdict:
    """An acknowledgement: `code` 0 or a positive errno, of the request with that `sequence`."""

    sequence: int
    code: int
    offset: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """The ruleset's generation, and who committed it where the kernel tells (Linux 4.13)."""

    number: int
    pid: int | None = None
    command: str = ""


def message_type(envelope: Envelope) -> int | None:
    """The nf_tables message type, None for a message of another subsystem or of netlink itself."""
    return envelope.kind & 0xFF if envelope.kind >> 8 == NFNL_SUBSYS_NFTABLES else None


def verdict(buffer: bytes, envelope: Envelope) -> Verdict:
    """Decode NLMSG_ERROR, extended acknowledgement included. Raises MalformedReply."""
    start, stop = envelope.start, envelope.stop
    if stop - start < _ERRNO.size:
        raise MalformedReply("a netlink verdict without an errno; nothing was assumed, read again")
    code = -_ERRNO.unpack_from(buffer, start)[0]
    echoed = start + _ERRNO.size
    tlvs = echoed + NLMSG_HEADER
    if not envelope.flags & NLM_F_ACK_TLVS or tlvs > stop:
        return Verdict(envelope.sequence, code)
    if not envelope.flags & NLM_F_CAPPED:
        tlvs = echoed + max(NLMSG_HEADER, _LENGTH.unpack_from(buffer, echoed)[0])
    return _extended(buffer, envelope, code, tlvs)


def _extended(buffer: bytes, envelope: Envelope, code: int, tlvs: int) -> Verdict:
    offset, said = None, ""
    for field in attributes(buffer, tlvs, envelope.stop):
        if field.kind == NLMSGERR_ATTR_OFFS and field.stop - field.start == 4:
            offset = _LENGTH.unpack_from(buffer, field.start)[0]
        elif field.kind == NLMSGERR_ATTR_MSG:
            said = string(buffer, field)
    return Verdict(envelope.sequence, code, offset, said)


def check_batch(replies: Iterable[bytes], begin: int, last: int) -> None:
    """Judge what came back for a batch whose BEGIN and last message had these sequence numbers.

    Raises the refusal of the first message that failed, or of the batch as a whole;
    Unconfirmed when neither a refusal nor the acknowledgement is there.
    """
    verdicts = [
        verdict(buffer, envelope)
        for buffer in replies
        for envelope in envelopes(buffer)
        if envelope.kind == NLMSG_ERROR and begin <= envelope.sequence <= last + 1
    ]
    failed = sorted((v for v in verdicts if v.code), key=lambda v: v.sequence)
    if failed:
        first = failed[0]
        raise refusal(first.code, first.sequence - begin - 1, first.offset, first.text)
    if not any(v.sequence == last for v in verdicts):
        raise Unconfirmed(
            "the kernel gave no verdict on a batch; whether it stands is unknown until read back"
        )


def finished(buffer: bytes, sequence: int) -> Verdict | None:
    """The verdict that ends the dump with that `sequence`, None while more is to come."""
    for envelope in envelopes(buffer):
        if envelope.sequence == sequence and envelope.kind in (NLMSG_ERROR, NLMSG_DONE):
            return verdict(buffer, envelope)
    return None


def raise_refusal(found: Verdict) -> None:
    """Raise the refusal that `found` is, if it is one."""
    if found.code:
        raise refusal(found.code, offset=found.offset, text=found.text)


def generation(buffer: bytes, envelope: Envelope) -> Generation:
    """Decode NFT_MSG_NEWGEN."""
    found = fields(buffer, envelope)
    pid = found.get(NFTA_GEN_PROC_PID)
    return Generation(
        be32(buffer, found.get(NFTA_GEN_ID), "generation"),
        None if pid is None else be32(buffer, pid, "process of a generation"),
        string(buffer, found.get(NFTA_GEN_PROC_NAME)),
    )


def generation_reply(buffer: bytes) -> Generation:
    """The answer to GETGEN."""
    for envelope in envelopes(buffer):
        if envelope.kind == NLMSG_ERROR:
            raise_refusal(verdict(buffer, envelope))
        if message_type(envelope) == NFT_MSG_NEWGEN:
            return generation(buffer, envelope)
    raise MalformedReply("the kernel answered GETGEN without a generation; read again")


def table_names(buffers: Iterable[bytes]) -> frozenset[str]:
    """The names of the tables in the answer to GETTABLE, whatever their family."""
    return frozenset(
        string(buffer, fields(buffer, envelope).get(NFTA_TABLE_NAME))
        for buffer in buffers
        for envelope in envelopes(buffer)
        if message_type(envelope) == NFT_MSG_NEWTABLE
    )


def set_facts(buffers: Iterable[bytes]) -> tuple[SetFacts, ...]:
    """The set definitions in the answer to GETSET."""
    return tuple(
        _set_facts(buffer, fields(buffer, envelope))
        for buffer in buffers
        for envelope in envelopes(buffer)
        if message_type(envelope) == NFT_MSG_NEWSET
    )


def _set_facts(buffer: bytes, found: dict[int, Attribute]) -> SetFacts:
    flags, count = found.get(NFTA_SET_FLAGS), found.get(NFTA_SET_COUNT)
    return SetFacts(
        string(buffer, found.get(NFTA_SET_NAME)),
        0 if flags is None else be32(buffer, flags, "set flags"),
        be32(buffer, found.get(NFTA_SET_KEY_LEN), "set key length"),
        None if count is None else be32(buffer, count, "set element count"),
    )


def read_generation(buffers: Iterable[bytes]) -> int | None:
    """The low 16 bits of the generation that all nf_tables messages of one read carry.

    None: no such message (an empty dump). Raises MovingRuleset when they differ
    (nf_tables fills `nfgenmsg.res_id` with them; elements never set NLM_F_DUMP_INTR).
    """
    seen: set[int] = set()
    for buffer in buffers:
        for envelope in envelopes(buffer):
            if message_type(envelope) is None:
                continue
            if envelope.stop - envelope.start < NFGEN_HEADER:
                raise MalformedReply("an nf_tables message without its header; read again")
            seen.add(int.from_bytes(buffer[envelope.start + 2 : envelope.start + 4], "big"))
            if envelope.flags & NLM_F_DUMP_INTR or len(seen) > 1:
                raise MovingRuleset("the ruleset changed while it was being read; read it again")
    return seen.pop() if seen else None
