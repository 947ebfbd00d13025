# SPDX-License-Identifier: GPL-2.0-or-later
"""Set elements as columns: what the encoder takes and the decoder gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink.constants import NFPROTO_INET
from enforcer.core.rules import Addresses, Integers

IPV4_KEY = 4
IPV6_KEY = 16
IFNAME_KEY = 16
LONGEST_NAME = IFNAME_KEY - 1
"""Bytes of an interface's name: IFNAMSIZ of Linux ``if.h``, without the NUL."""
"""Key lengths in bytes: nft types ipv4_addr, ipv6_addr, ifname (IFNAMSIZ)."""

Texts = NDArray[np.bytes_]
"""Shape (N,), dtype S: one comment per row, b"" for none."""
Counters = NDArray[np.uint64]
"""Shape (N, 2): packets, bytes."""


@dataclass(frozen=True, slots=True)
class SetRef:
    """One set of ours and how its elements are laid out.

    `key_bytes`: 4 for IPv4, 16 for IPv6 and interface names. `interval`: an rbtree set, whose
    ranges are a start element and an end element (libnftnl's INTERVAL_END).
    """

    table: str
    name: str
    key_bytes: int
    interval: bool = False
    family: int = NFPROTO_INET


@dataclass(frozen=True, eq=False, slots=True)
class NewElements:
    """Elements to write; row i of each column belongs together.

    `first`, `last`: inclusive, shape (N, 2); a set without intervals looks at `first` alone.
    `timeout`: milliseconds from the commit, `NO_END` for none; clamped to 1..`MAX_TIMEOUT`.
    `comment`: ASCII of at most `MAX_COMMENT` bytes. `counter`: where to begin counting; only for
    sets that were made with a counter. None: no row has one.
    """

    first: Addresses
    last: Addresses
    timeout: Integers | None = None
    comment: Texts | None = None
    counter: Counters | None = None

    def __len__(self) -> int:
        return len(self.first)


MAX_COMMENT = 127
"""libnftables refuses comments of more (NFTNL_UDATA_COMMENT_MAXLEN is 128 with the NUL)."""
MAX_TIMEOUT = 10**13
"""Milliseconds, some 317 years: the kernel answers ERANGE beyond 2**64 nanoseconds."""


@dataclass(frozen=True, eq=False, slots=True)
class Elements:
    """Elements of one set as read, sorted by `first` where the set has intervals.

    `timeout`, `remaining`: milliseconds, `NO_END` for none; granularity is the kernel's tick
    (CONFIG_HZ, up to 10 ms). `comment`: int32, an index into `comments`, -1 for none. User data
    that nft would not write appears as "?" and its hexadecimal, which is no order's id.
    `counter`: packets and bytes, zero where the set does not count. `catch_all`: whether somebody
    put the element ``*`` in (it is no row).
    """

    first: Addresses
    last: Addresses
    timeout: Integers
    remaining: Integers
    comment: NDArray[np.int32]
    comments: tuple[str, ...]
    counter: Counters
    catch_all: bool = False

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class SetFacts:
    """One set's definition, as far as this layer looks at it.

    `count`: elements; of an interval set half of its starts and ends, rounded down (measured on
    6.18: the last range up to the highest address has no end). Lags expiry until the kernel's
    garbage collection. None on kernels that do not tell (before 6.10).
    """

    name: str
    flags: int
    key_bytes: int
    count: int | None


def interface_keys(names: list[str]) -> Addresses:
    """Interface names as (N, 2) keys: 16 bytes, NUL padded, in network order.

    Raises ValueError for a name that Linux could not carry (1..15 bytes; ``dev_valid_name``).
    """
    encoded = [name.encode() for name in names]
    for name, raw in zip(names, encoded, strict=True):
        if not 0 < len(raw) < IFNAME_KEY or b"\0" in raw:
            raise ValueError(f"{name!r} is no interface name: 1 to 15 bytes without NUL")
    packed = b"".join(raw.ljust(IFNAME_KEY, b"\0") for raw in encoded)
    return np.frombuffer(packed, ">u8").astype(np.uint64).reshape(-1, 2)


def interface_names(keys: Addresses) -> list[str]:
    """The names behind `interface_keys`; undecodable bytes appear as backslash escapes."""
    packed = keys.astype(">u8").tobytes()
    return [
        packed[i : i + IFNAME_KEY].split(b"\0", 1)[0].decode(errors="backslashreplace")
        for i in range(0, len(packed), IFNAME_KEY)
    ]
