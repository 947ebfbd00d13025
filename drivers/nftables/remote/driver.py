# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables driver for a Linux router that is reached by SSH."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self

from drivers._router.known import KnownRules
from drivers._ssh.login import open_client
from drivers._ssh.options import SshOptions
from drivers.nftables.remote.connection import SharedConnection
from drivers.nftables.remote.diagnosis import diagnose
from drivers.nftables.remote.looks import Looks
from drivers.nftables.remote.moves import BATCH_ROWS
from drivers.nftables.remote.planning import Setup, findings, plan
from drivers.nftables.remote.session import RemoteSession
from drivers.nftables.remote.shell import Shell, SshShell
from drivers.nftables.remote.watch import RemoteWatch
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Key, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Session, Watch

CAPACITY = 50_000
"""Members: every look lists all of them as text, and the kernel's dump of one set is quadratic."""
KEYS = frozenset({"counters", "nft"})
"""What a transport may say beside how to log in."""


class RemoteNftablesDriver:
    """Bound to one device; `connect`, `watch` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "nftables"

    def __init__(
        self,
        device: Device,
        owner: Owner,
        connection: SharedConnection,
        clock: Clock | None = None,
        most: int = BATCH_ROWS,
    ) -> None:
        counters = device.transport.get("counters", "yes") == "yes"
        self._device = device
        self._setup = Setup(owner, device.hooks, counters, most)
        self._program = device.transport.get("nft", "nft")
        self._connection = connection
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._known = KnownRules()
        self._looks = Looks()

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`; nothing is opened yet."""
        options = SshOptions.of(device, KEYS)
        return cls(device, owner, SharedConnection(lambda: open_client(options, credentials)))

    @property
    def capability(self) -> Capability:
        """Both families, all keys of packets, services, peers and exceptions; the default VRF."""
        packets = (Key.SOURCE, Key.DESTINATION, Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE)
        keys = frozenset((family, key) for family in (4, 6) for key in packets)
        return Capability(keys, capacity=min(self._device.capacity or CAPACITY, CAPACITY))

    @property
    def traits(self) -> Trait:
        """Transactions and change events; nothing expires by itself or survives a reboot."""
        counting = Trait.COUNTING if self._setup.counters else Trait.NONE
        return Trait.ATOMIC | Trait.REMOTE | Trait.WATCHABLE | counting

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure."""
        self._known.learn_desired(desired)
        return findings(self._setup, actual)

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Transactions that write what `drift` names."""
        self._known.learn_desired(desired)
        return plan(self._setup, desired, drift, actual)

    @contextmanager
    def _shell(self) -> Iterator[Shell]:
        with self._connection.use() as client:
            yield SshShell(client, self._program, self._clock)

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        with self._shell() as shell:
            yield RemoteSession(self._device.name, shell, self._known, self._looks, self._clock)

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    @contextmanager
    def _watching(self) -> Iterator[Watch]:
        with self._shell() as shell:
            watch = RemoteWatch(shell, self._looks)
            try:
                yield watch
            finally:
                watch.close()

    def watch(self) -> AbstractContextManager[Watch]:
        """Subscribe to changes."""
        return self._watching()

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it can be logged in to, has nft, and the inventory's interfaces."""
        return diagnose(self._device, self._shell)


_: type[Driver] = RemoteNftablesDriver
