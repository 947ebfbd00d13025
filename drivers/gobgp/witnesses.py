# SPDX-License-Identifier: GPL-2.0-or-later
"""What our routers say of our announcements: who has them, and whom they were passed on to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from drivers._witness.model import Community, Questions, Session
from drivers._witness.opening import opened
from drivers.gobgp.model import Announcement, Outside
from enforcer.core.orders import Network
from enforcer.core.topology import Witness
from enforcer.driver_api import CredentialSource
from enforcer.errors import DeviceError

MOST = 256
"""So many announcements are asked for at once, of many more another part each time."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one router said. `failure`: why it said nothing; `held`: prefixes that it has.

    `discarded`: those of them whose packets it discards. `external`: its sessions with other
    networks that are up. `told`: pairs of a prefix and the address of one of them. `own`: its own
    addresses in sessions within the network.
    """

    witness: Witness
    failure: str = ""
    held: frozenset[Network] = frozenset()
    external: tuple[Session, ...] = ()
    told: frozenset[tuple[Network, str]] = frozenset()
    discarded: frozenset[Network] = frozenset()
    own: frozenset[str] = frozenset()

    def outside(self, allowed: Callable[[Network], Iterable[str]]) -> tuple[Outside, ...]:
        """What went to whom that must not have it; `allowed`: names of upstreams, by prefix."""
        names = {str(n.address): n.name for n in self.witness.neighbors}
        return tuple(
            Outside(self.witness.device, self._called(address, names), prefix)
            for prefix, address in sorted(self.told, key=str)
            if names.get(address, "") not in set(allowed(prefix)) - {""}
        )

    def _called(self, address: str, names: Mapping[str, str]) -> str:
        asn = next((s.asn for s in self.external if s.address == address), 0)
        return f"{names.get(address, '') or 'neighbor'} {address} (AS {asn})"


class Witnesses:
    """All witnesses of one speaker, each over one connection that is made when it is needed."""

    def __init__(
        self, witnesses: tuple[Witness, ...], community: Community, credentials: CredentialSource
    ) -> None:
        self._witnesses = witnesses
        self._community = community
        self._credentials = credentials
        self._open: dict[str, Questions] = {}
        self._stack = ExitStack()

    def close(self) -> None:
        """End all conversations; never raises."""
        self._open.clear()
        self._stack.close()

    def ask(self, about: Iterable[Network], discards: bool = True) -> tuple[Testimony, ...]:
        """What each says about these prefixes; who cannot be asked says why.

        `discards`: whether it discards packets to them is asked too.
        """
        prefixes = tuple(about)
        return tuple(self._testimony(witness, prefixes, discards) for witness in self._witnesses)

    def _testimony(
        self, witness: Witness, prefixes: tuple[Network, ...], discards: bool
    ) -> Testimony:
        try:
            questions = self._questions(witness)
            sessions = questions.sessions()
            external = tuple(s for s in sessions if s.external and s.up)
            own = frozenset(s.local for s in sessions if s.local and not s.external)
            if not prefixes:
                return Testimony(witness, external=external, own=own)
            held = questions.held(self._community)
            # Of all: whoever takes our communities away tells others all the same.
            told = questions.advertised(prefixes, external)
            doubted = tuple(p for p in prefixes if p in held) if discards else ()
            discarded = questions.discarded(doubted)
            return Testimony(witness, "", held, external, told, discarded, own)
        except DeviceError as error:
            self.close()
            return Testimony(witness, error.message)

    def _questions(self, witness: Witness) -> Questions:
        found = self._open.get(witness.device)
        if found is None:
            found = self._stack.enter_context(opened(witness, self._credentials))
            self._open[witness.device] = found
        return found


def part(ours: Mapping[Network, Announcement], turn: int) -> tuple[Network, ...]:
    """The announcements that are asked for at this turn; after some turns it was each."""
    every = sorted(ours, key=lambda n: (n.version, n))
    if len(every) <= MOST:
        return tuple(every)
    parts = -(-len(every) // MOST)
    at = turn % parts * MOST
    return tuple(every[at : at + MOST])
