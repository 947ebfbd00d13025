# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the loop's records: what is contested, which orders, the first of many lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from enforcer.core.device_control import Contest
from enforcer.core.drift import Delta
from enforcer.core.orders import order_id

_NAMED_ORDERS = 20


def contest_words(device: str, found: Sequence[Contest]) -> str:
    """What is contested and by whom, with the way out."""
    writers = ", ".join(dict.fromkeys(contest.writer for contest in found))
    return (
        f"{writers} changed {first_lines([c.what for c in found])} back again and again: it is"
        f" left as it is until `enforcer device release {device}`; find out who is right first"
    )


def named_orders(delta: Delta) -> list[str]:
    """Ids of the first orders that a delta is about."""
    numbers: set[int] = set()
    for change in delta.addresses.values():
        for rows in (change.add, change.remove):
            numbers.update(np.unique(rows.order)[:_NAMED_ORDERS].tolist())
    for interfaces in delta.interfaces.values():
        numbers.update(m.order for m in (*interfaces.add, *interfaces.remove))
    return _ids(sorted(n for n in numbers if n > 0)[:_NAMED_ORDERS])


def _ids(numbers: Iterable[int]) -> list[str]:
    return [order_id(n) for n in numbers]


def first_lines(lines: Sequence[str]) -> str:
    """The first of some lines for an audit sentence."""
    shown = ", ".join(lines[:5])
    return shown + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")
