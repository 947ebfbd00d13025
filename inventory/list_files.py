# SPDX-License-Identifier: GPL-2.0-or-later
"""Block lists as text, in any of the forms of `inventory.list_formats`.

In a plain list ``#`` and ``;`` begin a comment (also after an entry, as in
``192.0.2.0/24 ; SBL1``), blank lines are nothing, and of comma-separated columns the first
one counts. A line that is not certain to mean one address, prefix or range is rejected with
its reason, never cut to fit. So is a prefix that is too short, or that touches
special-purpose space.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from socket import AF_INET, inet_pton

import numpy as np

from enforcer.core.prefixes import format_network, shown
from enforcer.core.rules import Addresses, Integers
from enforcer.errors import InvalidInput
from inventory.list_columns import (
    NONE,
    Columns,
    Prefixes,
    Touched,
    joined,
    v4_columns,
    v4_prefixes,
    v4_touched,
    v6_columns,
    v6_prefixes,
    v6_touched,
)
from inventory.list_entries import (
    DUPLICATE,
    SPECIAL,
    SPECIAL_REASONS,
    Limits,
    RejectedLine,
    Rejection,
    prefixes,
)
from inventory.list_formats import AUTO, Stated, stated

__all__ = ["ANY", "Limits", "ParsedList", "RejectedLine", "parse_list", "read_list"]

_MOST_PARTS = 10_000_000
"""So many prefixes may the ranges of one list make: a range of one line can make 254."""
ANY = Limits()
"""The limits of a list that nobody has set others for."""


@dataclass(frozen=True, eq=False, slots=True)
class ParsedList:
    """The entries of a list: inclusive ranges, shape (N, 2), sorted, each entry once.

    Every row is a prefix: a range stands as the fewest that make it up. Nested and adjacent
    entries stay as they are. `v4_line`, `v6_line`: the line of each row, from 1.
    `duplicates`: entries left out because the same one was there. `lines`: all lines of the
    text, whatever is in them.
    """

    v4: Columns
    v6: Columns
    rejected: tuple[RejectedLine, ...]
    lines: int

    @property
    def v4_first(self) -> Addresses:
        """First addresses of the IPv4 rows."""
        return self.v4.first

    @property
    def v4_last(self) -> Addresses:
        """Last addresses of the IPv4 rows."""
        return self.v4.last

    @property
    def v6_first(self) -> Addresses:
        """First addresses of the IPv6 rows."""
        return self.v6.first

    @property
    def v6_last(self) -> Addresses:
        """Last addresses of the IPv6 rows."""
        return self.v6.last

    @property
    def duplicates(self) -> int:
        """How many entries only repeat another one."""
        return len(self.v4.again) + len(self.v6.again)

    def __len__(self) -> int:
        return len(self.v4.line) + len(self.v6.line)

    def repeated(self, most: int) -> list[RejectedLine]:
        """Lines that only repeat another one, at most so many."""
        found: list[RejectedLine] = []
        for family, columns in ((4, self.v4), (6, self.v6)):
            first = np.argsort(columns.again, kind="stable")[:most]
            for line, row in zip(columns.again[first], columns.same[first], strict=True):
                text = prefix_text(family, columns.first[row], columns.last[row])
                why = f"the same as in line {columns.line[row]}"
                found.append(RejectedLine(int(line), text, why, DUPLICATE))
        return sorted(found)[:most]


def prefix_text(family: int, first: Addresses, last: Addresses) -> str:
    """One row (high, low) that is a prefix, as people write it."""
    low, high = (int(end[0]) << 64 | int(end[1]) for end in (first, last))
    free = (low ^ high).bit_length()
    if family == 4:
        return format_network(IPv4Network((low, 32 - free)))
    return format_network(IPv6Network((low, 128 - free)))


def read_list(path: Path, form: str = AUTO, column: str = "", limits: Limits = ANY) -> ParsedList:
    """`parse_list` of a file; what is not UTF-8 in it ends up in rejected lines or comments.

    Raises InvalidInput where the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise InvalidInput(f"the list {path} cannot be read: {error.strerror}") from error
    return parse_list(text, form, column, limits)


def parse_list(text: str, form: str = AUTO, column: str = "", limits: Limits = ANY) -> ParsedList:
    """The entries and the rejected lines of a list's text.

    Raises InvalidInput where nothing can be told from the text as a whole (`stated`).
    """
    given = stated(text, form, column)
    found = _Entries(limits)
    packed, lengths = found.v4, found.v4_length
    for row, line in enumerate(given.texts):
        try:
            packed.append(inet_pton(AF_INET, line))
        except (OSError, ValueError):
            found.add(row, line)
        else:
            lengths.append(32)
    v4, v6 = found.prefixes(given)
    rejected = found.rejected_lines(given)
    v4 = _kept(v4, v4_touched(v4), given, rejected)
    v6 = _kept(v6, v6_touched(v6), given, rejected)
    return ParsedList(v4_columns(v4), v6_columns(v6), tuple(sorted(rejected)), given.lines)


@dataclass
class _Entries:
    """Entries as packed addresses and prefix lengths, in the text's sequence.

    `not_v4`: the rows without one IPv4 prefix (noting those with one would make the usual
    line dearer); `v6_row`: those of the IPv6 prefixes; `parts_row`: those of the parts of
    IPv4 ranges, which come after all others.
    """

    limits: Limits
    v4: list[bytes] = field(default_factory=list)
    v4_length: bytearray = field(default_factory=bytearray)
    parts: list[bytes] = field(default_factory=list)
    parts_length: bytearray = field(default_factory=bytearray)
    parts_row: list[int] = field(default_factory=list)
    v6: list[bytes] = field(default_factory=list)
    v6_length: bytearray = field(default_factory=bytearray)
    v6_row: list[int] = field(default_factory=list)
    not_v4: list[int] = field(default_factory=list)
    rejected: list[tuple[int, Rejection]] = field(default_factory=list)

    def add(self, row: int, line: str) -> None:
        """Anything but a bare IPv4 address."""
        content = line.partition("#")[0].partition(";")[0].strip()
        if not content:
            self.not_v4.append(row)
            return
        try:
            found = prefixes(content, self.limits)
        except Rejection as refusal:
            self.not_v4.append(row)
            self.rejected.append((row, refusal))
            return
        (packed, length), *more = found
        if len(packed) == 4 and not more:
            self.v4.append(packed)
            self.v4_length.append(length)
            return
        self.not_v4.append(row)
        for packed, length in found:
            self._add_part(row, packed, length)

    def _add_part(self, row: int, packed: bytes, length: int) -> None:
        if len(self.parts) + len(self.v6) > _MOST_PARTS:
            raise InvalidInput(f"the list makes more than {_MOST_PARTS} prefixes: it is too long")
        if len(packed) == 4:
            self.parts.append(packed)
            self.parts_length.append(length)
            self.parts_row.append(row)
        else:
            self.v6.append(packed)
            self.v6_length.append(length)
            self.v6_row.append(row)

    def prefixes(self, given: Stated) -> tuple[Prefixes, Prefixes]:
        """Both families as columns, with the lines that they come from."""
        numbers = given.numbers
        every = np.arange(1, len(given.texts) + 1) if numbers is None else numbers
        v4_line = np.delete(every, np.array(self.not_v4, np.int64)) if self.not_v4 else every
        v4 = v4_prefixes(self.v4, self.v4_length, v4_line)
        if self.parts:
            parts_line = every[np.array(self.parts_row, np.int64)]
            v4 = joined(v4, v4_prefixes(self.parts, self.parts_length, parts_line))
        v6_line = every[np.array(self.v6_row, np.int64)]
        return v4, v6_prefixes(self.v6, self.v6_length, v6_line)

    def rejected_lines(self, given: Stated) -> list[RejectedLine]:
        """Those of the form and those of the entries."""
        return given.rejected + [
            RejectedLine(
                row + 1 if given.numbers is None else int(given.numbers[row]),
                shown(given.texts[row]),
                str(why),
                why.code,
            )
            for row, why in self.rejected
        ]


def _kept(
    rows: Prefixes, touched: Touched, given: Stated, rejected: list[RejectedLine]
) -> Prefixes:
    """`rows` without what is nobody's to block, which is added to `rejected`."""
    kept = touched == NONE
    if kept.all():
        return rows
    texts = _texts(rows.line[~kept], given)
    for line, text, space in zip(rows.line[~kept].tolist(), texts, touched[~kept], strict=True):
        rejected.append(RejectedLine(line, text, SPECIAL_REASONS[space], SPECIAL))
    return rows.take(kept)


def _texts(lines: Integers, given: Stated) -> Sequence[str]:
    """What the text says in each of `lines`."""
    rows = lines - 1 if given.numbers is None else np.searchsorted(given.numbers, lines)
    return [shown(given.texts[row]) for row in rows.tolist()]
