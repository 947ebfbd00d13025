# SPDX-License-Identifier: GPL-2.0-or-later
"""Elements as plain Python rows, their strategies, and the way to columns and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from drivers.nftables.netlink.columns import Elements, NewElements
from enforcer.core.rules import NO_END, Addresses

HALF = 2**64
COMMENT = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ-", max_size=10)


@dataclass(frozen=True, order=True)
class Row:
    """One element; `timeout` None: never, `comment` "": none."""

    first: int
    last: int
    timeout: int | None = None
    comment: str = ""
    packets: int = 0
    octets: int = 0


def columns(numbers: list[int]) -> Addresses:
    pairs = [(n // HALF, n % HALF) for n in numbers]
    return np.array(pairs, np.uint64).reshape(-1, 2)


def integers(addresses: Addresses) -> list[int]:
    return [high * HALF + low for high, low in addresses.tolist()]


def to_columns(rows: list[Row], counted: bool = False) -> NewElements:
    counters = np.array([(r.packets, r.octets) for r in rows], np.uint64).reshape(-1, 2)
    return NewElements(
        columns([r.first for r in rows]),
        columns([r.last for r in rows]),
        np.array([NO_END if r.timeout is None else r.timeout for r in rows], np.int64),
        np.array([r.comment.encode() for r in rows], "S10"),
        counters if counted else None,
    )


def to_rows(elements: Elements) -> list[Row]:
    comments = [elements.comments[i] if i >= 0 else "" for i in elements.comment.tolist()]
    timeouts = [None if t == NO_END else t for t in elements.timeout.tolist()]
    counters = elements.counter.tolist()
    firsts, lasts = integers(elements.first), integers(elements.last)
    return [
        Row(first, last, timeout, comment, *counter)
        for first, last, timeout, comment, counter in zip(
            firsts, lasts, timeouts, comments, counters, strict=True
        )
    ]


@st.composite
def rows(draw: st.DrawFn, bits: int, ranges: bool, counted: bool, tick: int = 1) -> list[Row]:
    """Disjoint rows, sorted; timeouts are multiples of `tick` milliseconds, an hour or more."""
    top = 2**bits - 1
    near = st.one_of(
        st.integers(0, top), st.integers(0, 40), st.integers(top - 40, top), st.just(2**64 % top)
    )
    cuts = sorted(draw(st.sets(near, max_size=40)))
    if ranges:
        cuts += [top] if len(cuts) % 2 else []
        spans = list(zip(cuts[::2], cuts[1::2], strict=True))
    else:
        spans = [(c, c) for c in cuts]
    timeout = st.none() | st.integers(3_600_000 // tick, 10**10 // tick).map(lambda t: t * tick)
    count = st.integers(0, 2**63 - 1) if counted else st.just(0)
    return [Row(a, b, draw(timeout), draw(COMMENT), draw(count), draw(count)) for a, b in spans]
