# SPDX-License-Identifier: GPL-2.0-or-later
"""Object groups: members as typed, as shown and as matched.

Members of a `network` group are `any`, `host A`, `A MASK` (a netmask, not a wildcard), `A /nn`
(with a space), `range A B` and `group-object NAME` [DOC]; `v6-network` groups have `host X`,
`X/nn` and `range` [corpus show_object-group-v6]. That `A 255.255.255.255` comes back as `host A`,
that host bits are cut and that members are listed in the order typed is [GUESS].
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from lab.emulators.cisco_ios.words import Incomplete, Refusal, Words
from lab.emulators.packets import Address

NETMASKS = {str(IPv4Network(f"0.0.0.0/{length}").netmask): length for length in range(33)}
_LENGTH = re.compile(r"/(\d{1,3})$")
Bounds = tuple[int, int]


@dataclass
class Group:
    """An object group.

    Attributes:
        kind: `network` or `v6-network`.
        members: text as shown to the integers it covers, first and last; None for `group-object`.
        description: its description line, or none.
    """

    name: str
    kind: str = "network"
    members: dict[str, Bounds | None] = field(default_factory=dict)
    description: str = ""
    _hosts: set[int] | None = None
    _wide: list[Bounds] = field(default_factory=list)

    def add(self, member: str, bounds: Bounds | None) -> None:
        """Add a member; an existing one stays where it is."""
        if member not in self.members:
            self.members[member] = bounds
            self._hosts = None

    def remove(self, member: str) -> None:
        """Remove a member that exists."""
        del self.members[member]
        self._hosts = None

    def nested(self) -> list[str]:
        """Names of the groups that are members."""
        return [
            member.removeprefix("group-object ")
            for member, bounds in self.members.items()
            if bounds is None
        ]

    def covers(self, address: int) -> bool:
        """Whether a member of this group itself, not of a nested one, covers `address`."""
        if self._hosts is None:
            bounds = [pair for pair in self.members.values() if pair is not None]
            self._hosts = {low for low, high in bounds if low == high}
            self._wide = [pair for pair in bounds if pair[0] != pair[1]]
        return address in self._hosts or any(low <= address <= high for low, high in self._wide)

    def lines(self) -> list[str]:
        """The lines of its section, without indentation."""
        described = [f"description {self.description}"] if self.description else []
        return described + list(self.members)


def member(words: Words, kind: str) -> tuple[str, Bounds | None]:
    """Read a member; its text as shown and the integers it covers."""
    if words.accept("group-object"):
        name = words.take()
        words.end()
        return f"group-object {name}", None
    if kind == "network" and words.accept("any"):
        words.end()
        return "any", (0, 2**32 - 1)
    if words.accept("host"):
        host = int(_address(words, kind))
        words.end()
        return f"host {_typed(host, kind)}", (host, host)
    if words.accept("range"):
        low, high = int(_address(words, kind)), int(_address(words, kind))
        words.end()
        if low > high:
            raise Refusal("% Start address should be less than end address\n")  # [GUESS]
        return f"range {_typed(low, kind)} {_typed(high, kind)}", (low, high)
    network = _network(words) if kind == "network" else _network6(words)
    words.end()
    bounds = int(network.network_address), int(network.broadcast_address)
    if network.num_addresses == 1:
        return f"host {network.network_address}", bounds
    if isinstance(network, IPv6Network):
        return str(network), bounds
    return f"{network.network_address} {network.netmask}", bounds


def _typed(value: int, kind: str) -> str:
    return str(IPv4Address(value) if kind == "network" else IPv6Address(value))


def _address(words: Words, kind: str) -> Address:
    if not words:
        raise Incomplete
    try:
        address: Address
        address = IPv4Address(words.peek()) if kind == "network" else IPv6Address(words.peek())
    except ValueError:
        raise words.invalid() from None
    words.take()
    return address


def _network(words: Words) -> IPv4Network:
    address = _address(words, "network")
    mask = words.take()
    found = _LENGTH.match(mask)
    length = int(found[1]) if found else NETMASKS.get(mask, 33)
    if length > 32:
        raise words.invalid(back=1)
    return IPv4Network((int(address), length), strict=False)


def _network6(words: Words) -> IPv6Network:
    if not words:
        raise Incomplete
    if "/" not in words.peek():
        raise words.invalid()
    try:
        network = IPv6Network(words.peek(), strict=False)
    except ValueError:
        raise words.invalid() from None
    words.take()
    return network
