# SPDX-License-Identifier: GPL-2.0-or-later
"""Netlink messages and attributes one at a time: for everything but elements in bulk.

Layouts: Linux ``include/uapi/linux/netlink.h``. Headers are in host byte order, nf_tables'
integers in network order, everything padded to 4 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.nftables.netlink.constants import (
    NFGEN_HEADER,
    NLA_F_NESTED,
    NLA_HEADER,
    NLA_TYPE_MASK,
    NLMSG_HEADER,
)
from drivers.nftables.netlink.errors import MalformedReply

_MESSAGE = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class Message:
    """A request: netlink type, flags besides NLM_F_REQUEST, and what follows the header."""

    kind: int
    flags: int
    parts: tuple[bytes | memoryview, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A received message: `start`..`stop` is what follows its header, in the buffer given."""

    kind: int
    flags: int
    sequence: int
    port: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: `start`..`stop` is its payload, without padding."""

    kind: int
    start: int
    stop: int


def aligned(length: int) -> int:
    """`length` rounded up to a multiple of 4."""
    return (length + 3) & ~3


def attribute(kind: int, payload: bytes, nested: bool = False) -> bytes:
    """One attribute with its header and padding."""
    header = _ATTRIBUTE.pack(NLA_HEADER + len(payload), kind | (NLA_F_NESTED if nested else 0))
    return header + payload.ljust(aligned(len(payload)), b"\0")


def text(kind: int, value: str) -> bytes:
    """A NUL-terminated string attribute."""
    return attribute(kind, value.encode() + b"\0")


def message_header(length: int, kind: int, flags: int, sequence: int) -> bytes:
    """The header of a message of `length` bytes (header included)."""
    return _MESSAGE.pack(length, kind, flags, sequence, 0)


def envelopes(buffer: bytes) -> Iterator[Envelope]:
    """The messages in `buffer`, in order. Raises MalformedReply unless they fill it exactly."""
    position, end = 0, len(buffer)
    while position < end:
        if end - position < NLMSG_HEADER:
            raise MalformedReply(_cut_short("message header", position))
        length, kind, flags, sequence, port = _MESSAGE.unpack_from(buffer, position)
        if length < NLMSG_HEADER or aligned(length) > end - position:
            raise MalformedReply(_cut_short(f"message of {length} bytes", position))
        start = position + NLMSG_HEADER
        yield Envelope(kind, flags, sequence, port, start, position + length)
        position += aligned(length)


def attributes(buffer: bytes, start: int, stop: int) -> Iterator[Attribute]:
    """The attributes in `buffer[start:stop]`. Raises MalformedReply unless they fill it."""
    position = start
    while position < stop:
        if stop - position < NLA_HEADER:
            raise MalformedReply(_cut_short("attribute header", position))
        length, kind = _ATTRIBUTE.unpack_from(buffer, position)
        if length < NLA_HEADER or length > stop - position:
            raise MalformedReply(_cut_short(f"attribute of {length} bytes", position))
        yield Attribute(kind & NLA_TYPE_MASK, position + NLA_HEADER, position + length)
        position += aligned(length)


def fields(buffer: bytes, envelope: Envelope) -> dict[int, Attribute]:
    """The attributes of an nf_tables message by type; of repeated ones the last."""
    if envelope.stop - envelope.start < NFGEN_HEADER:
        raise MalformedReply(_cut_short("nfgenmsg", envelope.start))
    found = attributes(buffer, envelope.start + NFGEN_HEADER, envelope.stop)
    return {a.kind: a for a in found}


def be32(buffer: bytes, field: Attribute | None, what: str) -> int:
    """A 32-bit integer. Raises MalformedReply, naming `what`, when absent or of another size."""
    if field is None or field.stop - field.start != 4:
        raise MalformedReply(_cut_short(what, -1 if field is None else field.start))
    return int.from_bytes(buffer[field.start : field.stop], "big")


def string(buffer: bytes, field: Attribute | None) -> str:
    """A NUL-terminated string, "" when absent; foreign bytes as backslash escapes."""
    if field is None:
        return ""
    raw = buffer[field.start : field.stop].split(b"\0", 1)[0]
    return raw.decode("ascii", errors="backslashreplace")


def _cut_short(what: str, position: int) -> str:
    where = "it is absent" if position < 0 else f"at byte {position}"
    return (
        f"a reply of nf_tables does not decode ({what}: {where}); nothing was assumed. "
        "Read again; if it stays, this kernel speaks a dialect that the driver must learn"
    )
