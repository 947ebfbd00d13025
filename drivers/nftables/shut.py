# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces that are administratively down: our record of them on the device. Pure.

nf_tables cannot hold an interface down; the link's own state does. What we shut is recorded in a
set of our table that no rule refers to, so that an interface which an operator shut is never
brought up: one that was down before is recorded as such. The record has no timeout: it outlives
the controller as long as the link is down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from drivers.nftables.ids import decode_orders
from drivers.nftables.names import TABLE
from drivers.nftables.netlink.columns import IFNAME_KEY, SetRef
from drivers.nftables.netlink.definitions import TYPE_IFNAME, SetDefinition
from enforcer.core.drift import InterfaceChange
from enforcer.core.naming import order_text
from enforcer.core.rules import NO_END, InterfaceMember, Key, Rule

SHUT = Rule(0, Key.INTERFACE)
RECORD = "shut"
RECORD_SET = SetDefinition(RECORD, 0, TYPE_IFNAME, IFNAME_KEY, "interfaces that are shut down")
RECORD_REF = SetRef(TABLE, RECORD, IFNAME_KEY)
_COMMENT = re.compile(r"(?P<order>\S+)(?: until (?P<end>[0-9]{1,18}))?(?P<found> found down)?")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is known of one interface that we shut.

    `found_down`: it was down before, so that it is not ours to bring up. `up`: the link is up,
    against the record. `written`: the record stands on the device; else this process alone
    remembers it.
    """

    order: int
    end: int
    found_down: bool = False
    up: bool = False
    written: bool = True


Record = Mapping[str, Recorded]
"""By the interface's name."""


@dataclass(frozen=True, slots=True)
class PortChange:
    """Interfaces to shut (or to record anew), and names to bring up and forget."""

    add: tuple[InterfaceMember, ...]
    remove: tuple[InterfaceMember, ...]

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


NO_PORTS = PortChange((), ())


def comment(order: int, end: int, *, found_down: bool) -> str:
    """An element's comment: the order, its end in milliseconds, and what was found."""
    until = "" if end == NO_END else f" until {end}"
    return f"{order_text(order)}{until}{' found down' if found_down else ''}"


def recorded(text: str) -> Recorded:
    """The record in a comment; one that is none of ours is of something that was down before."""
    found = _COMMENT.fullmatch(text)
    order = -1 if found is None else int(decode_orders((found["order"],))[0])
    if found is None or order < 0:
        return Recorded(-1, NO_END, found_down=True)
    end = NO_END if found["end"] is None else int(found["end"])
    return Recorded(order, end, found_down=found["found"] is not None)


def members(record: Record) -> tuple[InterfaceMember, ...]:
    """What stands: recorded, and not up. An interface that does not exist carries nothing."""
    return tuple(
        sorted(InterfaceMember(name, r.end, r.order) for name, r in record.items() if not r.up)
    )


def stale(record: Record, wanted: Iterable[InterfaceMember]) -> tuple[InterfaceMember, ...]:
    """Records of interfaces that are up and that nobody wants down: to be forgotten."""
    names = {member.name for member in wanted}
    return tuple(
        InterfaceMember(name, r.end, r.order)
        for name, r in sorted(record.items())
        if r.up and name not in names
    )


def lost(record: Record) -> tuple[InterfaceMember, ...]:
    """Interfaces that we hold down although their record is gone from the device."""
    return tuple(
        InterfaceMember(name, r.end, r.order)
        for name, r in sorted(record.items())
        if not r.written and not r.up
    )


def change(
    moved: InterfaceChange, wanted: Sequence[InterfaceMember], record: Record, *, mending: bool
) -> PortChange:
    """What is to be done about `moved`; `mending`: the record itself is put right, too."""
    add, remove = {m.name: m for m in moved.add}, {m.name: m for m in moved.remove}
    if mending:
        names = {member.name for member in wanted}
        add = {m.name: m for m in lost(record) if m.name in names} | add
        remove = {m.name: m for m in stale(record, wanted)} | remove
    return PortChange(tuple(add.values()), tuple(remove.values()))


def left(record: Record, ports: PortChange) -> tuple[str, ...]:
    """The names that stay recorded as they are."""
    touched = {member.name for member in (*ports.add, *ports.remove)}
    return tuple(sorted(name for name in record if name not in touched))


def commands(change: PortChange) -> Iterator[str]:
    """What a person would type: a comment to nft is for the shell."""
    again = {member.name for member in change.add}
    for member in change.remove:
        if member.name not in again:
            yield f"# before the next command: ip link set dev {member.name} up"
        yield f'delete element inet {TABLE} {RECORD} {{ "{member.name}" }}'
    for member in change.add:
        said = comment(member.order, member.end, found_down=False)
        # nft takes no comment without a line behind it.
        yield f"# after the next command: ip link set dev {member.name} down"
        yield f'add element inet {TABLE} {RECORD} {{ "{member.name}" comment "{said}" }}'
