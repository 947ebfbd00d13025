# SPDX-License-Identifier: GPL-2.0-or-later
"""Block lists as plain text: one address or prefix a line.

``#`` and ``;`` begin a comment (also after an entry, as in ``192.0.2.0/24 ; SBL1``), blank
lines are nothing, and of comma-separated columns the first one counts. A line that is not
certain to mean one address or prefix is rejected with its reason, never cut to fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from enforcer.core.prefixes import parse_network, shown
from enforcer.core.rules import Addresses
from enforcer.errors import InvalidInput

_MAPPED = bytes(10) + b"\xff\xff"
_BITS = {AF_INET: 32, AF_INET6: 128}
_LENGTHS = {str(length): length for length in range(1, 129)}
"""Prefix lengths as they may be written; /0 is not among them: it would block everything."""
_ONE, _SIX, _LENGTH_MASK, _HALF = map(np.uint64, (1, 6, 63, 64))


class RejectedLine(NamedTuple):
    """A line that is no entry: its number from 1, its text (tamed), and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False, slots=True)
class ParsedList:
    """The entries of a list: inclusive ranges, shape (N, 2), sorted, each entry once.

    Nested and adjacent entries stay as they are. `duplicates`: entries left out because the
    same one was there. `lines`: all lines of the text, whatever is in them.
    """

    v4_first: Addresses
    v4_last: Addresses
    v6_first: Addresses
    v6_last: Addresses
    rejected: tuple[RejectedLine, ...]
    duplicates: int
    lines: int

    def __len__(self) -> int:
        return len(self.v4_first) + len(self.v6_first)


def read_list(path: Path) -> ParsedList:
    """`parse_list` of a file; what is not UTF-8 in it ends up in rejected lines or comments.

    Raises InvalidInput where the file cannot be read.
    """
    try:
        return parse_list(path.read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise InvalidInput(f"the list {path} cannot be read: {error.strerror}") from error


def parse_list(text: str) -> ParsedList:
    """The entries and the rejected lines of a list's text; never raises."""
    lines = text.replace("\r\n", "\n").split("\n")
    if not lines[-1]:
        lines.pop()
    found = _Entries()
    packed, lengths = found.v4, found.v4_length
    for number, line in enumerate(lines, 1):
        try:
            packed.append(inet_pton(AF_INET, line))
        except (OSError, ValueError):
            found.add(number, line)
        else:
            lengths.append(32)
    v4_first, v4_last = _v4_columns(packed, lengths)
    v6_first, v6_last = _v6_columns(found.v6, found.v6_length)
    entries = len(found.v4) + len(found.v6)
    return ParsedList(
        v4_first,
        v4_last,
        v6_first,
        v6_last,
        tuple(found.rejected),
        entries - len(v4_first) - len(v6_first),
        len(lines),
    )


@dataclass
class _Entries:
    """Entries as packed addresses and prefix lengths, in the text's sequence."""

    v4: list[bytes] = field(default_factory=list)
    v4_length: list[int] = field(default_factory=list)
    v6: list[bytes] = field(default_factory=list)
    v6_length: list[int] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)

    def add(self, number: int, line: str) -> None:
        """Anything but a bare IPv4 address."""
        content = line.partition("#")[0].partition(";")[0].strip()
        if not content:
            return
        try:
            packed, length = _entry(content)
        except InvalidInput as refusal:
            self.rejected.append(RejectedLine(number, shown(line), str(refusal)))
            return
        if len(packed) == 4:
            self.v4.append(packed)
            self.v4_length.append(length)
        else:
            self.v6.append(packed)
            self.v6_length.append(length)


def _entry(content: str) -> tuple[bytes, int]:
    plain = _plain(content)
    if plain is not None:
        return plain
    first, *others = (column.strip().strip("\"'") for column in content.split(","))
    if any(_plain(other) for other in others):
        raise InvalidInput("two addresses in one line: write each prefix in a line of its own")
    return _plain(first) or _strict(first)


def _plain(entry: str) -> tuple[bytes, int] | None:
    """Packed address and prefix length of a well-formed entry; None: look closer.

    The C library reads both families as strictly as `ipaddress` does, twenty times as fast.
    """
    address, slash, digits = entry.partition("/")
    family = AF_INET6 if ":" in address else AF_INET
    bits = _BITS[family]
    try:
        packed = inet_pton(family, address)
    except (OSError, ValueError):
        return None
    if packed.startswith(_MAPPED):
        return None
    if not slash:
        return packed, bits
    if digits not in _LENGTHS or _LENGTHS[digits] > bits:
        return None
    length = _LENGTHS[digits]
    if int.from_bytes(packed) & ((1 << bits - length) - 1):
        return None
    return packed, length


def _strict(entry: str) -> tuple[bytes, int]:
    """Raises InvalidInput with the reason that is shown with the line."""
    network = parse_network(entry)
    if network.prefixlen == 0:
        raise InvalidInput(f"{network} is the default route: it would block everything")
    return network.network_address.packed, network.prefixlen


def _v4_columns(packed: list[bytes], lengths: list[int]) -> tuple[Addresses, Addresses]:
    first = np.frombuffer(b"".join(packed), ">u4").astype(np.uint64)
    length = np.array(lengths, np.uint64)
    keys = np.sort(first << _SIX | length)
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    first, length = keys >> _SIX, keys & _LENGTH_MASK
    last = first | ((_ONE << (np.uint64(32) - length)) - _ONE)
    nothing = np.zeros(len(keys), np.uint64)
    return np.stack((nothing, first), axis=1), np.stack((nothing, last), axis=1)


def _v6_columns(packed: list[bytes], lengths: list[int]) -> tuple[Addresses, Addresses]:
    first = np.frombuffer(b"".join(packed), ">u8").astype(np.uint64).reshape(-1, 2)
    length = np.array(lengths, np.uint64)
    by_first = np.lexsort((length, first[:, 1], first[:, 0]))
    first, length = first[by_first], length[by_first]
    fresh = np.ones(len(first), np.bool_)
    fresh[1:] = (first[1:] != first[:-1]).any(axis=1) | (length[1:] != length[:-1])
    first, length = first[fresh], length[fresh]
    high = first[:, 0] | _host_mask(np.minimum(length, _HALF))
    low = first[:, 1] | _host_mask(np.maximum(length, _HALF) - _HALF)
    return first, np.stack((high, low), axis=1)


def _host_mask(length: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The host bits below a prefix `length` of 0..64 in 64 bits."""
    # Shifting 64 bits by 64 is undefined, so the last one goes by itself.
    half = (_ONE << (_HALF - np.maximum(length, _ONE))) - _ONE
    return np.where(length == 0, ~np.uint64(0), half)
