# SPDX-License-Identifier: GPL-2.0-or-later
"""What the running configuration does to packets: access lists, discard routes, loose uRPF.

* First match decides, and a list with entries ends in an implicit deny [DOC]; an IPv6 list
  permits neighbor solicitations and advertisements before it [DOC].
* A bound list that does not exist or has no entry permits everything [GUESS, well known].
* An entry whose time-range is not active is passed over [corpus: `(inactive)`].
* Loose uRPF drops when the best route to the source discards [DOC].
"""

from __future__ import annotations

from datetime import datetime

from lab.emulators.cisco_ios.acls import Acl, Slot
from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.routes import Table
from lab.emulators.packets import ICMPV6, Direction, Packet

_IMPLICIT_ND = (135, 136)


def decide(
    configuration: Configuration, acl: Acl | None, packet: Packet, now: datetime
) -> tuple[bool, Slot | None]:
    """Whether `acl` permits `packet`, and the slot that decided; None: nothing matched."""
    entries = [] if acl is None else acl.entries()
    for _, slot, ace in entries:
        active = not ace.time_range or range_active(configuration, ace.time_range, now)
        if active and ace.matches(packet, configuration):
            return ace.permit, slot
    if packet.protocol == ICMPV6 and packet.icmp_type in _IMPLICIT_ND:
        return True, None
    return not entries, None


def range_active(configuration: Configuration, name: str, now: datetime) -> bool:
    """Whether the time-range `name` is active; one that does not exist is not [GUESS]."""
    time_range = configuration.time_ranges.get(name)
    return time_range is not None and time_range.active(now)


def routed(configuration: Configuration, table: Table, packet: Packet, interface: str) -> bool:
    """Whether routing lets a packet pass that comes in on `interface`."""
    if table.discards(packet.destination):
        return False
    command = f"{'ip' if packet.version == 4 else 'ipv6'} verify unicast source reachable-via"
    checked = bool(configuration.interfaces[interface].words(command))
    return not (checked and table.discards(packet.source))


def filtered(
    configuration: Configuration,
    packet: Packet,
    interface: str,
    direction: Direction,
    now: datetime,
) -> tuple[bool, Slot | None]:
    """What the list bound to `interface` decides."""
    name = configuration.bound(interface, packet.version, direction)
    if name is None:
        return True, None
    return decide(configuration, configuration.acls.get((packet.version, name)), packet, now)
