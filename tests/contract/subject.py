# SPDX-License-Identifier: GPL-2.0-or-later
"""What a driver is held against: one device, and everything that a stranger can do to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from enforcer.clock import Clock
from enforcer.core.rules import Owner
from enforcer.core.topology import ROLE_BORDER, Device
from enforcer.driver_api import Driver
from tests.oracle import Packet

NAME = "edge1"
FOREIGN = "operator"
Mutations = Mapping[str, Callable[[], None]]


DEVICE = Device(NAME, "any", roles=frozenset({ROLE_BORDER}))
"""What the inventory says of a subject that says nothing of itself."""


class Subject(Protocol):
    """One device, empty at first, and everything that a stranger can do to it.

    A subject may also have, as attributes: `device`, the inventory's entry (`Device`, called
    `NAME` and a border; the customer ``hosting`` is attached to the interfaces that are behind
    it, to ``eth1`` and ``eth2`` where none is); `pieces`, False where the device takes a plan of
    any size in one batch.
    """

    many: int
    """So many members do not fit into one batch (`pieces`), or are many for the device."""

    @property
    def clock(self) -> Clock:
        """The device's time."""
        ...

    def driver(self, owner: Owner) -> Driver:
        """A driver bound to the device; several may be."""
        ...

    def mutations(self) -> Mutations:
        """Ways to change what is ours, by name; each assumes what `worlds.EVERYTHING` makes."""
        ...

    def content(self) -> object:
        """All that is ours, counters and the mark aside, not as read by the driver."""
        ...

    def foreign(self) -> object:
        """All that is not ours, likewise."""
        ...

    def touch_foreign(self) -> None:
        """A stranger changes what is not ours."""
        ...

    def put_hold(self, there: bool) -> None:
        """A stranger puts the marker there that forbids us to write, or takes it away."""
        ...

    def garble(self) -> None:
        """Make what the device answers to new conversations unintelligible."""
        ...

    def answer(self, packet: Packet) -> bool | None:
        """Whether the device itself would drop `packet`; None: it cannot be asked.

        The packet comes in through its `iif` and leaves through its `oif`. Where the device has
        no such interface, one at the edge stands for it: a packet that passes no edge at all is
        not judged by filters that are bound there.
        """
        ...

    def names(self, line: str, address: str) -> bool:
        """Whether a line of a plan's text is about a member that is this IPv4 address."""
        ...

    def wipe(self) -> None:
        """Begin anew, empty."""
        ...


def device_of(subject: Subject) -> Device:
    """What the inventory says of the subject."""
    device: Device = getattr(subject, "device", DEVICE)
    assert device.name == NAME and ROLE_BORDER in device.roles
    return device


def in_pieces(subject: Subject) -> bool:
    """Whether `many` members need more than one batch."""
    pieces: bool = getattr(subject, "pieces", True)
    return pieces


def per_address(subject: Subject) -> int:
    """How many members an order that blocks one address in both directions has."""
    count: int = getattr(subject, "per_address", 2)
    return count
