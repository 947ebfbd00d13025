# SPDX-License-Identifier: GPL-2.0-or-later
"""Words of the loop's records: what is contested, which orders, what was heard, first lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import cast

from enforcer.core.columns import distinct
from enforcer.core.device_control import Contest
from enforcer.core.drift import Delta
from enforcer.core.orders import order_id
from enforcer.driver_api import Session, Transcribed

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
            numbers.update(distinct(rows.order)[:_NAMED_ORDERS])
    for interfaces in delta.interfaces.values():
        numbers.update(m.order for m in (*interfaces.add, *interfaces.remove))
    return _ids(sorted(n for n in numbers if n > 0)[:_NAMED_ORDERS])


def _ids(numbers: Iterable[int]) -> list[str]:
    return [order_id(n) for n in numbers]


def first_lines(lines: Sequence[str]) -> str:
    """The first of some lines for an audit sentence."""
    shown = ", ".join(lines[:5])
    return shown + (f" and {len(lines) - 5} more" if len(lines) > 5 else "")


@cache
def _tells(kind: type[Session]) -> bool:
    """A protocol looks at all attributes each time that it is asked; this is asked per write."""
    return issubclass(kind, Transcribed)


def heard(session: Session) -> str:
    """What was said in `session` since this was last asked; "" where it keeps no transcript."""
    return cast(Transcribed, session).transcript() if _tells(type(session)) else ""
