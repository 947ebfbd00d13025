# SPDX-License-Identifier: GPL-2.0-or-later
"""Which crafted packets cross the lab, on any paths at once, each proved by a control probe."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.isp import CORE1, CUST1, CUST2, EDGE1, MAILSINK, NEWS, RELAY, THIRD, VICTIM
from lab.probes import Passage, Probe, passage, udp

DISCARD = 9

_UPSTREAM = "192.0.2.253"
CONTROLS: dict[str, tuple[str, Probe]] = {
    "cust1": ("edge1", udp(EDGE1.v4, CUST1.v4, DISCARD)),
    "cust2": ("edge1", udp(EDGE1.v4, CUST2.v4, DISCARD)),
    "relay": ("core1", udp(CORE1.v4, RELAY.v4, DISCARD)),
    "news": ("core1", udp(CORE1.v4, NEWS.v4, DISCARD)),
    "victim": ("upstream", udp(_UPSTREAM, VICTIM.v4, DISCARD)),
    "mailsink": ("upstream", udp(_UPSTREAM, MAILSINK.v4, DISCARD)),
    "third": ("upstream", udp(_UPSTREAM, THIRD.v4, DISCARD)),
}
"""Per sink the last router before it and a packet of that router's own, which no forward
rule of an order is about."""


@dataclass(frozen=True)
class Crossing:
    """Packets from one node to another."""

    source: str
    sink: str
    probes: tuple[Probe, ...]

    def fate(self) -> Passage:
        """Which of them arrive. Raises NoVerdict."""
        router, control = CONTROLS[self.sink]
        return passage(self.source, self.sink, self.probes, control=control, control_from=router)


def crossing(source: str, sink: str, *probes: Probe) -> Crossing:
    """Packets from one node to another."""
    return Crossing(source, sink, probes)


def fates(crossings: Sequence[Crossing]) -> list[Passage]:
    """All at once. Raises NoVerdict."""
    with ThreadPoolExecutor(max(len(crossings), 1)) as senders:
        return list(senders.map(Crossing.fate, crossings))


def passed(*crossings: Crossing) -> list[str]:
    """The packets that arrived, in words; empty: all were dropped."""
    return [
        f"{crossed.source} > {crossed.sink}: {label}"
        for crossed, fate in zip(crossings, fates(crossings), strict=True)
        for label in fate.passed
    ]


def stopped(*crossings: Crossing) -> list[str]:
    """The packets that did not arrive, in words; empty: all passed."""
    return [
        f"{crossed.source} > {crossed.sink}: {label}"
        for crossed, fate in zip(crossings, fates(crossings), strict=True)
        for label in fate.dropped
    ]


def misjudged(stops: Sequence[Crossing], spares: Sequence[Crossing]) -> list[str]:
    """The packets of `stops` that arrived, and those of `spares` that did not, in words."""
    found = fates((*stops, *spares))
    through = zip(stops, found[: len(stops)], strict=True)
    spared = zip(spares, found[len(stops) :], strict=True)
    return [
        *(f"{c.source} > {c.sink}: {label} arrived" for c, f in through for label in f.passed),
        *(f"{c.source} > {c.sink}: {label} did not" for c, f in spared for label in f.dropped),
    ]
