# SPDX-License-Identifier: GPL-2.0-or-later
"""What a detector or a reporter says happened, and what its evidence can carry.

A packet's source address is what its sender wrote there. Only where both ends talked (an
established TCP connection) did the sender hold the address; UDP, ICMP and a lone SYN prove
nothing, so blocking their "source" lets anybody have anybody blocked (RFC 2827). And a mail or
a report that nobody authenticated proves nothing at all. `against_ordering` holds both; no
setting reaches it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from enforcer.core.orders import Direction, Network

MAIL_FORMATS = frozenset({"mail", "arf", "xarf-mail"})
"""What came as a mail, whoever brought it here: anybody can write one."""


class Evidence(StrEnum):
    """What the observation rests on."""

    ESTABLISHED = "tcp-established"
    """Both ends talked: a finished handshake, an answered request, a login attempt over TCP."""
    UDP = "udp"
    ICMP = "icmp"
    SYN = "syn"
    """TCP without a finished handshake: scans, floods."""
    MAIL = "mail"
    UNKNOWN = "unknown"
    """The reporter does not say; taken for what proves nothing."""


class Part(StrEnum):
    """Which part the target had: it did something, or something was done to it."""

    SOURCE = "source"
    VICTIM = "victim"


class Status(StrEnum):
    """Whether it goes on, or is over."""

    FIRING = "firing"
    RESOLVED = "resolved"


SEVERITIES = ("info", "low", "medium", "high", "critical")
"""From harmless to worst; an empty severity is none of them."""

Of = Literal["target", "peer"]


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that somebody says happened.

    `type`: lower-case word of the format (``spam``, ``ddos``, ``port_scan``). `target`: whom it
    is about; None: no address was given. `peer`: the other end. `at`: when, as the reporter says
    (aware). `id`: of this very report, so that one delivered twice counts once. `key`: what
    repeats and resolutions of the same thing share; empty: format, type, target and port.
    `port`: of the service concerned; `protocol`: IANA number. `duration`: what the detector asks
    for. `fields`: whatever else was understood, JSON, bounded. `warnings`: what was not.
    """

    format: str
    type: str
    target: Network | None = None
    at: datetime | None = None
    evidence: Evidence = Evidence.UNKNOWN
    part: Part = Part.SOURCE
    peer: Network | None = None
    id: str = ""
    key: str = ""
    severity: str = ""
    port: int | None = None
    protocol: int | None = None
    status: Status = Status.FIRING
    reporter: str = ""
    duration: timedelta | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def seen_from(self, of: Of) -> Signal:
        """The same about its other end, whose part is the opposite one."""
        if of == "target":
            return self
        part = Part.VICTIM if self.part is Part.SOURCE else Part.SOURCE
        return replace(self, target=self.peer, peer=self.target, part=part)


def against_ordering(
    signal: Signal, *, trusted: bool, ours: bool, direction: Direction, narrow: bool
) -> str | None:
    """Why no order may come of `signal` about its target, as a sentence; None: it may.

    `trusted`: an authenticated detector sent it. `ours`: the target is wholly inside our own or
    our customers' space. `direction`: of the order that is to be made; `narrow`: it touches the
    target's address alone (a block or a blackhole, not a customer or a pair of addresses).
    """
    if not trusted or signal.evidence is Evidence.MAIL or signal.format in MAIL_FORMATS:
        return "anybody could have sent this, so it waits for a person"
    if signal.target is None:
        return "it names no address, so it waits for a person"
    if signal.part is Part.VICTIM:
        if not (ours and narrow and direction is Direction.TO):
            return (
                "its target is the victim: only traffic to it, and only in our own or our"
                " customers' space, may be dropped without a person"
            )
        return None
    if signal.evidence is not Evidence.ESTABLISHED:
        return (
            f"its evidence is {_SAID[signal.evidence]}, where the source address may be forged:"
            " it waits for a person"
        )
    return None


_SAID = {
    Evidence.UDP: "UDP alone",
    Evidence.ICMP: "ICMP alone",
    Evidence.SYN: "TCP without a finished handshake",
    Evidence.UNKNOWN: "not stated",
}
