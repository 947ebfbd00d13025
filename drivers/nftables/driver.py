# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for Linux nftables: one owned table, written and read by netlink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import ClassVar, Self, cast

from drivers.nftables.assumed import supposed
from drivers.nftables.batching import batches
from drivers.nftables.comparing import findings
from drivers.nftables.diagnosis import diagnose
from drivers.nftables.netlink.columns import LONGEST_NAME
from drivers.nftables.planning import Setup, held_of, intend
from drivers.nftables.remote.driver import RemoteNftablesDriver
from drivers.nftables.render import HOOKS
from drivers.nftables.session import NftSession
from drivers.nftables.shared import Shared
from drivers.nftables.texts import native, undo
from drivers.nftables.transport import Options, options
from drivers.nftables.watch import NftWatch
from enforcer.clock import Clock, SystemClock
from enforcer.core.drift import Drift, Finding
from enforcer.core.instants import to_ms
from enforcer.core.plan import Capability, Plan, Trait
from enforcer.core.rules import Actual, Desired, Key, Owner
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource, Diagnosis, Driver, Session, Watch
from enforcer.errors import ConfigurationInvalid

_PACKETS = (Key.SOURCE, Key.DESTINATION, Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE)
_KEYS = frozenset(((0, Key.INTERFACE), *((family, key) for family in (4, 6) for key in _PACKETS)))


class NftablesDriver:
    """Bound to one device; `connect`, `watch` and `diagnose` alone are not pure."""

    platform: ClassVar[str] = "nftables"

    def __init__(
        self, device: Device, owner: Owner, given: Options, clock: Clock | None = None
    ) -> None:
        self._device = device
        self._setup = Setup(owner, device.hooks, given.counters)
        self._transport = given.transport
        self._clock: Clock = clock if clock is not None else SystemClock()
        self._shared = Shared()

    @classmethod
    def from_device(cls, device: Device, credentials: CredentialSource, owner: Owner) -> Self:
        """Bind to `device`; one with a `host` is reached by SSH."""
        unknown = sorted(device.hooks - HOOKS.keys())
        if unknown or not device.hooks:
            raise ConfigurationInvalid(
                f"{device.name}: hooks are {', '.join(unknown) or 'empty'}; nftables takes one "
                f"or more of {', '.join(sorted(HOOKS))}"
            )
        for interface in device.interfaces:
            if len(interface.name.encode()) > LONGEST_NAME:
                raise ConfigurationInvalid(
                    f"{device.name}: interface {interface.name!r} is longer than the "
                    f"{LONGEST_NAME} bytes that Linux allows: correct its name in the inventory"
                )
        if "host" in device.transport:
            # Another kernel's: the same contract, through its own nft. It is no subclass, because
            # nothing of the conversation by netlink is shared.
            return cast(Self, RemoteNftablesDriver.from_device(device, credentials, owner))
        return cls(device, owner, options(device.name, device.transport))

    @property
    def capability(self) -> Capability:
        """Both families, all keys of packets, services, peers and exceptions; interfaces."""
        return Capability(_KEYS, capacity=self._device.capacity)

    @property
    def traits(self) -> Trait:
        """Transactions, timeouts of its own, and change events; nothing survives a reboot."""
        counting = Trait.COUNTING if self._setup.counters else Trait.NONE
        ours = Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE | Trait.GOES_WITH_US
        return ours | counting

    def findings(self, desired: Desired, actual: Actual) -> tuple[Finding, ...]:
        """What differs in the structure."""
        self._shared.learn((*desired.addresses, *desired.interfaces))
        return findings(self._setup, desired, supposed(self._setup, actual))

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        """Batches that make `actual` equal `desired`."""
        if not drift:
            return Plan()
        actual = supposed(self._setup, actual)
        held = held_of(actual)
        intent = intend(self._setup, desired, drift, actual)
        read_ms = to_ms(actual.read_at)
        return Plan(
            batches(intent, held, len(desired)),
            lambda: native(intent, held, read_ms),
            lambda: undo(intent, held, self._setup, read_ms),
        )

    @contextmanager
    def _connected(self) -> Iterator[Session]:
        session = NftSession(
            self._device.name, self._setup, self._transport, self._clock, self._shared
        )
        try:
            yield session
        finally:
            session.close()

    def connect(self) -> AbstractContextManager[Session]:
        """Open a session."""
        return self._connected()

    @contextmanager
    def _watching(self) -> Iterator[Watch]:
        watch = NftWatch(self._device.name, self._transport, self._shared)
        try:
            yield watch
        finally:
            watch.close()
            watch.release()

    def watch(self) -> AbstractContextManager[Watch]:
        """Subscribe to changes."""
        return self._watching()

    def diagnose(self) -> tuple[Diagnosis, ...]:
        """Whether it is reachable, takes our text, has the inventory's interfaces."""
        return diagnose(self._device, self._setup, self._transport)


_: type[Driver] = NftablesDriver
