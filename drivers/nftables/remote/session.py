# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one remote router: list, write one transaction, list again."""

from __future__ import annotations

from collections.abc import Mapping

from drivers._router.known import KnownRules
from drivers.nftables.remote.looks import Looks
from drivers.nftables.remote.model import Listing
from drivers.nftables.remote.planning import Work
from drivers.nftables.remote.reading import actual, counted, part
from drivers.nftables.remote.shell import Shell
from drivers.nftables.session import Done
from enforcer.clock import Clock
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Rule
from enforcer.driver_api import Counted, Fingerprint
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    StaleState,
)


class RemoteSession:
    """One open conversation; used by one thread."""

    def __init__(
        self, device: str, shell: Shell, known: KnownRules, looks: Looks, clock: Clock
    ) -> None:
        self._device = device
        self._shell = shell
        self._looks = looks
        self._known = known
        self._clock = clock
        self._token: str | None = None

    def close(self) -> None:
        """Nothing is held beside the connection, which is not ours."""

    def transcript(self) -> str:
        """What was run and answered since this was last asked."""
        return self._shell.said()

    def fingerprint(self) -> Fingerprint:
        """A digest of the listing: nft shows no generation to programs."""
        return Fingerprint(self._looks.at(self._shell).digest)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        at = self._clock.now()
        found = self._looks.at(self._shell)
        self._token = found.digest
        return part(actual(self._device, found, self._known, at), region)

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """What the members in `wanted` have dropped."""
        return counted(self._looks.at(self._shell), self._known, wanted)

    def stage(self, batch: Batch, guarded: bool = True) -> Done:
        """Commit one batch as one transaction."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._device} was not made for remote nftables")
        with self._looks.writing() as wrote:
            now = self._looks.at(self._shell)
            if now.hold and not guarded:
                raise StaleState(self._device, "somebody put a marker there; read it again")
            if guarded and now.digest != self._token:
                raise StaleState(self._device, "somebody changed the table since it was read")
            self._token = None
            self._shell.nft("-j", "-f", "-", stdin=work.text)
            self._token = wrote(self._look_back().digest)
        return Done(self._token)

    def _look_back(self) -> Listing:
        """The table right after a transaction of ours.

        It was committed, so that no refusal of the look may be taken for one of the write.
        """
        try:
            return self._looks.at(self._shell)
        except (AuthenticationFailed, CommandRejected, DeviceBusy) as error:
            raise DeviceError(
                self._device, f"it was written and cannot be read back: {error.message}"
            ) from error
