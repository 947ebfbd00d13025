# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver contract: what a platform must offer to be made to hold rules.

A driver has a pure half (compare structure, plan, render, parse) and an I/O half (a
session). It never decides what should be on a device and never keeps a record: the
desired state comes in, the actual state goes out. Adding a platform is one folder and
one entry point in the group ``enforcer.drivers``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Protocol, Self, runtime_checkable

from enforcer.core.drift import Drift, Finding
from enforcer.core.intervals import Ranges
from enforcer.core.orders import Network
from enforcer.core.plan import Batch, Capability, Plan, Region, Trait
from enforcer.core.routes import Route
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.topology import Device

GRACE_MS = 60_000
"""A device's own timeout is an order's end plus this: a dead-man's switch, never the record."""


class Applied(StrEnum):
    """What became of a batch. UNKNOWN: only a read-back can tell."""

    APPLIED = "applied"
    UNKNOWN = "unknown"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Cheap proof that a device is as it was when last read.

    `token`: equal tokens, nothing was written since. `valid_until`: from then on the token
    proves nothing (a kernel expires members without moving its generation); None: no limit.
    """

    token: str
    valid_until: datetime | None = None


class EventKind(StrEnum):
    """What a device said about a change.

    `CHANGED`: something of ours was touched by somebody else. `UNTOUCHED`: somebody changed
    the device, nothing of ours. `OWN`: this process wrote. `LOST`: events were missed or the
    source broke; only a full read can tell.
    """

    CHANGED = "changed"
    UNTOUCHED = "untouched"
    OWN = "own"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """One change on the device, by whomever.

    `writer`: who did it, as far as the device tells ("nft, pid 4711"), else "". `token`: the
    fingerprint token after the change, `before`: the one it replaced ("" unknown): with an
    unbroken chain of UNTOUCHED and OWN events a proved state stays proved without a read.
    `touched`: with CHANGED, by rule the members that were touched, in any order and perhaps more
    than once, where the device tells so exactly and nothing else of ours was; None: anything may
    have been.
    """

    kind: EventKind
    what: str = ""
    writer: str = ""
    before: str = ""
    token: str = ""
    touched: Mapping[Rule, Ranges] | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that may be wrong with a device or with our way to it.

    `check`: what was looked at, a word or two. `ok` False: something must be done, and `advice`
    says what; with `ok` True `detail` is information.
    """

    check: str
    ok: bool
    detail: str
    advice: str = ""


class CredentialSource(Protocol):
    """Resolves a credential reference of the inventory at the moment of connecting."""

    def resolve(self, reference: str) -> str:
        """The secret itself; raises ConfigurationInvalid naming the reference."""
        ...


@runtime_checkable
class LoginCap(Protocol):
    """What a CredentialSource may say besides: how hard the AAA servers may be pressed."""

    @property
    def logins(self) -> int:
        """How many logins may be under way at once, to all devices together; at least 2."""
        ...


class Staged(Protocol):
    """A batch that is on the device and, where the platform can, still revocable."""

    @property
    def token(self) -> str:
        """The fingerprint token that holds if nobody else wrote since; "" unknown."""
        ...

    def confirm(self) -> Applied:
        """Make it stay."""
        ...

    def abandon(self) -> Applied:
        """Take it back, where the platform can; else UNKNOWN."""
        ...


class Session(Protocol):
    """An open, exclusive conversation with one device; blocking; one thread."""

    def fingerprint(self) -> Fingerprint:
        """What proves "unchanged since"; one cheap question to the device."""
        ...

    def read_state(self, region: Region = ...) -> Actual:
        """What the device holds of ours (all of it, or one region).

        Raises ParseFailed rather than guess, NotOwned never (the owner is in the answer).
        """
        ...

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """Apply one batch.

        Raises StaleState when the device moved since this session last read or staged;
        nothing was written then (`guarded` False: write all the same, for a device that
        somebody else changes all the time). CommandRejected: nothing of the batch stands.
        Any other DeviceError: unknown, read back.
        """
        ...

    def close(self) -> None:
        """End the conversation; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """What the members of one rule have dropped since each of them was written, at least.

    `shared`: the device counts per line, so the numbers are about all members of the rule,
    of every order behind it. `octets` 0 where the device counts packets alone.
    """

    packets: int
    octets: int
    shared: bool = False


@runtime_checkable
class CountingSession(Protocol):
    """What a session offers besides where the device is COUNTING."""

    def counters(self, wanted: Mapping[Rule, Ranges]) -> Mapping[Rule, Counted]:
        """The sums over the members of these rules that overlap the ranges given with each.

        A rule by interface is given no ranges: all of its members count. Rules that do not
        stand on the device are left out. Writes nothing; raises DeviceError.
        """
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """What a session offers besides where a guarded write of members finds out by itself whether
    somebody else has written."""

    def expected(self) -> Fingerprint | None:
        """The fingerprint, if nobody has written since this session last read or staged.

        Asks the device nothing: the next `stage` of members alone refuses otherwise, if it is
        guarded. None: only `fingerprint` can tell.
        """
        ...


@runtime_checkable
class Transcribed(Protocol):
    """What a session offers besides where text goes to and fro."""

    def transcript(self) -> str:
        """What was sent and received since this was last asked, secrets masked.

        Bounded: long answers come without their middle, and the oldest goes first. Asks the
        device nothing, and never raises: also of a conversation that broke.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ignored:
    """What orders change in a device's configuration, for programs that keep its history.

    `patterns`: regular expressions, one per kind of line, applied in turn to the whole text; what
    they match is whole lines, and is taken out. They say the same in Perl (``m``), Ruby and
    Python (``re.MULTILINE``): ``^`` is the start of any line, and ``$``, ``@`` and ``#`` are not
    in them. `rancid`: the device type, and its function that reads the configuration.
    `oxidized`: the model's file without its ending, and its class.
    """

    patterns: tuple[str, ...]
    rancid: tuple[str, str]
    oxidized: tuple[str, str]


@runtime_checkable
class Ignorable(Protocol):
    """What a driver offers besides where others keep a history of the device's configuration."""

    def ignored(self) -> Ignored:
        """What they are to leave out; asks no device."""
        ...


class Condition(StrEnum):
    """Whether a BGP session is up (RFC 4271 section 8.2.2, state Established)."""

    UP = "up"
    DOWN = "down"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class NeighborRoutes:
    """What one neighbor and we tell each other in one family.

    `accepted`: the routes that pass all filters, ours and the operator's. `rejected`: those that
    do not; None where the device does not keep them. Both empty says nothing unless `condition`
    is UP.
    """

    neighbor: str
    family: int
    condition: Condition
    accepted: tuple[Route, ...]
    rejected: tuple[Route, ...] | None


@dataclass(frozen=True, slots=True)
class Sighting:
    """One neighbor's route for one prefix: `accepted`, or rejected by whomever."""

    neighbor: str
    route: Route
    accepted: bool


@runtime_checkable
class RoutingSession(Protocol):
    """What a session offers besides where the device tells its BGP routes."""

    def routes(self, neighbor: str, family: int, way: Key) -> NeighborRoutes:
        """What `neighbor` sends us (RECEIVED), or what we send it (ANNOUNCED), in one family.

        Writes nothing. Raises DeviceError; ParseFailed rather than guess.
        """
        ...

    def sightings(self, prefix: Network) -> tuple[tuple[Sighting, ...], bool]:
        """Every neighbor's route for exactly `prefix`, and whether the routing table has one.

        Writes nothing. Raises DeviceError.
        """
        ...


class Watch(Protocol):
    """A subscription to a device's changes, on a connection of its own; one thread."""

    def events(self) -> Iterator[DeviceEvent]:
        """Block and yield; ends after `close`. A broken source yields LOST and ends."""
        ...

    def close(self) -> None:
        """Stop; may be called from another thread; never raises."""
        ...


class Driver(Protocol):
    """One platform, bound to one device; `connect`, `watch`, `diagnose` alone are not pure."""

    platform: ClassVar[str]

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`. No I/O. Raises ConfigurationInvalid for a bad transport."""
        ...

    @property
    def capability(self) -> Capability:
        """What this device can hold."""
        ...

    @property
    def traits(self) -> Trait:
        """What this device offers."""
        ...

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """Structural differences between `desired` and a full `actual`; empty: none.

        Of an assumed `actual` (see `plan`) at most the mark differs, and what `desired` adds.
        """
        ...

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Bounded batches that make `actual` equal `desired`; empty iff `drift` is empty.

        Writes what `drift` names and no more: the members in its delta on top of those that
        `actual` holds, the objects in its findings, and what both rest on. A pause, the brake or
        a contest may have taken parts out of it; what `desired` says beyond it is not written.

        Deterministic. The first batch may be refused as stale; later ones build on it.
        A device without our mark gets it in the first batch. An `actual` whose `native` is
        None is an assumed state (a preview's): the device is taken to hold exactly these
        members in the structure that this driver would make. No such state is an error.
        """
        ...

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session; raises DeviceUnreachable, AuthenticationFailed, DeviceBusy."""
        ...

    def watch(self) -> AbstractContextManager[Watch]:
        """Subscribe to changes; only where WATCHABLE. Raises like `connect`."""
        ...

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """What a first installation gets wrong on this device, most important first.

        Asks the device, changes nothing on it, never raises DeviceError: a device that cannot
        be reached is a diagnosis.
        """
        ...
