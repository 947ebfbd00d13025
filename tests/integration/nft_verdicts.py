# SPDX-License-Identifier: GPL-2.0-or-later
"""Ask a namespace's kernel what it does to a packet, by sending it.

The namespace routes every address to itself. A packet that a rule drops on the output hook makes
sendto(2) fail with EPERM, so that every verdict is known at once and no packet leaves.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drivers.nftables.netlink.netns import inside
from tests.integration.nft_router import Router
from tests.oracle import Packet

_IPV6_HDRINCL = 36


@dataclass(frozen=True)
class Verdicts:
    """Raw sockets of both families inside the namespace."""

    four: socket.socket
    six: socket.socket

    def dropped(self, packet: Packet, opening: bytes = b"") -> bool:
        """Whether the kernel drops `packet` on its way out; `opening`: how its body begins."""
        try:
            if packet.family == 4:
                to = str(ipaddress.IPv4Address(packet.dst))
                self.four.sendto(_ipv4(packet, opening), (to, 0))
            else:
                to = str(ipaddress.IPv6Address(packet.dst))
                self.six.sendto(_ipv6(packet, opening), (to, 0))
        except PermissionError:
            return True
        return False


def _body(packet: Packet) -> bytes:
    if packet.sport is None or packet.dport is None:
        return bytes(64)
    if packet.protocol == 6:
        return struct.pack("!HHIIBBHHH", packet.sport, packet.dport, 1, 0, 5 << 4, 2, 99, 0, 0)
    return struct.pack("!HHHH", packet.sport, packet.dport, 8, 0) + bytes(8)


def _ipv4(packet: Packet, opening: bytes) -> bytes:
    body = opening or _body(packet)
    addresses = packet.src.to_bytes(4, "big") + packet.dst.to_bytes(4, "big")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, packet.protocol, 0)
    return head + addresses + body


def _ipv6(packet: Packet, opening: bytes) -> bytes:
    body = opening or _body(packet)
    addresses = packet.src.to_bytes(16, "big") + packet.dst.to_bytes(16, "big")
    return struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, 64) + addresses + body


def _open() -> Verdicts:
    four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    six.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
    return Verdicts(four, six)


@contextmanager
def verdicts(router: Router) -> Iterator[Verdicts]:
    """Make `router` route everything to itself, and ask it."""
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo"],
        ["ip", "-6", "route", "add", "local", "::/0", "dev", "lo"],
    ):
        router.run(command)
    opened = inside(router.namespace, _open)
    try:
        yield opened
    finally:
        opened.four.close()
        opened.six.close()
