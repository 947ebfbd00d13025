# SPDX-License-Identifier: GPL-2.0-or-later
"""The mark by which a probe packet is known again wherever it is captured.

Sixteen bytes of payload: magic, run, sequence number and its one's complement. As 16-bit words
the last two always add up to zero in one's complement arithmetic (RFC 1071), so a packet built
once with a right checksum keeps it for every sequence number.
"""

import os
import struct
from dataclasses import dataclass

MAGIC = b"\xabLAB"
TAG = struct.Struct(">4s4sII")
MASK = 0xFFFFFFFF


@dataclass(frozen=True)
class Tag:
    """Run (4 random bytes) and sequence number (32 bits) of one packet."""

    run: bytes
    sequence: int

    def wire(self) -> bytes:
        """The 16 bytes for the payload; it must begin at an even offset."""
        return TAG.pack(MAGIC, self.run, self.sequence, ~self.sequence & MASK)


def new_run() -> bytes:
    """Names a run so that packets of an earlier one are not taken for its own."""
    return os.urandom(4)


def find_tag(packet: bytes) -> Tag | None:
    """The tag in a captured packet, wherever it is; None if there is none or it is torn."""
    at = packet.find(MAGIC)
    if at < 0 or len(packet) < at + TAG.size:
        return None
    _, run, sequence, complement = TAG.unpack_from(packet, at)
    return Tag(run, sequence) if sequence == ~complement & MASK else None
