# SPDX-License-Identifier: GPL-2.0-or-later
"""Block lists as plain text: one address or prefix a line.

``#`` and ``;`` begin a comment (also after an entry, as in ``192.0.2.0/24 ; SBL1``), blank
lines are nothing, and of comma-separated columns the first one counts. A line that is not
certain to mean one address or prefix is rejected with its reason, never cut to fit. So is a
prefix that is too short, or that touches special-purpose space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from enforcer.core.prefixes import parse_network, shown
from enforcer.core.rules import Addresses
from enforcer.core.special_purpose import NEVER
from enforcer.errors import InvalidInput

_MAPPED = bytes(10) + b"\xff\xff"
_BITS = {AF_INET: 32, AF_INET6: 128}
_SHORTEST = {4: 8, 16: 16}
"""Fewest bits of a prefix, by the bytes of an address: two of one bit are a default route."""
_LENGTHS = {str(length): length for length in range(1, 129)}
"""Prefix lengths as they may be written; /0 is not among them: it would block everything."""
_NONE = -1
_REASONS = tuple(f"touches {space} ({why}), which is nobody's to block" for space, why in NEVER)
_Touched = NDArray[np.int8]
"""For each prefix the number of a space in `NEVER`, or `_NONE`."""
_Prefixes = tuple[NDArray[np.uint64], NDArray[np.uint64]]
"""First addresses and prefix lengths."""
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
    v4, v6 = _v4_prefixes(packed, lengths), _v6_prefixes(found.v6, found.v6_length)
    touched = _v4_touched(*v4), _v6_touched(*v6)
    found.reject_special(lines, *touched)
    v4_first, v4_last = _v4_columns(*_kept(v4, touched[0]))
    v6_first, v6_last = _v6_columns(*_kept(v6, touched[1]))
    entries = sum(np.count_nonzero(space == _NONE) for space in touched)
    return ParsedList(
        v4_first,
        v4_last,
        v6_first,
        v6_last,
        tuple(sorted(found.rejected)),
        int(entries) - len(v4_first) - len(v6_first),
        len(lines),
    )


@dataclass
class _Entries:
    """Entries as packed addresses and prefix lengths, in the text's sequence.

    `not_v4`: numbers of the lines without an IPv4 entry (noting those with one would make the
    usual line dearer); `v6_line`: numbers of those with an IPv6 entry.
    """

    v4: list[bytes] = field(default_factory=list)
    v4_length: bytearray = field(default_factory=bytearray)
    v6: list[bytes] = field(default_factory=list)
    v6_length: bytearray = field(default_factory=bytearray)
    not_v4: list[int] = field(default_factory=list)
    v6_line: list[int] = field(default_factory=list)
    rejected: list[RejectedLine] = field(default_factory=list)

    def add(self, number: int, line: str) -> None:
        """Anything but a bare IPv4 address."""
        content = line.partition("#")[0].partition(";")[0].strip()
        if not content:
            self.not_v4.append(number)
            return
        try:
            packed, length = _entry(content)
        except InvalidInput as refusal:
            self.not_v4.append(number)
            self.rejected.append(RejectedLine(number, shown(line), str(refusal)))
            return
        if len(packed) == 4:
            self.v4.append(packed)
            self.v4_length.append(length)
        else:
            self.v6.append(packed)
            self.v6_length.append(length)
            self.v6_line.append(number)
            self.not_v4.append(number)

    def reject_special(self, lines: Sequence[str], v4: _Touched, v6: _Touched) -> None:
        """Note the lines of the entries that touch space which is nobody's to block."""
        if (v4 == _NONE).all() and (v6 == _NONE).all():
            return
        every = np.arange(1, len(lines) + 1)
        v4_line = np.delete(every, np.array(self.not_v4, np.int64) - 1)
        for numbers, touched in ((v4_line, v4), (np.array(self.v6_line, np.int64), v6)):
            bad = touched != _NONE
            for number, space in zip(numbers[bad].tolist(), touched[bad].tolist(), strict=True):
                line = shown(lines[number - 1])
                self.rejected.append(RejectedLine(number, line, _REASONS[space]))


def _entry(content: str) -> tuple[bytes, int]:
    packed, length = _prefix(content)
    if length < (shortest := _SHORTEST[len(packed)]):
        raise InvalidInput(
            f"a prefix of /{length} is too short for a list: at least /{shortest};"
            " what is meant to be blocked is named more exactly"
        )
    return packed, length


def _prefix(content: str) -> tuple[bytes, int]:
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


def _v4_prefixes(packed: list[bytes], lengths: bytearray) -> _Prefixes:
    first = np.frombuffer(b"".join(packed), ">u4").astype(np.uint64)
    return first, np.frombuffer(lengths, np.uint8).astype(np.uint64)


def _v6_prefixes(packed: list[bytes], lengths: bytearray) -> _Prefixes:
    first = np.frombuffer(b"".join(packed), ">u8").astype(np.uint64).reshape(-1, 2)
    return first, np.frombuffer(lengths, np.uint8).astype(np.uint64)


def _kept(prefixes: _Prefixes, touched: _Touched) -> _Prefixes:
    first, length = prefixes
    kept = touched == _NONE
    return (first, length) if kept.all() else (first[kept], length[kept])


def _v4_touched(first: NDArray[np.uint64], length: NDArray[np.uint64]) -> _Touched:
    """Which of `NEVER` each prefix shares an address with.

    Two prefixes share one exactly if they agree in the bits of the shorter one.
    """
    touched = np.full(len(first), _NONE, np.int8)
    for number, (space, _) in enumerate(NEVER):
        if space.version == 4:
            rest = np.uint64(32) - np.minimum(length, np.uint64(space.prefixlen))
            start = np.uint64(int(space.network_address))
            touched[(first ^ start) >> rest == 0] = number
    return touched


def _v6_touched(first: NDArray[np.uint64], length: NDArray[np.uint64]) -> _Touched:
    """As `_v4_touched`."""
    touched = np.full(len(first), _NONE, np.int8)
    for number, (space, _) in enumerate(NEVER):
        if space.version == 6:
            common = np.minimum(length, np.uint64(space.prefixlen))
            start = np.frombuffer(space.network_address.packed, ">u8").astype(np.uint64)
            high = (first[:, 0] ^ start[0]) & ~_host_mask(np.minimum(common, _HALF))
            low = (first[:, 1] ^ start[1]) & ~_host_mask(np.maximum(common, _HALF) - _HALF)
            touched[(high | low) == 0] = number
    return touched


def _v4_columns(
    first: NDArray[np.uint64], length: NDArray[np.uint64]
) -> tuple[Addresses, Addresses]:
    keys = np.sort(first << _SIX | length)
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    first, length = keys >> _SIX, keys & _LENGTH_MASK
    last = first | ((_ONE << (np.uint64(32) - length)) - _ONE)
    nothing = np.zeros(len(keys), np.uint64)
    return np.stack((nothing, first), axis=1), np.stack((nothing, last), axis=1)


def _v6_columns(
    first: NDArray[np.uint64], length: NDArray[np.uint64]
) -> tuple[Addresses, Addresses]:
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
