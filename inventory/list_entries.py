# SPDX-License-Identifier: GPL-2.0-or-later
"""One entry of a block list: an address, a prefix or a range, read strictly or rejected."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from enforcer.core.intervals import Ranges, networks_of
from enforcer.core.prefixes import parse_network, shown
from enforcer.core.special_purpose import NEVER, overlap
from enforcer.errors import InvalidInput

GARBAGE = "garbage"
HOST_BITS = "host-bits"
DEFAULT_ROUTE = "default-route"
TOO_WIDE = "too-wide"
SPECIAL = "special-purpose"
DUPLICATE = "duplicate"

SPECIAL_REASONS = tuple(
    f"touches {space} ({why}), which is nobody's to block" for space, why in NEVER
)

_MAPPED = bytes(10) + b"\xff\xff"
_BITS = {AF_INET: 32, AF_INET6: 128}
_LENGTHS = {str(length): length for length in range(1, 129)}
"""Prefix lengths as they may be written; /0 is not among them: it would block everything."""

Prefix = tuple[bytes, int]
"""A packed network address and its prefix length."""


class RejectedLine(NamedTuple):
    """A line that is no entry: its number from 1, its text (tamed), why, and a stable code."""

    line: int
    text: str
    reason: str
    code: str = GARBAGE


class Rejection(InvalidInput):
    """Why a line is no entry; `code` is stable, for counting."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Limits:
    """The shortest prefix that an entry may have; a range may be no longer than such a one."""

    widest4: int = 8
    widest6: int = 16

    def shortest(self, packed: bytes) -> int:
        """For the family of a packed address."""
        return self.widest4 if len(packed) == 4 else self.widest6


def prefixes(content: str, limits: Limits) -> tuple[Prefix, ...]:
    """What one line stands for: one prefix, or the fewest that make up a range.

    Of comma-separated columns the first one counts. Raises Rejection.
    """
    found = plain_prefix(content)
    if found is None:
        first, *others = (column.strip().strip("\"'") for column in content.split(","))
        if any(plain_prefix(other) for other in others):
            raise Rejection(
                GARBAGE, "two addresses in one line: write each prefix in a line of its own"
            )
        found = plain_prefix(first)
        if found is None:
            return _range(first, limits) if _is_range(first) else (_strict(first, limits),)
    return (_bounded(found, limits),)


def plain_prefix(entry: str) -> Prefix | None:
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


def _bounded(found: Prefix, limits: Limits) -> Prefix:
    packed, length = found
    if length < (shortest := limits.shortest(packed)):
        raise Rejection(
            TOO_WIDE,
            f"a prefix of /{length} is too short for a list: at least /{shortest};"
            " what is meant to be blocked is named more exactly",
        )
    return found


def _strict(entry: str, limits: Limits) -> Prefix:
    """Raises Rejection with the reason that is shown with the line."""
    try:
        network = parse_network(entry)
    except InvalidInput as refusal:
        code = HOST_BITS if _has_host_bits(entry) else GARBAGE
        raise Rejection(code, str(refusal)) from None
    if network.prefixlen == 0:
        raise Rejection(DEFAULT_ROUTE, f"{network} is the default route: it would block everything")
    return _bounded((network.network_address.packed, network.prefixlen), limits)


def _has_host_bits(entry: str) -> bool:
    address, slash, digits = entry.partition("/")
    found = plain_prefix(address)
    if found is None or not slash or not (digits.isascii() and digits.isdigit()):
        return False
    bits, length = found[1], int(digits[:4])
    return length <= bits and bool(int.from_bytes(found[0]) & ((1 << bits - length) - 1))


def _is_range(entry: str) -> bool:
    first, dash, last = entry.partition("-")
    return bool(dash and plain_prefix(first.strip()) and plain_prefix(last.strip()))


def _range(entry: str, limits: Limits) -> tuple[Prefix, ...]:
    """Both ends belong to it. Raises Rejection."""
    stated = [part.strip() for part in entry.split("-")]
    if any("/" in end for end in stated) or len({":" in end for end in stated}) > 1:
        raise Rejection(GARBAGE, f"'{shown(entry)}' is no range: write two addresses of one family")
    first, last = (ip_address(end) for end in stated)
    if int(last) < int(first):
        raise Rejection(
            GARBAGE,
            f"'{shown(entry)}' ends before it begins: write {last}-{first} if that is meant",
        )
    shortest = limits.shortest(first.packed)
    if int(last) - int(first) >= 1 << first.max_prefixlen - shortest:
        raise Rejection(
            TOO_WIDE, f"the range is wider than a /{shortest}: name what is meant more exactly"
        )
    ends = Ranges.of([(int(first), int(last))])
    networks = list(networks_of(ends, first.version))
    for number, (space, _) in enumerate(NEVER):
        if any(overlap(network, space) for network in networks):
            raise Rejection(SPECIAL, SPECIAL_REASONS[number])
    return tuple((one.network_address.packed, one.prefixlen) for one in networks)
