# SPDX-License-Identifier: GPL-2.0-or-later
"""Crafted packets: any source, any protocol, fragments; and which of them passed.

Built with scapy, sent through the source node's kernel routing by a raw socket, and looked for
at the far node by their tags.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment
from scapy.packet import Packet, Raw

from lab.errors import NoVerdict
from lab.traffic.capture import Capture
from lab.traffic.sockets import family_of, open_raw
from lab.traffic.tags import Tag, new_run

SETTLE = 0.5  # seconds given to packets on their way when nothing else proves the end
CONTROL_TIMEOUT = 5.0
FRAGMENT_PAYLOAD = 64  # bytes per fragment; a multiple of eight (RFC 791, section 3.2)


@dataclass(frozen=True)
class Probe:
    """One packet to be sent: ``layers`` up to the payload, which is the tag (and ``filling``)."""

    label: str
    dst: str
    layers: Packet
    filling: int = 0

    def wire(self, tag: Tag) -> bytes:
        """The whole IP packet with checksums and the tag."""
        return bytes(self.layers / Raw(tag.wire() + b"\0" * self.filling))


@dataclass(frozen=True)
class Passage:
    """Which probes reached the far node, by label, in sending order."""

    passed: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def all_passed(self) -> bool:
        """True if something was sent and nothing was dropped."""
        return bool(self.passed) and not self.dropped

    @property
    def all_dropped(self) -> bool:
        """True if something was sent and nothing passed."""
        return bool(self.dropped) and not self.passed


def ip_layer(src: str, dst: str, **fields: int) -> Packet:
    """The IP header for the family of ``dst``; ``fields`` are scapy's."""
    layer: Packet = (IP if ip_address(dst).version == 4 else IPv6)(src=src, dst=dst)
    for name, value in fields.items():
        layer.setfieldval(name, value)
    return layer


def udp(src: str, dst: str, dport: int, sport: int = 40000, label: str = "") -> Probe:
    """A UDP datagram."""
    layers = ip_layer(src, dst) / UDP(sport=sport, dport=dport)
    return Probe(label or f"udp {src} > {dst}:{dport}", dst, layers)


def tcp(
    src: str, dst: str, dport: int, sport: int = 40000, flags: str = "S", label: str = ""
) -> Probe:
    """A TCP segment with payload; SYN by default, ``flags="A"`` for one inside a connection."""
    layers = ip_layer(src, dst) / TCP(sport=sport, dport=dport, flags=flags, seq=1, ack=1)
    return Probe(label or f"tcp/{flags} {src}:{sport} > {dst}:{dport}", dst, layers)


def icmp(src: str, dst: str, label: str = "") -> Probe:
    """An echo request of the family's ICMP."""
    echo = ICMP() if family_of(dst) == socket.AF_INET else ICMPv6EchoRequest()
    return Probe(label or f"icmp {src} > {dst}", dst, ip_layer(src, dst) / echo)


def protocol(src: str, dst: str, number: int, label: str = "") -> Probe:
    """A packet of any IP protocol, such as 47 (GRE) or 50 (ESP), with nothing but the tag."""
    field = "proto" if family_of(dst) == socket.AF_INET else "nh"
    layers = ip_layer(src, dst, **{field: number})
    return Probe(label or f"proto {number} {src} > {dst}", dst, layers)


def fragments(src: str, dst: str, dport: int, sport: int = 40000, label: str = "") -> list[Probe]:
    """Two fragments of one UDP datagram; only the first has ports. Each has its own tag."""
    name = label or f"fragments {src} > {dst}:{dport}"
    length = 2 * FRAGMENT_PAYLOAD
    # The checksum covers both halves and is left out: routers do not look at it.
    head = UDP(sport=sport, dport=dport, len=length, chksum=0)
    if family_of(dst) == socket.AF_INET:
        first = ip_layer(src, dst, id=4711, flags=1, proto=17)
        later = ip_layer(src, dst, id=4711, frag=FRAGMENT_PAYLOAD // 8, proto=17)
    else:
        first = ip_layer(src, dst) / IPv6ExtHdrFragment(nh=17, m=1, id=4711)
        later = ip_layer(src, dst) / IPv6ExtHdrFragment(
            nh=17, m=0, offset=FRAGMENT_PAYLOAD // 8, id=4711
        )
    return [
        Probe(f"{name} first", dst, first / head, FRAGMENT_PAYLOAD - 8 - 16),
        Probe(f"{name} later", dst, later, FRAGMENT_PAYLOAD - 16),
    ]


def inject(node: str, probes: Iterable[Probe], run: bytes, first: int = 0) -> dict[int, Probe]:
    """Sends the probes from a node, numbered from ``first``; returns them by number.

    Raises:
        NoVerdict: the node could not send one (no route, or its own filter refused it).
    """
    sent: dict[int, Probe] = {}
    raw: dict[socket.AddressFamily, socket.socket] = {}
    try:
        for number, probe in zip(count(first), probes, strict=False):
            family = family_of(probe.dst)
            if family not in raw:
                raw[family] = open_raw(node, family)
            try:
                raw[family].sendto(probe.wire(Tag(run, number)), (probe.dst, 0))
            except OSError as error:
                raise NoVerdict(f"{node} could not send {probe.label}: {error}") from error
            sent[number] = probe
    finally:
        for opened in raw.values():
            opened.close()
    return sent


def passage(
    source: str,
    sink: str,
    probes: Iterable[Probe],
    *,
    control: Probe | None = None,
    control_from: str = "",
) -> Passage:
    """Sends probes from one node and tells which of them another node received.

    With ``control``, a probe known to pass on the same path is sent last and awaited: when it
    has arrived, so has everything before it, and nothing depends on a guess of time. Where
    nothing at all may pass from ``source``, ``control_from`` names a node on the way that sends
    it; the capture's linger (``LINGER``) then covers the difference.

    Raises:
        NoVerdict: a probe could not be sent, the capture lost packets, or the control probe did
            not arrive.
    """
    run = new_run()
    with Capture(sink, run) as capture:
        sent = inject(source, probes, run)
        if control is not None:
            number = len(sent)
            inject(control_from or source, [control], run, first=number)
            if not capture.wait_for({number}, CONTROL_TIMEOUT):
                raise NoVerdict(f"the control probe {control.label} did not reach {sink}")
        else:
            capture.wait_for(set(sent), SETTLE)
    arrived = capture.complete()
    return Passage(
        passed=tuple(probe.label for number, probe in sent.items() if number in arrived),
        dropped=tuple(probe.label for number, probe in sent.items() if number not in arrived),
    )
