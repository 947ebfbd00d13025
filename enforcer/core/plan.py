# SPDX-License-Identifier: GPL-2.0-or-later
"""What a driver intends to do to a device, and what a device can hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Flag, auto

from enforcer.core.drift import Delta
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Key, Rule


class Trait(Flag):
    """What THIS device offers.

    UNATTRIBUTED: its members are bare addresses, without an order's number and without the
    boundaries of the desired rows; they are compared as a set of addresses. REMOTE: every
    session is a login on somebody's terminal server: few at a time, and structural changes
    go out in waves. VANISHES: nothing that it was told outlives it: when it cannot be reached, its
    rules must be taken to be gone (fail-open), and that is alarmed at once. GOES_WITH_US: it is
    this machine's own kernel, so that what was written to it never outlives what this machine
    remembers of it.
    """

    NONE = 0
    ATOMIC = auto()
    CANDIDATE = auto()
    CONFIRMED_COMMIT = auto()
    SELF_EXPIRING = auto()
    SURVIVES_REBOOT = auto()
    WATCHABLE = auto()
    COUNTING = auto()
    UNATTRIBUTED = auto()
    REMOTE = auto()
    VANISHES = auto()
    GOES_WITH_US = auto()


def _takes_any(rule: Rule) -> str:
    return ""


@dataclass(frozen=True, eq=False, slots=True)
class Barred:
    """Addresses (canonical) that no block of packets is about on a device, and why.

    `why`: the end of a sentence that begins with the device's name ("cannot ...").
    """

    space: Ranges
    why: str


@dataclass(frozen=True, slots=True)
class Capability:
    """Which rules this device can hold, and how many members.

    `keys`: pairs (family, key). `services`/`peers`/`exempt`: whether rules may have them.
    `vrfs`: names of the VRFs that it can hold rules in. `capacity`: members, None unknown.
    `unusable`: why it can hold nothing at all, as a sentence; empty: it can be used.
    `refuses`: why it cannot hold one rule although all of the above allow it ("": it can), as
    the end of a sentence that begins with the device's name ("cannot ... "). `barred`: by family,
    what it cannot hold of the members of rules about packets; it holds the rest of them.
    """

    keys: frozenset[tuple[int, Key]]
    services: bool = True
    peers: bool = True
    exempt: bool = True
    vrfs: frozenset[str] = frozenset({"default"})
    capacity: int | None = None
    unusable: str = ""
    refuses: Callable[[Rule], str] = field(default=_takes_any, compare=False)
    barred: Mapping[int, Barred] = field(default_factory=dict, compare=False)

    @classmethod
    def none(cls, why: str) -> Capability:
        """Of a device that can hold nothing, because of `why`."""
        return cls(frozenset(), unusable=why)


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a device's state: the members in `delta` alone; `ALL` is everything.

    `vouched`: whoever asks knows that everything else was as desired when the fingerprint had
    this token, "" does not know; where it has moved since, the reading vouches for no more than
    its part.
    """

    delta: Delta | None = None
    vouched: str = ""


ALL = Region(None)


@dataclass(frozen=True, eq=False)
class Batch:
    """A bounded piece of a plan that is applied as one.

    `payload` is the driver's own. `size`: members and objects touched. `region`: what must be
    read back to prove it; `ALL` after structural changes. `structural`: it binds, unbinds or
    makes what all members rest on, so that a defect would cut more than what is ordered.
    `unproved`: the device's own word that it stands will do until a later batch is read back,
    which proves both.
    `shaping`: it changes more than members.
    """

    payload: object
    size: int
    region: Region
    summary: str = ""
    structural: bool = False
    unproved: bool = False
    shaping: bool = False


def _nothing() -> Iterator[str]:
    return iter(())


@dataclass(frozen=True, eq=False)
class Plan:
    """Bounded batches in safe order, with the native text and the undo, both lazy."""

    batches: tuple[Batch, ...] = ()
    native: Callable[[], Iterator[str]] = field(default=_nothing)
    undo: Callable[[], Iterator[str]] = field(default=_nothing)

    def __bool__(self) -> bool:
        return bool(self.batches)
