# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for FRRouting, on this host or by SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers._daemon.opening import opened
from drivers._daemon.shell import Shell
from drivers._ssh.gate import GATE, Gate
from drivers.frr.diagnosis import diagnose
from drivers.frr.known import Known
from drivers.frr.options import Options
from drivers.frr.planning import Setup, findings, work
from drivers.frr.reading import SAVED
from drivers.frr.session import FrrSession
from drivers.frr.texts import batches, native, undo
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Key, Owner, Rule
from enforcer.core.sessions import CLOSED
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Session, Watch
from enforcer.errors import Unsupported

CAPACITY = 50_000
"""Members unless the inventory's `capacity` says otherwise: about a minute on FRR 8.4. More of
them are better said the other way round: reject all but what is registered."""


class FrrDriver:
    """Bound to one device; `connect` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "frr"

    def __init__(
        self,
        device: Device,
        credentials: CredentialSource,
        owner: Owner,
        clock: Clock | None = None,
        gate: Gate = GATE,
    ) -> None:
        self._device = device
        self._credentials = credentials
        self._options = Options.of(device)
        self._known = Known()
        self._known.learn([CLOSED])
        self._setup = Setup(device, owner, self._known)
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._gate = gate

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`. Raises ConfigurationInvalid for a bad transport or option."""
        return cls(device, credentials, owner)

    @property
    def setup(self) -> Setup:
        """What is fixed for this device."""
        return self._setup

    @property
    def capability(self) -> Capability:
        """Routes of both families and both ways, and sessions, of the inventory's neighbors."""
        keys = {(family, key) for family in (4, 6) for key in (Key.RECEIVED, Key.ANNOUNCED)}
        return Capability(
            frozenset(keys | {(0, Key.SESSION)}),
            services=False,
            peers=False,
            capacity=self._device.capacity or CAPACITY,
            refuses=self._refuses,
        )

    def _refuses(self, rule: Rule) -> str:
        named = {str(neighbor.address) for neighbor in self._device.neighbors}
        if rule.by_route and rule.neighbor not in named:
            return f"has no BGP neighbor {rule.neighbor} in the inventory: add it there"
        if any(one.protocol is not None or one.ports for one in rule.exempt):
            return "cannot except services from what it says of routes"
        return ""

    @property
    def traits(self) -> Trait:
        """Bare prefixes; a login where it is another host; kept over restarts if all is saved."""
        found = Trait.UNATTRIBUTED
        if self._options.way.remote:
            found |= Trait.REMOTE
        # More of ours than that is not saved: it would keep BGP down at the next start.
        kept = self._options.save and (self._device.capacity or CAPACITY) <= SAVED
        return found | Trait.SURVIVES_REBOOT if kept else found

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure."""
        self._known.learn_desired(desired)
        return findings(self._setup, desired, actual)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Batches that write what `drift` names.

        Raises Unsupported where nothing of it can be written, with what to do.
        """
        self._known.learn_desired(desired)
        if not drift:
            return Plan()
        found = work(self._setup, desired, drift, actual)
        return Plan(batches(found), lambda: native(found), lambda: undo(found))

    @contextmanager
    def _shell(self) -> Iterator[Shell]:
        way = self._options.way
        with opened(way, self._credentials, self._clock, self._gate) as shell:
            yield shell

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        with self._shell() as shell:
            yield FrrSession(shell, self._setup, self._options, self._clock)

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    def watch(self) -> AbstractContextManager[Watch]:
        """vtysh tells nobody of changes; never called, for it is not WATCHABLE."""
        raise Unsupported(self._device.name, "has no events to subscribe to")

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it is reachable and ready."""
        return diagnose(self._device, self._options, self._shell)


_: type[Driver] = FrrDriver
