# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one remote router: list, write one transaction, list again."""

from __future__ import annotations

from collections.abc import Mapping

from drivers._router.known import KnownRules
from drivers.nftables.names import TABLE
from drivers.nftables.remote.model import Listing
from drivers.nftables.remote.parse import Unreadable, exists, held, listing
from drivers.nftables.remote.planning import Work
from drivers.nftables.remote.reading import actual, counted, part
from drivers.nftables.remote.shell import Shell
from drivers.nftables.session import Done
from enforcer.clock import Clock
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Rule
from enforcer.driver_api import Counted, Fingerprint
from enforcer.errors import CommandRejected, ParseFailed, StaleState

_ATTEMPTS = 3
"""Between the question for tables and the listing of ours somebody may take it away."""


class RemoteSession:
    """One open conversation; used by one thread."""

    def __init__(self, device: str, shell: Shell, known: KnownRules, clock: Clock) -> None:
        self._device = device
        self._shell = shell
        self._known = known
        self._clock = clock
        self._token: str | None = None

    def close(self) -> None:
        """Nothing is held beside the connection, which is not ours."""

    def fingerprint(self) -> Fingerprint:
        """A digest of the listing: nft shows no generation to programs."""
        return Fingerprint(self._list().digest)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        at = self._clock.now()
        found = self._list()
        self._token = found.digest
        return part(actual(self._device, found, self._known, at), region)

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """What the members in `wanted` have dropped."""
        return counted(self._list(), self._known, wanted)

    def stage(self, batch: Batch, guarded: bool = True) -> Done:
        """Commit one batch as one transaction."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._device} was not made for remote nftables")
        now = self._list()
        if now.hold and not guarded:
            raise StaleState(self._device, "somebody put a marker there; read it again")
        if guarded and now.digest != self._token:
            raise StaleState(self._device, "somebody changed the table since it was read")
        self._token = None
        self._shell.nft("-j", "-f", "-", stdin=work.text)
        self._token = self._list().digest
        return Done(self._token)

    def _list(self) -> Listing:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._listed()
            except CommandRejected:
                continue
        return self._listed()

    def _listed(self) -> Listing:
        tables = self._shell.nft("-j", "-nn", "list", "tables")
        try:
            there, marker = exists(tables), held(tables)
            text = None
            if there:
                text = self._shell.nft("-j", "-nn", "list", "table", "inet", TABLE)
            return listing(text, marker)
        except Unreadable as error:
            raise ParseFailed(self._device, f"what nft lists is not understood: {error}") from None
