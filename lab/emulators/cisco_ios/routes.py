# SPDX-License-Identifier: GPL-2.0-or-later
"""Static routes: their lines, and which one is best for an address.

A route's identity is its prefix and target; entering it again replaces distance, tag and name
[GUESS]. They are listed by address, with `tag` before `name` [GUESS].
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from lab.emulators.cisco_ios.groups import NETMASKS
from lab.emulators.cisco_ios.names import interface_name
from lab.emulators.cisco_ios.words import Incomplete, Refusal, Words

Prefix = IPv4Network | IPv6Network
LEARNED_DISTANCE = 20  # of routes learned by external BGP [DOC]


@dataclass(frozen=True)
class Route:
    """A static route.

    Attributes:
        prefix: its destination.
        target: interface, next hop, or both, as shown.
        vrf: `vrf NAME `, or empty for the global table.
        distance: 1 unless given.
        options: the rest as shown: tag, name, permanent or track.
    """

    prefix: Prefix
    target: str
    vrf: str = ""
    distance: int = 1
    options: str = ""

    @property
    def key(self) -> tuple[str, Prefix, str]:
        """What makes it the same route."""
        return self.vrf, self.prefix, self.target

    @property
    def discards(self) -> bool:
        """True for a route to Null0."""
        return self.target == "Null0"

    def order(self) -> tuple[str, int, int, int, str]:
        """Where it is listed."""
        return (
            self.vrf,
            self.prefix.version,
            int(self.prefix.network_address),
            self.prefix.prefixlen,
            self.target,
        )

    def __str__(self) -> str:
        if isinstance(self.prefix, IPv4Network):
            where = f"ip route {self.vrf}{self.prefix.network_address} {self.prefix.netmask}"
        else:
            where = f"ipv6 route {self.vrf}{str(self.prefix).upper()}"
        distance = f" {self.distance}" if self.distance != 1 else ""
        return f"{where} {self.target}{distance}{self.options}"


def read(words: Words, version: int) -> Route:
    """Read what follows `ip route` or `ipv6 route`; a `no` form may end after the prefix."""
    vrf = f"vrf {words.take()} " if words.accept("vrf") else ""
    prefix = _prefix(words, version)
    if not words:
        return Route(prefix, "", vrf)
    target = _target(words, version)
    distance = words.number(1, 255) if words.peek().isdecimal() else 1
    return Route(prefix, target, vrf, distance, _options(words))


def _prefix(words: Words, version: int) -> Prefix:
    if not words:
        raise Incomplete
    try:
        if version == 6:
            if "/" not in words.peek():
                raise words.invalid()
            return IPv6Network(words.take(), strict=False)
        address = IPv4Address(words.peek())
    except ValueError:
        raise words.invalid(back=1 if version == 6 else 0) from None
    words.take()
    mask = words.take()
    if mask not in NETMASKS:
        raise words.invalid(back=1)
    network = IPv4Network((int(address), NETMASKS[mask]), strict=False)
    if network.network_address != address:
        raise Refusal("%Inconsistent address and mask\n")
    return network


def _target(words: Words, version: int) -> str:
    interface = interface_name(words.peek())
    if interface is not None:
        words.take()
        hop = _hop(words.peek(), version)
        if hop is not None:
            words.take()
            return f"{interface} {hop}"
        return interface
    hop = _hop(words.peek(), version)
    if hop is None:
        raise words.invalid()
    words.take()
    return hop


def _hop(text: str, version: int) -> str | None:
    try:
        return str(IPv4Address(text) if version == 4 else IPv6Address(text)).upper()
    except ValueError:
        return None


def _options(words: Words) -> str:
    found: dict[str, str] = {}
    while words:
        option = words.expect("tag", "name", "permanent", "track", "global")
        if option == "tag":
            found[option] = f" tag {words.number(1, 2**32 - 1)}"
        elif option in ("permanent", "global"):
            found[option] = f" {option}"
        else:
            found[option] = f" {option} {words.take()}"
    return "".join(
        found[option]
        for option in ("global", "tag", "name", "permanent", "track")
        if option in found
    )


class Table:
    """The global routing table, indexed once: which route is best for an address.

    Args:
        static: static routes.
        connected: networks of interfaces; they beat static routes of equal length.
        learned: what protocols bring; static routes of distance 20 or less beat it.
    """

    def __init__(
        self, static: Iterable[Route], connected: Iterable[Prefix], learned: Iterable[Prefix]
    ) -> None:
        self._best: dict[tuple[int, int], dict[int, tuple[int, bool]]] = {}
        for prefix in connected:
            self._enter(prefix, 0, discards=False)
        for prefix in learned:
            self._enter(prefix, LEARNED_DISTANCE, discards=False)
        for route in static:
            if not route.vrf:
                self._enter(route.prefix, route.distance, discards=route.discards)

    def _enter(self, prefix: Prefix, distance: int, *, discards: bool) -> None:
        same = self._best.setdefault((prefix.version, prefix.prefixlen), {})
        first = int(prefix.network_address)
        if first not in same or distance < same[first][0]:
            same[first] = distance, discards

    def discards(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether the best route to `address` is one to Null0."""
        value = int(address)
        for length in range(address.max_prefixlen, -1, -1):
            same = self._best.get((address.version, length))
            if same:
                spare = address.max_prefixlen - length
                found = same.get(value >> spare << spare)
                if found is not None:
                    return found[1]
        return False


def network(text: str) -> Prefix:
    """`192.0.2.0/24` with host bits cut."""
    return ip_network(text, strict=False)
