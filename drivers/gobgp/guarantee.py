# SPDX-License-Identifier: GPL-2.0-or-later
"""The hard guarantee: no blackhole leaves for another network, but to whom an order names.

Before announcements go a way for the first time (one family, one set of upstreams), a canary goes
it: an address that is nobody's, announced as they will be. Every witness must have it and discard
what goes there, and no neighbor in another network but the named ones may be sent it; then it is
withdrawn. An export policy may still treat one prefix otherwise: each is looked at as soon as it
was announced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_network

from drivers.gobgp.model import Announcement, Outside, Peering
from drivers.gobgp.options import Options
from drivers.gobgp.render import Shape
from drivers.gobgp.shared import Proof, Proofs, Talks, Way
from drivers.gobgp.speaker import Speaker
from drivers.gobgp.witnesses import Testimony, Witnesses
from enforcer.clock import Clock
from enforcer.core.orders import Network
from enforcer.core.topology import Blackholing
from enforcer.errors import CommandRejected

SETTLED = 0.5
"""Seconds after which a router has told its neighbors what it will."""
_POLL = 0.1


@dataclass(frozen=True)
class Guarantee:
    """Proves one way after the other, over one conversation with the speaker."""

    device: str
    shape: Shape
    blackholing: Blackholing
    options: Options
    speaker: Speaker
    witnesses: Witnesses
    proofs: Proofs
    clock: Clock

    def require(self, ways: Iterable[Way], peerings: tuple[Peering, ...]) -> None:
        """Raises CommandRejected, with nothing announced, where one of `ways` is not proved."""
        self._internal(peerings)
        self._watched(peerings)
        longest = self.options.canary_hours * 3600
        left = [
            way
            for way in sorted(set(ways))
            if not self.proofs.holds(way, self.clock.monotonic(), longest)
        ]
        for way in left:
            self._prove(way)

    def _internal(self, peerings: tuple[Peering, ...]) -> None:
        """GoBGP itself sends what carries NO_EXPORT to other networks too."""
        external = [f"{p.address} (AS {p.asn})" for p in peerings if p.external]
        if external:
            raise self._refused(
                f"the speaker itself has a session with another network, {', '.join(external)}:"
                " take it out of gobgpd's configuration"
            )

    def _watched(self, peerings: tuple[Peering, ...]) -> None:
        """Whoever the speaker sends blackholes to is asked what becomes of them."""
        heard = self._ask([])
        self.proofs.talks = talks(heard)
        unknown = self.proofs.unwatched(peerings, own(heard, self.blackholing))
        if unknown:
            raise self._refused(
                f"the speaker's neighbor {unknown[0].address} is no address of a witness whose"
                " session is up: name that router under rtbh.witnesses, or its address under"
                " rtbh.trusted where neither it nor who learns from it talks to other networks"
            )

    def seen_outside(
        self, come: Iterable[Announcement], allowed: Callable[[Network], Iterable[str]]
    ) -> tuple[Outside, ...]:
        """Who has been sent what must not have it, when the witnesses have all of `come`.

        Empty also where one of them does not take it or tell, which a reading finds.
        """
        prefixes = tuple(a.prefix for a in come)
        heard = self._until(
            lambda: self.witnesses.ask(prefixes, discards=False),
            lambda some: (
                any(t.failure or t.outside(allowed) for t in some)
                or all(t.held.issuperset(prefixes) for t in some)
            ),
        )
        return tuple(o for t in heard for o in t.outside(allowed))

    def _prove(self, way: Way) -> None:
        family, exports = way
        address = self.blackholing.canaries.get(str(family), "")
        if not address:
            raise self._refused(f"there is no IPv{family} canary: state it under rtbh.canaries")
        canary = self.shape.canary(ip_network(address), exports)
        self.speaker.send([], [canary])
        try:
            heard = self._arrived(canary)
            heard = self._settled(canary, exports, heard)
        finally:
            self.speaker.send([canary], [])
        self._gone(canary)
        self.proofs.add(way, Proof(self.clock.monotonic(), talks(heard)))

    def _ask(self, prefixes: Iterable[Network]) -> tuple[Testimony, ...]:
        heard = self.witnesses.ask(prefixes)
        silent = [f"{t.witness.device}: {t.failure}" for t in heard if t.failure]
        if silent:
            raise self._refused(f"a router cannot be asked: {'; '.join(silent)}")
        return heard

    def _arrived(self, canary: Announcement) -> tuple[Testimony, ...]:
        heard = self._until(
            lambda: self._ask([canary.prefix]),
            lambda h: not _without(h, canary) and not _forwarding(h, canary),
        )
        missing = _without(heard, canary)
        if missing:
            raise self._refused(
                f"{', '.join(missing)} did not take the canary {canary.prefix} within"
                f" {self.options.patience:g} s: check the session with the speaker there,"
                " and that its import policy accepts blackholes and keeps their communities"
            )
        forwarding = _forwarding(heard, canary)
        if forwarding:
            raise self._refused(
                f"{', '.join(forwarding)} took the canary {canary.prefix} and does not discard"
                f" packets to it: make the route to {canary.next_hop} there a blackhole route, and"
                " let the import policy keep or set that next hop"
            )
        return heard

    def _settled(
        self, canary: Announcement, exports: tuple[str, ...], heard: tuple[Testimony, ...]
    ) -> tuple[Testimony, ...]:
        self._only(heard, exports)
        self.clock.sleep(SETTLED)
        heard = self._until(
            lambda: self._ask([canary.prefix]), lambda h: not _unreached(h, exports)
        )
        self._only(heard, exports)
        unreached = _unreached(heard, exports)
        if unreached:
            raise self._refused(
                f"the canary did not reach {', '.join(unreached)}, whom an order names: check the"
                " neighbor's name in the inventory, and the export policy there"
            )
        return heard

    def _only(self, heard: Iterable[Testimony], exports: tuple[str, ...]) -> None:
        found = [o for t in heard for o in t.outside(lambda _: exports)]
        if found:
            said = ", ".join(f"{o.witness} to {o.neighbor}" for o in found)
            raise self._refused(
                f"the canary {found[0].prefix} was advertised by {said}: let the export policy"
                " there deny what carries the blackhole community, but to upstreams that are asked"
                " for by their own community"
            )

    def _gone(self, canary: Announcement) -> None:
        """Wait until nobody has it: the next canary may be the same address."""
        self._until(
            lambda: self._ask([canary.prefix]),
            lambda h: all(canary.prefix not in t.held for t in h),
        )

    def _until(
        self,
        ask: Callable[[], tuple[Testimony, ...]],
        enough: Callable[[tuple[Testimony, ...]], bool],
    ) -> tuple[Testimony, ...]:
        end = self.clock.monotonic() + self.options.patience
        while True:
            heard = ask()
            if enough(heard) or self.clock.monotonic() >= end:
                return heard
            self.clock.sleep(_POLL)

    def _refused(self, why: str) -> CommandRejected:
        return CommandRejected(
            self.device,
            f"no blackhole is announced, for it is not proved that none leaves the network: {why}",
        )


def talks(heard: Iterable[Testimony]) -> Talks:
    """The sessions with other networks that are up."""
    return frozenset((t.witness.device, s.address) for t in heard for s in t.external)


def own(heard: Iterable[Testimony], blackholing: Blackholing) -> frozenset[str]:
    """Addresses of routers that the speaker may talk to."""
    return frozenset(blackholing.trusted).union(*(t.own for t in heard))


def _forwarding(heard: Iterable[Testimony], canary: Announcement) -> list[str]:
    return [t.witness.device for t in heard if canary.prefix not in t.discarded]


def _without(heard: Iterable[Testimony], canary: Announcement) -> list[str]:
    return [t.witness.device for t in heard if canary.prefix not in t.held]


def _unreached(heard: Iterable[Testimony], exports: Iterable[str]) -> list[str]:
    """Named upstreams with a session that is up, or none at all, who were not sent it."""
    heard = tuple(heard)
    missing = []
    for name in exports:
        named = {
            (t.witness.device, str(n.address))
            for t in heard
            for n in t.witness.neighbors
            if n.name == name
        }
        told = {(t.witness.device, address) for t in heard for _, address in t.told}
        if not named or (named & talks(heard) and not named & told):
            missing.append(name)
    return missing
