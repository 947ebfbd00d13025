# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for BIRD 2, on this host or by SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers._daemon.opening import HostWay, opened
from drivers._daemon.shell import Shell
from drivers._router.known import KnownRules
from drivers._ssh.gate import GATE, Gate
from drivers.bird.control import Files
from drivers.bird.diagnosis import diagnose
from drivers.bird.planning import findings, plan
from drivers.bird.session import BirdSession
from drivers.bird.setup import TRANSPORT, Setup
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Session, Watch
from enforcer.errors import Unsupported

CAPACITY = 200_000
"""Prefixes unless the inventory's `capacity` says otherwise: twice what was measured. BIRD takes
100,000 in a tenth of a second."""


class BirdDriver:
    """Bound to one device; `connect` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "bird"

    def __init__(
        self,
        device: Device,
        credentials: CredentialSource,
        owner: Owner,
        clock: Clock | None = None,
        gate: Gate = GATE,
    ) -> None:
        self._device = device
        self._setup = Setup.of(device, owner)
        self._way = HostWay.of(device, TRANSPORT)
        self._credentials = credentials
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._gate = gate
        self.known = KnownRules()
        self.known.learn([CLOSED])
        self._files = Files()

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`. Raises ConfigurationInvalid for a bad transport or option."""
        return cls(device, credentials, owner)

    @property
    def capability(self) -> Capability:
        """Routes of both families and both ways, and sessions; of the inventory's neighbors."""
        keys = {(family, key) for family in (4, 6) for key in (Key.RECEIVED, Key.ANNOUNCED)}
        return Capability(
            frozenset(keys | {(0, Key.SESSION)}),
            services=False,
            peers=False,
            capacity=self._device.capacity or CAPACITY,
            refuses=self._refuses,
        )

    def _refuses(self, rule: Rule) -> str:
        if rule.by_route and rule.neighbor not in self._setup.neighbors:
            return f"has no neighbor {rule.neighbor} in the inventory, so no filter can call ours"
        if any(one.protocol is not None or one.ports for one in rule.exempt):
            return "cannot except services from what it says of routes"
        return ""

    @property
    def traits(self) -> Trait:
        """A configuration is one transaction that can wait for its confirmation."""
        traits = (
            Trait.UNATTRIBUTED
            | Trait.SURVIVES_REBOOT
            | Trait.ATOMIC
            | Trait.CANDIDATE
            | Trait.CONFIRMED_COMMIT
        )
        return traits | Trait.REMOTE if self._way.remote else traits

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure, and where a filter does not call ours."""
        self.known.learn_desired(desired)
        return findings(self._setup, desired, actual)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """One configuration that makes `actual` equal `desired`."""
        self.known.learn_desired(desired)
        return plan(self._setup, desired, drift, actual)

    def _shell(self, proof: bool = False) -> AbstractContextManager[Shell]:
        return opened(self._way, self._credentials, self._clock, self._gate, proof)

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        again = (lambda: self._shell(proof=True)) if self._way.remote else None
        with self._shell() as shell:
            session = BirdSession(self._setup, shell, self.known, self._files, self._clock, again)
            try:
                yield session
            finally:
                session.close()

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    def watch(self) -> AbstractContextManager[Watch]:
        """BIRD is not watched over its command line."""
        raise Unsupported(self._device.name, "cannot be watched: it is read at intervals")

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it answers, includes our file, and calls our functions in its filters."""
        return diagnose(self._setup, self._shell)


_: type[Driver] = BirdDriver
