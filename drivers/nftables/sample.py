# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of every kind that plans show to people, to be checked and never carried out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

import numpy as np

from drivers.nftables.comparing import findings
from drivers.nftables.model import Found, Held
from drivers.nftables.names import TABLE
from drivers.nftables.planning import Setup, intend
from drivers.nftables.texts import native
from enforcer.core.addresses import to_column
from enforcer.core.drift import compare
from enforcer.core.instants import from_ms
from enforcer.core.rules import (
    NO_END,
    Actual,
    Desired,
    Exempt,
    InterfaceMember,
    Key,
    Members,
    Rule,
    Service,
)

_END = 3_600_000
_HOSTS = {4: int(IPv4Address("192.0.2.1")), 6: int(IPv6Address("2001:db8::1"))}
_OURS = re.compile(rf"\binet {TABLE}\b")


def sample(device: str, setup: Setup) -> str:
    """What fills an empty device with one member of each kind, as a table of another name.

    The other name makes it independent of what stands there.
    """
    wanted = Desired(device, dict(_addresses()), dict(_interfaces()))
    empty = Actual(device, from_ms(0), None, native=Held(Found(), {}))
    drift = compare(wanted, empty, findings(setup, wanted, empty))
    lines = native(intend(setup, wanted, drift, empty), Held(Found(), {}), 0)
    return "\n".join(_OURS.sub(f"inet {TABLE}_check", line) for line in lines)


def _addresses() -> Iterator[tuple[Rule, Members]]:
    service = Service(6, None, (465, 587))
    for family, host in _HOSTS.items():
        exempt = (Exempt(host, host), Exempt(host, host, 17, (53, 53)))
        yield Rule(family, Key.SOURCE), _members(host)
        yield Rule(family, Key.DESTINATION), _members(host)
        yield Rule(family, Key.SOURCE, service, ((host, host + 8),)), _members(host)
        yield Rule(family, Key.SOURCE, exempt=exempt), _members(host)


def _interfaces() -> list[tuple[Rule, tuple[InterfaceMember, ...]]]:
    keys = (Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE)
    return [(Rule(4, key), (InterfaceMember("lo", NO_END, 1),)) for key in keys]


def _members(host: int) -> Members:
    """One address with an end, and a range without."""
    firsts, lasts = (host, host + 3), (host, host + 5)
    ends, orders = np.array((_END, NO_END), np.int64), np.array((1, 2), np.int64)
    return Members(to_column(firsts), to_column(lasts), ends, orders)
