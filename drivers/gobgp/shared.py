# SPDX-License-Identifier: GPL-2.0-or-later
"""What the conversations with one speaker, and the watch over it, share in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from drivers.gobgp.model import Peering

Way = tuple[int, tuple[str, ...]]
"""A family, and the upstreams that announcements are exported to."""
Talks = frozenset[tuple[str, str]]
"""Sessions with other networks that are up: a router's name and the neighbor's address."""


@dataclass(frozen=True, slots=True)
class Proof:
    """That a canary stayed where it belongs. `at`: monotonic seconds; `talks`: who was up."""

    at: float
    talks: Talks


class Proofs:
    """Which ways are proved, and what was true of speaker and routers then."""

    def __init__(self) -> None:
        self.talks: Talks = frozenset()
        """As last told by the witnesses."""
        self._proofs: dict[Way, Proof] = {}
        self._peers: frozenset[str] = frozenset()
        self._watched: frozenset[str] = frozenset()

    def unwatched(self, peerings: Iterable[Peering], own: frozenset[str]) -> tuple[Peering, ...]:
        """Neighbors of the speaker that are no addresses of routers that tell of themselves.

        `own`: those addresses. Who was one of them remains it: a session that is down tells none.
        """
        peerings = tuple(peerings)
        self._watched = frozenset(p.address for p in peerings) & (own | self._watched)
        return tuple(p for p in peerings if p.external or p.address not in self._watched)

    def holds(self, way: Way, now: float, longest: float) -> bool:
        """Whether the guarantee holds for announcements that go this way."""
        proof = self._proofs.get(way)
        return proof is not None and now - proof.at < longest and self.talks <= proof.talks

    def add(self, way: Way, proof: Proof) -> None:
        """It does."""
        self._proofs[way] = proof

    def forget(self) -> None:
        """Nothing is proved any more."""
        self._proofs.clear()

    def looked(self, marked: bool, peerings: Iterable[Peering]) -> None:
        """Take in a reading: a speaker that began anew, or talks to others, must be proved anew."""
        peers = frozenset(p.address for p in peerings)
        if not marked or peers != self._peers:
            self.forget()
        self._peers = peers


@dataclass
class Shared:
    """`writing` is held for the time of a batch: what the watch sees then is whole."""

    proofs: Proofs = field(default_factory=Proofs)
    writing: threading.RLock = field(default_factory=threading.RLock)
    own: str = ""
    """The token that our last batch left."""
    wrote_at: float | None = None
    turn: int = 0
