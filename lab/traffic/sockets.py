# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets opened in a node's network namespace; they stay there whoever uses them."""

import socket
from ipaddress import ip_address

from lab.errors import NoVerdict
from lab.inside import current
from lab.namespaces import run_in

ETH_P_ALL = 0x0003  # linux/if_ether.h
PACKET_OUTGOING = 4  # linux/if_packet.h
PACKET_STATISTICS = 6
SOL_PACKET = 263
SO_RCVBUFFORCE = 33  # asm-generic/socket.h
SO_SNDBUFFORCE = 32
IP_FREEBIND = 15  # linux/in.h: a source that no interface holds, in a prefix that is local
IPV6_FREEBIND = 78  # linux/in6.h
CAPTURE_BUFFER = 64 << 20


def family_of(address: str) -> socket.AddressFamily:
    """AF_INET or AF_INET6 of an address in text."""
    return socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6


def open_capture(node: str, buffer: int = CAPTURE_BUFFER) -> socket.socket:
    """A packet socket that sees every packet of the node from its network header on.

    Its buffer (bytes) is large beyond the kernel's limit: a capture that drops cannot judge.
    """

    def opened() -> socket.socket:
        capture = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        capture.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
        return capture

    return run_in(current().netns(node), opened)


def open_raw(node: str, family: socket.AddressFamily) -> socket.socket:
    """A socket that sends whole IP packets as given; the node's kernel routes them.

    raw(7): IPPROTO_RAW implies IP_HDRINCL, and the source address is not checked.
    """

    def opened() -> socket.socket:
        raw = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        raw.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, CAPTURE_BUFFER)
        return raw

    return run_in(current().netns(node), opened)


def open_tcp(node: str, src: str, dst: str) -> socket.socket:
    """An unconnected TCP socket in the node, bound to ``src`` unless that is empty.

    Raises:
        NoVerdict: the node cannot send from ``src``.
    """
    family = family_of(dst)

    def opened() -> socket.socket:
        tcp = socket.socket(family, socket.SOCK_STREAM)
        if src:
            level, freebind = (
                (socket.IPPROTO_IP, IP_FREEBIND)
                if family == socket.AF_INET
                else (socket.IPPROTO_IPV6, IPV6_FREEBIND)
            )
            tcp.setsockopt(level, freebind, 1)
            try:
                tcp.bind((src, 0))
            except OSError as error:
                tcp.close()
                raise NoVerdict(f"{node} cannot send from {src}: {error}") from error
        return tcp

    return run_in(current().netns(node), opened)


def capture_drops(capture: socket.socket) -> int:
    """Packets that the kernel could not queue since the last call (packet(7))."""
    seen = capture.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
    return int.from_bytes(seen[4:8], "little")
