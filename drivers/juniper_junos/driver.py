# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for Juniper Junos over SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers._router.known import KnownRules
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.options import SshOptions
from drivers.juniper_junos.assumed import supposed
from drivers.juniper_junos.batches import batches
from drivers.juniper_junos.capability import capability
from drivers.juniper_junos.commands import Edits, edits
from drivers.juniper_junos.diagnosis import diagnose
from drivers.juniper_junos.finding import findings
from drivers.juniper_junos.holdings import SHUT
from drivers.juniper_junos.ignored import ignored
from drivers.juniper_junos.layout import box_of
from drivers.juniper_junos.planning import goal, order_numbers, spared
from drivers.juniper_junos.session import JunosSession
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.way import Way
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Ignored, Session, Watch
from enforcer.errors import Unsupported


class JunosDriver:
    """Bound to one device; `connect` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "juniper_junos"

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
        options = SshOptions.of(device)
        made = clock if clock is not None else SystemClock()
        self._way = Way(device.name, options, credentials, made, gate)
        self.known = KnownRules()
        self.known.learn([SHUT])
        self.known.learn(Rule(f, k) for f in (4, 6) for k in (Key.SOURCE, Key.DESTINATION))

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`. Raises ConfigurationInvalid for a bad transport or option."""
        return cls(device, credentials, owner)

    @property
    def capability(self) -> Capability:
        """Both families by address and by route; interfaces shut down; the default VRF."""
        return capability(self._device, self._setup)

    @property
    def traits(self) -> Trait:
        """One commit is one transaction, and can wait for its confirmation."""
        traits = (
            Trait.REMOTE
            | Trait.UNATTRIBUTED
            | Trait.SURVIVES_REBOOT
            | Trait.ATOMIC
            | Trait.CANDIDATE
            | Trait.CONFIRMED_COMMIT
        )
        return traits | Trait.COUNTING if self._setup.counters else traits

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure."""
        self.known.learn_desired(desired)
        return findings(self._setup, desired, supposed(self._setup, actual))

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Commits that make `actual` equal `desired`."""
        self.known.learn_desired(desired)
        if not drift:
            return Plan()
        actual = supposed(self._setup, actual)
        box = box_of(actual)
        then = goal(self._setup, desired, drift, actual)
        made = edits(box, then, self._setup.tag)

        def undo() -> Iterator[str]:
            return _all(edits(then, box, self._setup.tag))

        numbers = order_numbers(drift.delta)
        works = batches(made, then, drift.delta, numbers, spared(box, then))
        return Plan(works, lambda: _all(made), undo)

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        session = JunosSession(self._setup, self._way, self.known)
        try:
            yield session
        finally:
            session.close()

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    def watch(self) -> AbstractContextManager[Watch]:
        """Junos is not watched over its command line."""
        raise Unsupported(self._device.name, "cannot be watched: it is read at intervals")

    def ignored(self) -> Ignored:
        """See `Ignorable`."""
        return ignored(self._setup.tag)

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it is reachable, lets us edit, has the inventory's interfaces."""
        return diagnose(self._setup, self._way)


def _all(made: Edits) -> Iterator[str]:
    return iter(tuple(made.lines()))


_: type[Driver] = JunosDriver
