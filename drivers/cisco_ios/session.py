# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one router: read, write one batch, prove it, confirm it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers._router.region import part
from drivers._ssh.terminal import Terminal
from drivers.cisco_ios.answers import clock_ahead, has_archive, pending_trial
from drivers.cisco_ios.counting import counted
from drivers.cisco_ios.means import Means
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.parse import needs_numbers, parse
from drivers.cisco_ios.planning import Payload
from drivers.cisco_ios.reading import reading
from drivers.cisco_ios.saving import save
from drivers.cisco_ios.writing import Writing
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Rule
from enforcer.driver_api import Applied, Counted, Fingerprint
from enforcer.errors import CommandRejected, DeviceBusy, StaleState

READ_TIMEOUT = 300.0
"""Seconds for a whole configuration: big ones take their time to be generated."""


class IosSession:
    """One open conversation; used by one thread."""

    def __init__(self, terminal: Terminal, means: Means) -> None:
        self.terminal = terminal
        self.means = means
        self.device = means.setup.layout.device
        self.text = ""
        self._token: str | None = None

    def close(self) -> None:
        """End the conversation."""
        self.terminal.close()

    def transcript(self) -> str:
        """What was said since this was last asked, secrets masked."""
        return self.terminal.transcript.take()

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """A digest of all that concerns us: there is no cheaper proof on this platform."""
        return Fingerprint(self.token(self.look()))

    def token(self, box: Box) -> str:
        """The fingerprint token of a box as read."""
        return box.token(frozenset(self.means.setup.layout.edges))

    def look(self) -> Box:
        """The box as it is now."""
        text = self.terminal.ask("show running-config", timeout=READ_TIMEOUT)
        numbers = numbers6 = ""
        if needs_numbers(text):
            numbers = self.terminal.ask("show ip access-lists", timeout=READ_TIMEOUT)
            numbers6 = self.terminal.ask("show ipv6 access-list", timeout=READ_TIMEOUT)
        self.text = text
        return parse(self.device, text, numbers, numbers6)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`.

        Raises DeviceBusy while a trial is pending: what stands then may be gone a minute later.
        """
        self._no_trial()
        self._save(ours=False)
        box = self.look()
        token = self.token(box)
        actual = reading(
            self.means.setup,
            box,
            self.means.clock.now(),
            archive=self._archive(),
            clock=self._clock_ahead(box),
            token=token,
        )
        self._token = token
        if region.delta is None:
            return actual
        return replace(part(actual, region), hold=False)

    def _no_trial(self) -> None:
        if self.means.shared.pending(self.means.clock.now()) is not None:
            return  # our own, by this process: whoever armed it settles it
        said = self.terminal.ask("show archive config rollback timer", refuse=False)
        pending = pending_trial(self.device, said)
        if pending:
            raise DeviceBusy(
                self.device,
                f"a revert timer is pending ({pending}): what stands there may go back by itself;"
                " nothing is written until it was confirmed or has run out, then it is read again",
            )

    def _archive(self) -> bool:
        there = has_archive(self.device, self.terminal.ask("show archive", refuse=False))
        self.means.shared.saw_archive(there)
        return there

    def _clock_ahead(self, box: Box) -> float | None:
        if not self.means.options.time_range or box.utc is None:
            return None
        text = self.terminal.ask("show clock")
        return clock_ahead(self.device, text, box.utc, self.means.clock.now())

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """Matches of the entries of each rule, all lists together."""
        box = self.look()
        text = self.terminal.ask("show ip access-lists", timeout=READ_TIMEOUT)
        text6 = self.terminal.ask("show ipv6 access-list", timeout=READ_TIMEOUT)
        return counted(box, wanted, text, text6)

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """Write one batch, and see that what it is for is true afterwards."""
        payload = batch.payload
        if not isinstance(payload, Payload):
            raise ValueError(f"a batch for {self.device} was not made by the cisco_ios driver")
        self._no_trial()
        before = self.look()
        if guarded and self.token(before) != self._token:
            raise StaleState(self.device, "changed since it was last read; nothing was written")
        if not guarded and before.hold:
            raise StaleState(self.device, "somebody put a marker there; read it again")
        self._token = None
        writing = Writing(self, payload, batch.structural, before)
        after = writing.run()
        self._token = self.token(after)
        return Staged(self, writing, self._token)

    def kept(self, last: bool) -> None:
        """A batch stays: save it, where the policy says so."""
        self.means.shared.changed()
        if last:
            self._save(ours=True)

    def _save(self, ours: bool) -> None:
        shared, now = self.means.shared, self.means.clock.now()
        if shared.to_save(self.means.options.save, now, ours):
            save(self.terminal, self.device)
            shared.saved(now.date())

    def archive_now(self) -> bool:
        """Whether the box can roll back by itself; asked anew."""
        return self._archive()


@dataclass(frozen=True)
class Staged:
    """A batch that stands, and that the box takes back by itself where it was timed."""

    session: IosSession
    writing: Writing
    token: str

    def confirm(self) -> Applied:
        """Prove that the box is reachable and its adjacencies are up, then make it stay."""
        self.writing.confirm()
        self.session.kept(self.writing.payload.last)
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """Take it back."""
        try:
            self.writing.take_back()
        except CommandRejected:
            return Applied.UNKNOWN
        return Applied.ABANDONED if self.writing.timed else Applied.UNKNOWN
