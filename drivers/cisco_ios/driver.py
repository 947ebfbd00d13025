# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for Cisco IOS and IOS-XE over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Self

from drivers._ssh.dialect import IOS
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.reachability import can_log_in
from drivers._ssh.terminal import Terminal
from drivers.cisco_ios.abilities import capability
from drivers.cisco_ios.diagnosis import diagnose
from drivers.cisco_ios.ground import Layout
from drivers.cisco_ios.identify import always_known
from drivers.cisco_ios.ignored import IGNORED
from drivers.cisco_ios.means import Means
from drivers.cisco_ios.options import Options
from drivers.cisco_ios.planning import Setup, batches, changes, findings, refuse_clock
from drivers.cisco_ios.session import IosSession
from drivers.cisco_ios.shared import Shared
from drivers.cisco_ios.standing import Known
from drivers.cisco_ios.texts import native, undo
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Ignored, Session, Watch
from enforcer.errors import DeviceBusy, Unsupported


@dataclass(frozen=True)
class Way:
    """How the device is reached."""

    ssh: SshOptions
    credentials: CredentialSource
    gate: Gate = GATE


class IosDriver:
    """Bound to one device; `connect` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "cisco_ios"

    def __init__(self, device: Device, owner: Owner, way: Way, clock: Clock | None = None) -> None:
        self._device = device
        self._options = Options.of(device)
        layout = Layout.of(device, self._options.tag, self._options.time_range)
        self._setup = Setup(owner, layout, Known())
        self._setup.known.learn(always_known())
        self._way = way
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._shared = Shared()

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`."""
        return cls(device, owner, Way(SshOptions.of(device), credentials))

    @property
    def setup(self) -> Setup:
        """What is fixed for this device."""
        return self._setup

    @property
    def capability(self) -> Capability:
        """Both families; interfaces can be shut down, neighbors' routes be filtered."""
        return capability(self._device, self._setup.layout, self._options.ipv6_lines)

    @property
    def traits(self) -> Trait:
        """Bare addresses behind a login; a timer that takes back where there is an archive."""
        found = Trait.REMOTE | Trait.UNATTRIBUTED
        if self._options.counters:
            found |= Trait.COUNTING
        if self._options.save == "each":
            found |= Trait.SURVIVES_REBOOT
        if self._shared.archive:
            found |= Trait.CONFIRMED_COMMIT
        return found

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure."""
        self._setup.known.learn_desired(desired)
        return findings(self._setup, desired, actual)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Batches that make `actual` equal `desired`.

        Raises Unsupported where nothing of the drift can be written, with what to do.
        """
        self._setup.known.learn_desired(desired)
        if not drift:
            return Plan()
        refuse_clock(self._setup, desired, drift, actual)
        at, found = changes(self._setup, desired, drift, actual)
        made = batches(found)
        minutes = self._options.minutes
        return Plan(made, lambda: native(at, found, made, minutes), lambda: undo(found))

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        session = self._open()
        try:
            yield session
        finally:
            session.close()

    def _open(self) -> IosSession:
        name = self._device.name
        left = self._shared.pending(self._clock.now())
        if left is not None:
            raise DeviceBusy(
                name,
                "a revert timer of ours was not confirmed: the router goes back to what it had"
                f" within {left.total_seconds():.0f} s, and is read again then",
            )
        terminal = Terminal.open(
            name, self._way.ssh, self._way.credentials, IOS, self._clock, gate=self._way.gate
        )
        means = Means(self._setup, self._options, self._clock, self._shared, self._proof)
        return IosSession(terminal, means)

    def _proof(self) -> str:
        way = self._way
        return can_log_in(way.ssh, way.credentials, IOS, self._clock, gate=way.gate)

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    def watch(self) -> AbstractContextManager[Watch]:
        """IOS tells nobody of changes; never called, for it is not WATCHABLE."""
        raise Unsupported(self._device.name, "has no events to subscribe to")

    def ignored(self) -> Ignored:
        """See `Ignorable`."""
        return IGNORED

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it is reachable and ready."""
        return diagnose(self._device, self._setup.layout, self._options, self._clock, self._open)


class IosXeDriver(IosDriver):
    """IOS-XE: the same command line."""

    platform: ClassVar[str] = "cisco_xe"


_: type[Driver] = IosDriver
