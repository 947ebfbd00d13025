# SPDX-License-Identifier: GPL-2.0-or-later
"""May this controller write to this device? The mark on the device decides.

A restored or cloned database must never unblock a network: a foreign mark, a newer epoch,
or a member placed by an order that this database has never seen makes the device
read-only until somebody adopts it.
"""

from __future__ import annotations

from enforcer.core.orders import order_id
from enforcer.core.rules import Actual, Owner
from enforcer.errors import NotOwned

_ADOPT = "nothing is written until `enforcer device adopt {}` is given"


def check_ownership(
    actual: Actual, ours: Owner, adopted: Owner | None, head: int, before: bool
) -> None:
    """Raise NotOwned unless `ours` may write to the device that `actual` was read from.

    `adopted`: the mark that somebody allowed to be taken over, our own for a device without
    one. `head`: our change sequence. `before`: whether this database has had the device
    verified before.
    """
    name, mark = actual.device, actual.owner
    advice = _ADOPT.format(name)
    if adopted is not None and (mark or ours) == adopted:
        return
    if mark is not None and mark.controller != ours.controller:
        raise NotOwned(name, f"marked by another controller ({mark.controller}): {advice}")
    if mark is not None and mark.epoch > ours.epoch:
        raise NotOwned(
            name, f"marked by a newer epoch ({mark.epoch}) than this database's: {advice}"
        )
    newest = _newest_order(actual)
    if newest > head:
        raise NotOwned(
            name,
            f"holds order {order_id(newest)}, which this database has never seen "
            f"(an older copy?): {advice}",
        )
    if mark is None and newest > 0 and not before:
        raise NotOwned(name, f"holds members but no mark, and is new to this database: {advice}")


def _newest_order(actual: Actual) -> int:
    newest = 0
    for members in actual.addresses.values():
        if len(members):
            newest = max(newest, int(members.order.max()))
    for some in actual.interfaces.values():
        newest = max(newest, *(m.order for m in some), 0)
    return newest
