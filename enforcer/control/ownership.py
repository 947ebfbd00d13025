# SPDX-License-Identifier: GPL-2.0-or-later
"""May this controller write to this device? The mark on the device decides.

A restored or cloned database must never unblock a network: a foreign mark, a newer epoch,
or a member placed by an order that this database has never seen makes the device
read-only until somebody adopts it. The mark also says up to where its database's audit chain
went: one that lacks that position, or has another entry there, is older, or of another line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from enforcer.core.drift import Finding, FindingKind
from enforcer.core.orders import order_id
from enforcer.core.rules import UNATTRIBUTED, Actual, Owner
from enforcer.errors import NotOwned

LEFT_BEHIND = (
    "what stands there stays there: put it back into the inventory's files, reload, and let it go"
    " with `enforcer device retire`"
)
"""About a device that was written to and is no longer in the inventory."""
_SHOWN = 5
_ADOPT = "nothing is written until `enforcer device adopt {}` is given"


def check_mark(actual: Actual, ours: Owner, adopted: Owner | None) -> None:
    """Raise NotOwned for a foreign mark or a newer epoch that nobody adopted.

    `adopted`: the mark that somebody allowed to be taken over.
    """
    name, mark = actual.device, actual.owner
    if mark is None or mark == adopted:
        return
    advice = _ADOPT.format(name)
    if mark.controller != ours.controller:
        raise NotOwned(name, f"marked by another controller ({mark.controller}): {advice}")
    if mark.epoch > ours.epoch:
        raise NotOwned(
            name, f"marked by a newer epoch ({mark.epoch}) than this database's: {advice}"
        )


def check_history(actual: Actual, adopted: Owner | None, digest_at: Callable[[int], str]) -> None:
    """Raise NotOwned where the chain that the mark was written by is not the one of this database.

    Asked at a process's first look at a device. `digest_at`: what this database's chain has at a
    position; "": nothing. A mark without a position passes.
    """
    mark = actual.owner
    if mark is None or mark == adopted or not mark.position:
        return
    ours = digest_at(mark.position)
    if ours == mark.digest:
        return
    found = "has another entry there" if ours else "does not go that far"
    raise NotOwned(
        actual.device,
        f"marked at change {mark.position} of a history that is not this database's, which {found}:"
        f" is it an older copy? {_ADOPT.format(actual.device)}",
    )


def digest_text(digest: bytes) -> str:
    """The hash of an audit entry as a mark shows it."""
    return digest.hex()[:8]


def check_orders(
    actual: Actual,
    ours: Owner,
    adopted: Owner | None,
    never_placed: Callable[[frozenset[int]], frozenset[int]],
    before: bool,
    strange: bool = False,
) -> None:
    """Raise NotOwned where members stand of orders that this database does not know.

    Asked at a process's first look at a device: what appears later is somebody's edit, drift
    to repair. `adopted`: our own mark for a device without one. `never_placed`: those of some
    order numbers that are not in the database. `before`: whether this database has had the
    device verified before. `strange`: objects of ours stand there that nobody here ever asked for:
    a device that names its rules by digest alone shows no members of rules that are unknown.
    """
    name, mark = actual.device, actual.owner
    if adopted is not None and (mark or ours) == adopted:
        return
    advice = _ADOPT.format(name)
    numbers = _orders_on(actual)
    unknown = never_placed(numbers)
    if unknown:
        shown = ", ".join(order_id(n) for n in sorted(unknown)[:_SHOWN])
        raise NotOwned(
            name,
            f"holds {len(unknown)} orders that this database has never seen ({shown}): "
            f"is it an older copy? {advice}",
        )
    if mark is None and (numbers or _unattributed(actual) or strange) and not before:
        raise NotOwned(name, f"holds members but no mark, and is new to this database: {advice}")


def unexplained(findings: Iterable[Finding]) -> bool:
    """Whether objects among ours are extra."""
    return any(finding.kind is FindingKind.EXTRA for finding in findings)


def _unattributed(actual: Actual) -> bool:
    """Whether members stand of which the device cannot say whose they are."""
    columns = [members.order for members in actual.addresses.values()]
    if any(bool((column == UNATTRIBUTED).any()) for column in columns):
        return True
    return any(m.order == UNATTRIBUTED for some in actual.interfaces.values() for m in some)


def _orders_on(actual: Actual) -> frozenset[int]:
    """Numbers of the orders whose members a device holds."""
    numbers: set[int] = set()
    for members in actual.addresses.values():
        numbers.update(np.unique(members.order).tolist())
    for some in actual.interfaces.values():
        numbers.update(m.order for m in some)
    return frozenset(n for n in numbers if n > 0)
