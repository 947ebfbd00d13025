# SPDX-License-Identifier: GPL-2.0-or-later
"""What the customer leaks in these tests, and the orders against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from enforcer.core.orders import DropRoutes, Network, Selection, Sessions
from lab.bgp import (
    Edge,
    Leak,
    announce,
    await_kernel,
    await_upstream,
    events,
    kernel_routes,
    log_mark,
    upstream_routes,
)

LEAK4: tuple[Leak, ...] = (
    ("1.1.1.0/24", (2914, 13335)),
    ("8.8.8.0/24", (15169,)),
    ("8.8.4.0/24", (15169,)),
    ("9.9.9.0/24", (42, 19281)),
    ("45.11.0.0/16", (2914, 64600)),
    ("45.11.7.0/25", ()),
)
LEAK6: tuple[Leak, ...] = (
    ("2001:4860::/32", (15169,)),
    ("2606:4700::/32", (2914, 13335)),
    ("2620:fe::/48", (42, 19281)),
)
PROVIDER, GOOGLE = 2914, 15169
GENERATED = 3000


@dataclass(frozen=True)
class Upstream:
    """What the upstream has of one edge and family beside the customer's own prefix."""

    edge: Edge
    family: int
    mark: int

    @property
    def own(self) -> str:
        """The prefix that is the customer's, and must not move."""
        return self.edge.own[0 if self.family == 4 else 1]

    def exactly(self, leaks: Iterable[Leak]) -> None:
        """Wait until it has these and no other, and the kernel of the edge too.

        The customer's own prefix is there. Raises LabCommandFailed.
        """
        wanted = {prefix for prefix, _ in leaks}
        await_upstream(self.edge, self.family, {self.own, *wanted})
        unwanted = {p for p in self._all if p not in wanted}
        await_kernel(self.edge, self.family, unwanted)
        assert wanted <= kernel_routes(self.edge, self.family)

    @property
    def _all(self) -> set[str]:
        return {prefix for prefix, _ in (LEAK4 if self.family == 4 else LEAK6)}

    def never_moved(self) -> bool:
        """Whether the upstream heard nothing at all about the customer's own prefix."""
        return events(self.edge, self.own, self.mark) == []

    def has(self, prefix: str) -> bool:
        """Whether it has a prefix now."""
        return prefix in upstream_routes(self.edge, self.family)


@contextmanager
def leaking(edge: Edge, leaks: Iterable[Leak], family: int = 4) -> Iterator[Upstream]:
    """The customer leaks to one edge and the upstream has it; afterwards it is gone again."""
    told = list(leaks)
    announce(edge, told)
    try:
        own = edge.own[0 if family == 4 else 1]
        await_upstream(edge, family, {own, *(p for p, _ in told if (":" in p) == (family == 6))})
        yield Upstream(edge, family, log_mark())
    finally:
        announce(edge, [])
    await_upstream(edge, family, {own})


def with_neighbor(edge: Edge, family: int = 4) -> Sessions:
    """The session of the customer with an edge."""
    return Sessions(neighbors=(ip_address(edge.neighbors[0 if family == 4 else 1]),))


def drop(edge: Edge, *prefixes: str, family: int = 4, or_longer: bool = False) -> DropRoutes:
    """An order against these prefixes from the customer."""
    return DropRoutes(with_neighbor(edge, family), nets(prefixes), or_longer=or_longer)


def but_registered(edge: Edge, family: int = 4, *spared: str) -> DropRoutes:
    """An order against everything that is not the customer's."""
    kept = Selection(prefixes=nets(spared))
    return DropRoutes(with_neighbor(edge, family), choice="unregistered", exceptions=kept)


def nets(prefixes: Iterable[str]) -> tuple[Network, ...]:
    """Prefixes as orders have them."""
    return tuple(ip_network(prefix) for prefix in prefixes)


def names(leaks: Iterable[Leak]) -> list[str]:
    """Only the prefixes."""
    return [prefix for prefix, _ in leaks]


def real_leak(routes: Path | None) -> list[Leak]:
    """Every prefix of a real table with its path; without one, made-up prefixes."""
    if routes is None:
        return [(f"{20 + n // 256}.{n % 256}.0.0/16", (64601,)) for n in range(GENERATED)]
    found: dict[str, tuple[int, ...]] = {}
    for line in routes.read_text(encoding="ascii").splitlines():
        prefix, path = line.split("\t")
        found.setdefault(prefix, tuple(int(word) for word in path.split() if word.isdigit()))
    return list(found.items())
