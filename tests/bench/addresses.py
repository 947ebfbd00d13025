# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses to block, made from a seed: hosts, networks, and lists as abuse desks keep them. Pure.

All lie in space that routers forward and no inventory protects: 20.0.0.0 to 99.255.255.255 and
2400::/6, which leaves the lab's documentation prefixes alone.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop

import numpy as np
from numpy.typing import NDArray

from enforcer.core.rules import NO_END, Addresses, Members

_FIRST_V4, _LAST_V4 = 20 << 24, 100 << 24
_BLOCK = 1 << 8
_V6 = 0x2400 << 48

Lengths = dict[int, float]
"""Shares by prefix length."""

V4_LENGTHS: Lengths = {32: 0.90, 24: 0.05, 25: 0.01, 26: 0.01, 27: 0.01, 28: 0.02}
V6_LENGTHS: Lengths = {64: 0.60, 48: 0.15, 128: 0.25}
V4_SHARE = 0.75


def _drawn(rng: np.random.Generator, lengths: Lengths, count: int) -> NDArray[np.int64]:
    return rng.choice(np.array(list(lengths)), count, p=np.array(list(lengths.values())))


def _distinct(rng: np.random.Generator, low: int, high: int, count: int) -> NDArray[np.int64]:
    found = np.unique(rng.integers(low, high, 2 * count + 100))
    return rng.permutation(found)[:count]


def _members(first: NDArray[np.int64], length: NDArray[np.int64], order: int, end: int) -> Members:
    rows = np.argsort(first)
    low = first[rows].astype(np.uint64)
    last = low + (1 << (32 - length[rows])).astype(np.uint64) - np.uint64(1)
    high = np.zeros_like(low)
    return Members(
        np.stack((high, low), axis=1),
        np.stack((high, last), axis=1),
        np.full(len(low), end, np.int64),
        np.full(len(low), order, np.int64),
    )


def hosts(count: int, seed: int, order: int = 1, end: int = NO_END) -> Members:
    """So many IPv4 addresses, no two of them neighbours, so that nothing merges."""
    first = 2 * _distinct(np.random.default_rng(seed), _FIRST_V4 // 2, _LAST_V4 // 2, count)
    return _members(first, np.full(count, 32), order, end)


def networks(count: int, seed: int, order: int = 1, end: int = NO_END) -> Members:
    """So many IPv4 prefixes of 25 to 28 bits, each in a /24 of its own."""
    rng = np.random.default_rng(seed)
    first = _BLOCK * _distinct(rng, _FIRST_V4 // _BLOCK, _LAST_V4 // _BLOCK, count)
    return _members(first, rng.integers(25, 29, count), order, end)


def pick(members: Members, row: int) -> Members:
    """One row."""
    return members.take(np.array([row]))


def without(members: Members, rows: int) -> tuple[Members, Members]:
    """(the rest, `rows` of them taken from all over it)."""
    taken = np.zeros(len(members), np.bool_)
    taken[np.linspace(0, len(members) - 1, rows).astype(np.intp)] = True
    return members.take(~taken), members.take(taken)


def mixed_list(count: int, seed: int) -> str:
    """A list file: three quarters IPv4, mostly hosts; IPv6 mostly /64; in no order."""
    rng = np.random.default_rng(seed)
    narrow = int(count * V4_SHARE)
    lines = _v4_lines(rng, narrow) + _v6_lines(rng, count - narrow)
    order = rng.permutation(len(lines))
    return "# made for a benchmark\n" + "".join(lines[row] + "\n" for row in order)


def _v4_lines(rng: np.random.Generator, count: int) -> list[str]:
    length = _drawn(rng, V4_LENGTHS, count)
    address = _distinct(rng, _FIRST_V4, _LAST_V4, count) >> (32 - length) << (32 - length)
    texts = (inet_ntop(AF_INET, int(one).to_bytes(4)) for one in address)
    return [_line(text, int(bits), 32) for text, bits in zip(texts, length, strict=True)]


def _v6_lines(rng: np.random.Generator, count: int) -> list[str]:
    length = _drawn(rng, V6_LENGTHS, count)
    sites = _V6 + (rng.integers(0, 1 << 30, count) << 28)
    lines = []
    for site, bits, inner, low in zip(
        sites.tolist(),
        length.tolist(),
        rng.integers(0, 1 << 16, count).tolist(),
        rng.integers(1, 1 << 62, count).tolist(),
        strict=True,
    ):
        network = site >> 16 << 16 | (inner if bits > 48 else 0)
        address = network << 64 | (low if bits == 128 else 0)
        lines.append(_line(inet_ntop(AF_INET6, address.to_bytes(16)), bits, 128))
    return lines


def _line(address: str, bits: int, whole: int) -> str:
    return address if bits == whole else f"{address}/{bits}"


def text_of(address: Addresses, family: int) -> list[str]:
    """Columns of addresses as text."""
    if family == 4:
        packed = address[:, 1].astype(">u4").tobytes()
        return [inet_ntop(AF_INET, packed[i : i + 4]) for i in range(0, len(packed), 4)]
    packed = address.astype(">u8").tobytes()
    return [inet_ntop(AF_INET6, packed[i : i + 16]) for i in range(0, len(packed), 16)]
