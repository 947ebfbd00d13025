# SPDX-License-Identifier: GPL-2.0-or-later
"""Many blackholes from orders to both edges' kernels, beside GoBGP's own stream of the same paths.

In the BGP lab: the speaker is a GoBGP, its routers are a FRR and a BIRD.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from drivers.gobgp.model import NO_EXPORT, Announcement, Large
from drivers.gobgp.options import Options, Tls
from drivers.gobgp.speaker import Speaker
from enforcer.application import Application
from enforcer.application.commands import PlaceOrder
from enforcer.core.orders import Blackhole
from lab.bgp import CERTIFICATE, EDGES, SPEAKER, TOPOLOGY, kernel_routes, killed, wait_for_bgp
from lab.errors import NoVerdict
from lab.inside import current
from lab.shell import wait_until
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, settled
from tests.bench.ground import Say, Size, interleaved
from tests.bench.leaked_routes import PATIENCE, controlled

NAME = "blackholes"
WHERE = TOPOLOGY
ORDERS, STREAM = "orders", "AddPathStream"
FULL, QUICK = 10_000, 500
ROUNDS = 1
"""Each needs a lab of its own: a second installation did not get all routers read there."""
METHOD = """
That many host routes are announced as blackholes by the GoBGP of `lab/isp-bgp.clab.yml`, to its
FRR edge and to its BIRD edge. `orders`: as many orders, one for each, placed by one call of
`place_many` in process and carried out by a controller; a first blackhole stands, so that the
proof that nothing leaves the network, which is good for a day, was given. `AddPathStream`: the
same paths by GoBGP's own gRPC stream from one program, which keeps no record and asks no router
anything. The time is from before the call until the kernels of both edges have all of them. The
split goes on until the orders are enforced: after each batch every witness is asked for each of
its prefixes, whether it was passed on to another network."""
_DAY = timedelta(days=1)
_HOP, _BLACKHOLE = "192.0.2.254", 65535 << 16 | 666
_FIRST = "20.255.255.1"


def hosts(count: int) -> list[str]:
    """So many IPv4 addresses outside of everybody's space in the lab; no two are neighbours."""
    numbers = (2 * n + 1 for n in range(count))
    return [f"20.{n // 65536}.{n // 256 % 256}.{n % 256}" for n in numbers]


class Ways:
    """The ways to have them announced, and back to none."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._wanted = frozenset(f"{address}/32" for address in addresses)
        self._addresses = tuple(addresses)
        self.parts: dict[str, list[float]] = {}

    def orders(self, number: int) -> dict[str, float]:
        """By orders; afterwards the speaker is a new one, which knows of nothing."""
        try:
            with controlled() as app:
                settled(app, _place(app, [_FIRST])[0])
                return {ORDERS: self._timed(app)}
        finally:
            with killed(SPEAKER, "gobgpd"):
                pass
            self._back()

    def _timed(self, app: Application) -> float:
        began = time.monotonic()
        orders = _place(app, self._addresses)
        placed = time.monotonic()
        there = self._there()
        for one in {orders[0], orders[len(orders) // 2], orders[-1]}:
            settled(app, one, PATIENCE)
        done = time.monotonic()
        parts = {
            "place_many: guardrails, commit of the orders": placed - began,
            "until both kernels have them": there - placed,
            "until the last of them is proved": done - there,
        }
        for part, seconds in parts.items():
            self.parts.setdefault(part, []).append(seconds)
        return there - began

    def stream(self, number: int) -> dict[str, float]:
        """By GoBGP's own stream."""
        paths = [_path(address) for address in self._addresses]
        with _speaker() as speaker:
            began = time.monotonic()
            speaker.send([], paths)
            took = self._there() - began
            speaker.send(paths, [])
        self._back()
        return {STREAM: took}

    def _there(self) -> float:
        """The instant at which both edges' kernels have all of them."""
        what = f"both edges have {len(self._wanted)} blackholes"
        wait_until(
            lambda: all(self._wanted <= kernel_routes(edge, 4) for edge in EDGES),
            what,
            timeout=PATIENCE.total_seconds(),
            every=0.02,
        )
        return time.monotonic()

    def _back(self) -> None:
        wait_until(
            lambda: not any(self._wanted & kernel_routes(edge, 4) for edge in EDGES),
            "both edges have no blackhole any more",
            timeout=PATIENCE.total_seconds(),
        )


def _place(app: Application, addresses: Sequence[str]) -> list[str]:
    """The orders' ids. Raises NoVerdict: one was refused."""
    placed = app.place_many(
        ME,
        [
            PlaceOrder(
                demand=Blackhole(ip_network(address)),
                reason="a benchmark",
                duration=_DAY,
                confirm_foreign=True,
            )
            for address in addresses
        ],
    )
    refused = [one.message for one in placed if one.order is None]
    if refused:
        raise NoVerdict(f"{len(refused)} orders were refused, the first one because: {refused[0]}")
    return [one.order.id for one in placed if one.order is not None]


def _path(address: str) -> Announcement:
    """As the driver would announce it, but for the mark: a large community that is not its."""
    communities = frozenset({_BLACKHOLE, NO_EXPORT})
    return Announcement(ip_network(address), _HOP, communities, frozenset({Large(64500, 1, 1)}))


@contextmanager
def _speaker() -> Iterator[Speaker]:
    """A connection to the lab's speaker, without a controller."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bench-speaker-") as folder:
        certificate = Path(folder) / CERTIFICATE
        shutil.copy(current().path(SPEAKER, "/etc/gobgp/cert.pem"), certificate)
        tls = Tls(str(certificate), name=SPEAKER)
        options = Options(f"{_address()}:50051", tls, seconds=PATIENCE.total_seconds())
        with Speaker.opened(SPEAKER, options) as speaker:
            yield speaker


def _address() -> str:
    for line in current().path(SPEAKER, "/etc/hosts").read_text(encoding="utf-8").splitlines():
        words = line.split()
        if SPEAKER in words[1:]:
            return words[0]
    raise NoVerdict(f"{SPEAKER} does not know its own address")


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the BGP lab."""
    chapter = Chapter(NAME, "Blackholes, from orders to both edges", METHOD)
    compare(chapter, QUICK if size.entries < 100_000 else FULL, ROUNDS, say)
    return chapter


def compare(chapter: Chapter, count: int, rounds: int, say: Say) -> None:
    """Add the comparison of so many."""
    situation = f"{count:,} blackholes"
    say(f"{situation}, {rounds} rounds")
    wait_for_bgp()
    ways = Ways(hosts(count))
    times: Mapping[str, list[float]] = interleaved(
        rounds, [ways.orders, ways.stream], chapter.remarks
    )
    chapter.compare(situation, times, ORDERS, STREAM, headline=True)
    chapter.split(situation, ways.parts)
