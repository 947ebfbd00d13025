# SPDX-License-Identifier: GPL-2.0-or-later
"""The definitions of very many sets, each decoded when somebody asks for it. Pure.

Decoding a thousand of them takes ten times as long as the kernel takes to tell them.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence

from drivers.nftables.netlink.attributes import aligned
from drivers.nftables.netlink.constants import NLM_F_DUMP_INTR, NLMSG_HEADER
from drivers.nftables.netlink.definitions import SetDefinition, read_sets
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset

_HEAD = struct.Struct("=IHH")


class Catalogue:
    """What the kernel told when it was asked for all sets of `table`."""

    def __init__(self, replies: Iterable[bytes], table: str, names: re.Pattern[bytes]) -> None:
        """`names`: the form of the names of those that may be asked for.

        Raises MalformedReply, MovingRuleset.
        """
        self._table = table
        self._buffer = b"".join(replies)
        self._starts = _starts(self._buffer)
        self._read: dict[str, SetDefinition | None] = {}
        self._told: dict[str, list[int]] = {}
        for found in re.finditer(names.pattern + rb"(?=\0)", self._buffer):
            self._told.setdefault(found[0].decode("ascii"), []).append(found.start())

    @property
    def names(self) -> Collection[str]:
        """All that was told and could be the name of such a set; a comment may say it, too."""
        return self._told.keys()

    def definition(self, name: str) -> SetDefinition | None:
        """The set that is called so; None: there is none. Raises MalformedReply."""
        if name not in self._read:
            told = (one for at in self._told.get(name, ()) for one in self._sets_around(at))
            self._read[name] = next((one for one in told if one.name == name), None)
        return self._read[name]

    def _sets_around(self, at: int) -> Iterable[SetDefinition]:
        index = bisect_right(self._starts, at)
        stop = self._starts[index] if index < len(self._starts) else len(self._buffer)
        return read_sets([self._buffer[self._starts[index - 1] : stop]], self._table)


def _starts(buffer: bytes) -> Sequence[int]:
    """Where the messages begin."""
    starts: list[int] = []
    position, end = 0, len(buffer)
    while position < end:
        if end - position < NLMSG_HEADER:
            raise _cut_short()
        length, _, flags = _HEAD.unpack_from(buffer, position)
        if length < NLMSG_HEADER or aligned(length) > end - position:
            raise _cut_short()
        if flags & NLM_F_DUMP_INTR:
            raise MovingRuleset("the ruleset changed while it was being read; read it again")
        starts.append(position)
        position += aligned(length)
    return starts


def _cut_short() -> MalformedReply:
    return MalformedReply("the definitions of the sets were told in part; read again")
