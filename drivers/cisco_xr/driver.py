# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for Cisco IOS-XR: our objects in its configuration, one commit for each batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers._router.known import KnownRules
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from drivers.cisco_xr.capability import capability
from drivers.cisco_xr.diagnosis import diagnose
from drivers.cisco_xr.ignored import IGNORED
from drivers.cisco_xr.link import Link
from drivers.cisco_xr.options import Options
from drivers.cisco_xr.planning import findings, plan, wanted_findings
from drivers.cisco_xr.session import XrSession
from drivers.cisco_xr.setup import setup_of
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Ignored, Session, Watch
from enforcer.errors import Unsupported


class CiscoXrDriver:
    """Bound to one device; `connect` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "cisco_xr"

    def __init__(
        self,
        device: Device,
        owner: Owner,
        link: Link,
        options: Options,
        clock: Clock | None = None,
    ) -> None:
        self._device = device
        self._options = options
        self._setup = setup_of(device, owner, options)
        self.link = link
        """The way to the device."""
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._known = KnownRules()
        self._capability = capability(device, self._setup)

    @classmethod
    def from_device(
        cls,
        device: Device,
        credentials: CredentialSource,
        owner: Owner,
        *,
        clock: Clock | None = None,
        gate: Gate = GATE,
    ) -> Self:
        """Bind to `device`: its transport is SSH's, its options this driver's."""
        options = Options.of(device)
        link = Link(SshOptions.of(device), credentials, clock or SystemClock(), gate)
        return cls(device, owner, link, options, clock)

    @property
    def capability(self) -> Capability:
        """Both families by source and destination, neighbors' routes, interfaces as a whole."""
        return self._capability

    @property
    def traits(self) -> Trait:
        """A target buffer, atomic commits, trials; what is committed survives a reboot."""
        counting = Trait.COUNTING if self._options.counters else Trait.NONE
        return (
            Trait.ATOMIC
            | Trait.CANDIDATE
            | Trait.CONFIRMED_COMMIT
            | Trait.SURVIVES_REBOOT
            | Trait.UNATTRIBUTED
            | Trait.REMOTE
            | counting
        )

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure, and what cannot be made as it is wanted."""
        self._known.learn_desired(desired)
        told = findings(self._setup, actual, self._known)
        return tuple(dict.fromkeys((*told, *wanted_findings(self._setup, desired, actual))))

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Batches that make `actual` equal `desired`."""
        self._known.learn_desired(desired)
        self._known.learn((*drift.delta.addresses, *drift.delta.interfaces))
        return plan(self._setup, desired, drift, actual)

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        session = XrSession(
            self._device.name, self._setup, self.link, self._options, self._clock, self._known
        )
        try:
            yield session
        finally:
            session.close()

    def connect(self) -> AbstractContextManager[Session]:
        """Log in."""
        return self._connected()

    def watch(self) -> AbstractContextManager[Watch]:
        """IOS-XR tells nobody of its changes over a terminal."""
        raise Unsupported(self._device.name, "IOS-XR has no events over SSH; it is asked instead")

    def ignored(self) -> Ignored:
        """See `Ignorable`."""
        return IGNORED

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it answers, who holds it, whether its lists have room."""
        return diagnose(self._device, self._setup, self.link)


_: type[Driver] = CiscoXrDriver
