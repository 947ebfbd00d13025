# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for GoBGP as the network's own announcer of blackholes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers.gobgp.capability import capability
from drivers.gobgp.diagnosis import diagnose
from drivers.gobgp.options import Options, community, shape
from drivers.gobgp.parse import Labels
from drivers.gobgp.planning import BATCH, findings, plan
from drivers.gobgp.session import GobgpSession, Means
from drivers.gobgp.shared import Proofs, Shared
from drivers.gobgp.speaker import Speaker
from drivers.gobgp.watch import GobgpWatch
from drivers.gobgp.witnesses import Witnesses
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.topology import Blackholing, Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Session, Watch


class GobgpDriver:
    """Bound to one speaker; `connect`, `watch` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "gobgp"

    def __init__(
        self,
        device: Device,
        owner: Owner,
        credentials: CredentialSource,
        clock: Clock | None = None,
        most: int = BATCH,
        proofs: Proofs | None = None,
    ) -> None:
        self._device = device
        self._options = Options.of(device)
        self._shape = shape(device, self._options, owner)
        self._credentials = credentials
        self._blackholing = device.blackholing or Blackholing()
        self._labels = Labels(self._shape)
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._shared = Shared(proofs if proofs is not None else Proofs())
        self._most = most

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`."""
        return cls(device, owner, credentials)

    @property
    def capability(self) -> Capability:
        """Blackholes, of the families that have a next hop and a canary."""
        return capability(self._device)

    @property
    def traits(self) -> Trait:
        """Change events; all that is announced is gone with the speaker."""
        return Trait.WATCHABLE | Trait.VANISHES

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the announcements, on the routers, in the mark."""
        self._labels.learn(desired.addresses)
        return findings(self._shape, desired, actual)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Batches that make `actual` equal `desired`."""
        self._labels.learn(desired.addresses)
        return plan(self._shape, desired, drift, actual, self._most)

    def witnesses(self) -> Witnesses:
        """The routers that are asked."""
        found = [community(text) for text in self._blackholing.communities]
        first = next((c for c in found if isinstance(c, int)), 65535 << 16 | 666)
        return Witnesses(
            self._blackholing.witnesses, (first >> 16, first & 0xFFFF), self._credentials
        )

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        name, options = self._device.name, self._options
        means = Means(
            name,
            self._shape,
            self._blackholing,
            options,
            self._labels,
            self._shared,
            self._clock,
        )
        with Speaker.opened(name, options) as speaker:
            session = GobgpSession(means, speaker, self.witnesses())
            try:
                yield session
            finally:
                session.close()

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    @contextmanager
    def _watching(self) -> Iterator[Watch]:
        with Speaker.opened(self._device.name, self._options) as speaker:
            watch = GobgpWatch(speaker, self._shared)
            try:
                yield watch
            finally:
                watch.close()
                watch.release()

    def watch(self) -> AbstractContextManager[Watch]:
        """Subscribe to changes."""
        return self._watching()

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it is reachable, talks to routers, and they can be asked."""
        return diagnose(self._device, self._options, self.witnesses())


_: type[Driver] = GobgpDriver
