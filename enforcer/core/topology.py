# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory loads into: devices, customers, service sets, protected prefixes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from functools import cached_property

from enforcer.core.orders import Network, PortRange, Scope

ROLE_BORDER = "border"


class Mode(StrEnum):
    """`observe`: read and compare, never write. `enforce`: write."""

    OBSERVE = "observe"
    ENFORCE = "enforce"


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of a device and what is behind it (a customer's name, or a free word)."""

    name: str
    behind: str = ""


@dataclass(frozen=True, slots=True)
class Device:
    """A device that can be made to hold rules.

    `transport` is the platform's own business (for nftables: ``netns`` or ``local``);
    `hooks` says whether the box itself is covered too (``input``, ``output``).
    """

    name: str
    platform: str
    site: str = ""
    roles: frozenset[str] = frozenset()
    mode: Mode = Mode.OBSERVE
    transport: Mapping[str, str] = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    hooks: frozenset[str] = frozenset({"forward"})
    nat: tuple[Network, ...] = ()
    capacity: int | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where a customer is connected."""

    device: str
    interface: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A way to reach a customer: channel is mail, phone, pager."""

    name: str
    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with registered prefixes and attachments."""

    name: str
    prefixes: tuple[Network, ...]
    attachments: tuple[Attachment, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """Addresses offering a service; `protocol` None means any, empty `ports` all of them."""

    prefixes: tuple[Network, ...]
    protocol: int | None = None
    ports: tuple[PortRange, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceSet:
    """A named set of services: resolvers, news servers, the walled garden."""

    name: str
    entries: tuple[ServiceEntry, ...]


@dataclass(frozen=True, slots=True)
class ProtectedPrefix:
    """Space that no order may block."""

    prefix: Network
    reason: str


@dataclass(frozen=True)
class Topology:
    """The whole inventory, by name."""

    devices: Mapping[str, Device] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)
    service_sets: Mapping[str, ServiceSet] = field(default_factory=dict)
    protected: tuple[ProtectedPrefix, ...] = ()
    documentation_space: bool = False
    """True in labs: documentation prefixes (RFC 5737, RFC 3849) count as ordinary space."""

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits: equal for equal inventories, in every process."""
        return hashlib.blake2b(repr(_plain(self)).encode(), digest_size=8).hexdigest()

    def borders(self) -> tuple[str, ...]:
        """Names of the devices with the role ``border``, sorted."""
        return tuple(sorted(n for n, d in self.devices.items() if ROLE_BORDER in d.roles))

    def in_scope(self, scope: Scope) -> tuple[str, ...]:
        """Names of the devices that match every non-empty field of `scope`, sorted."""
        return tuple(
            sorted(
                name
                for name, device in self.devices.items()
                if (not scope.devices or name in scope.devices)
                and (not scope.roles or device.roles & set(scope.roles))
                and (not scope.sites or device.site in scope.sites)
            )
        )


def _plain(value: object) -> object:
    """`value` in a form whose repr does not depend on the order in which sets iterate."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(f.name, _plain(getattr(value, f.name))) for f in fields(value)]
    if isinstance(value, Mapping):
        return sorted((str(key), _plain(item)) for key, item in value.items())
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return str(value)
