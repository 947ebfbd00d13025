# SPDX-License-Identifier: GPL-2.0-or-later
"""A sender, a router and a sink, each a network namespace: packets that arrive or do not."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from drivers.nftables.netlink.netns import inside
from enforcer.clock import SystemClock
from tests.oracle import Packet

_ALL_PROTOCOLS = 0x0003
_IPV6_HDRINCL = 36
_BUFFER = 8 << 20
_PATIENCE = 5.0
_WARM = 0.1
_TAG = struct.Struct("!8sQ")
_EXPERIMENT = 253
"""A protocol number that nobody blocks (RFC 3692)."""


class Lost(Exception):
    """The packet that always passes did not: nothing can be concluded."""


@dataclass
class Wire:
    """`router`: the name of the namespace in the middle."""

    router: str
    four: socket.socket
    six: socket.socket
    sink: socket.socket
    _run: bytes = field(default_factory=lambda: os.urandom(8))
    _sent: int = 0

    def arrives(self, packets: Sequence[Packet]) -> list[bool]:
        """Send each; whether it reached the sink. Raises Lost."""
        numbers = [self._send(packet) for packet in packets]
        # The last one always passes: what was sent before it is there, or was dropped.
        seen = self._until(self._send(_passing()))
        return [number in seen for number in numbers]

    def warm(self) -> None:
        """Until the routers know each other: a neighbour that is asked for keeps few packets."""
        clock = SystemClock()
        deadline = clock.monotonic() + _PATIENCE
        self.sink.settimeout(_WARM)
        while True:
            six = self._send(_passing(6))
            try:
                if six in self._until(self._send(_passing())):
                    break
            except Lost:
                pass
            if clock.monotonic() > deadline:
                raise Lost("the routers do not find each other")
            clock.sleep(_WARM)
        self.sink.settimeout(_PATIENCE)

    def _send(self, packet: Packet) -> int:
        self._sent += 1
        tag = _TAG.pack(self._run, self._sent)
        made = (_ipv4 if packet.family == 4 else _ipv6)(packet, tag)
        make = ipaddress.IPv4Address if packet.family == 4 else ipaddress.IPv6Address
        through = self.four if packet.family == 4 else self.six
        through.sendto(made, (str(make(packet.dst)), 0))
        return self._sent

    def _until(self, last: int) -> set[int]:
        seen: set[int] = set()
        try:
            while last not in seen:
                frame = self.sink.recv(2048)
                run, number = _TAG.unpack(frame[-_TAG.size :].rjust(_TAG.size, b"\0"))
                if run == self._run:
                    seen.add(number)
        except TimeoutError:
            raise Lost(f"{_PATIENCE:g} s without the packet that always passes") from None
        return seen


def _passing(family: int = 4) -> Packet:
    pairs = {4: ("192.0.2.10", "192.0.2.130"), 6: ("2001:db8:0:a::10", "2001:db8:0:d::10")}
    src, dst = (int(ipaddress.ip_address(end)) for end in pairs[family])
    return Packet(family, src, dst, _EXPERIMENT)


def _body(packet: Packet) -> bytes:
    if packet.protocol == socket.IPPROTO_TCP:
        return struct.pack(
            "!HHIIBBHHH", packet.sport or 0, packet.dport or 0, 1, 0, 5 << 4, 2, 99, 0, 0
        )
    if packet.protocol == socket.IPPROTO_UDP:
        length = 8 + _TAG.size
        return struct.pack("!HHHH", packet.sport or 0, packet.dport or 0, length, 0)
    return b""


def _ipv4(packet: Packet, tag: bytes) -> bytes:
    body = _body(packet) + tag
    ends = packet.src.to_bytes(4, "big") + packet.dst.to_bytes(4, "big")
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, packet.protocol, 0)
    return head + ends + body


def _ipv6(packet: Packet, tag: bytes) -> bytes:
    body = _body(packet) + tag
    ends = packet.src.to_bytes(16, "big") + packet.dst.to_bytes(16, "big")
    return struct.pack("!IHBB", 6 << 28, len(body), packet.protocol, 64) + ends + body


@contextmanager
def wires() -> Iterator[Wire]:
    """Three namespaces of our own, gone afterwards."""
    names = {short: f"soak-{os.getpid()}-{short}" for short in "arb"}
    with ExitStack() as undo:
        for name in names.values():
            _ip("netns", "add", name)
            undo.callback(_ip, "netns", "delete", name)
        _connect(names)
        four, six = inside(names["a"], _senders)
        sink = inside(names["b"], _listening)
        for opened in (four, six, sink):
            undo.callback(opened.close)
        wire = Wire(names["r"], four, six, sink)
        wire.warm()
        yield wire


def _connect(names: dict[str, str]) -> None:
    for left, right in (("a", "r"), ("r", "b")):
        ends = (f"{left}-{right}", f"{right}-{left}")
        peer = ("type", "veth", "peer", "name", ends[1], "netns", names[right])
        _ip("-n", names[left], "link", "add", ends[0], *peer)
    for node, ways in (
        ("a", (("a-r", "192.0.2.2/30", "2001:db8:0:a::2/64", "192.0.2.1", "2001:db8:0:a::1"),)),
        (
            "r",
            (
                ("r-a", "192.0.2.1/30", "2001:db8:0:a::1/64", "", ""),
                ("r-b", "192.0.2.5/30", "2001:db8:0:b::1/64", "192.0.2.6", "2001:db8:0:b::2"),
            ),
        ),
        ("b", (("b-r", "192.0.2.6/30", "2001:db8:0:b::2/64", "", ""),)),
    ):
        for key in ("net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0"):
            _sysctl(names[node], key)
        if node == "r":
            _sysctl(names[node], "net.ipv4.ip_forward=1")
            _sysctl(names[node], "net.ipv6.conf.all.forwarding=1")
        for way in ways:
            _address(names[node], *way)


def _address(name: str, link: str, four: str, six: str, via4: str, via6: str) -> None:
    _sysctl(name, f"net.ipv4.conf.{link}.rp_filter=0")
    _ip("-n", name, "address", "add", four, "dev", link)
    _ip("-n", name, "address", "add", six, "dev", link, "nodad")
    _ip("-n", name, "link", "set", link, "up")
    if via4:
        _ip("-n", name, "route", "add", "default", "via", via4)
        _ip("-n", name, "-6", "route", "add", "default", "via", via6)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _sysctl(name: str, setting: str) -> None:
    command = ["ip", "netns", "exec", name, "sysctl", "--quiet", "--write", setting]
    subprocess.run(command, check=True)


def _senders() -> tuple[socket.socket, socket.socket]:
    four = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    six = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
    six.setsockopt(socket.IPPROTO_IPV6, _IPV6_HDRINCL, 1)
    return four, six


def _listening() -> socket.socket:
    sink = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ALL_PROTOCOLS))
    sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sink.bind(("b-r", 0))
    sink.settimeout(_PATIENCE)
    return sink
