# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one router: read, commit one batch, prove it, confirm it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from drivers._router.known import KnownRules
from drivers._router.region import part
from drivers.juniper_junos.answers import Commits, counters
from drivers.juniper_junos.batches import Work
from drivers.juniper_junos.console import Console
from drivers.juniper_junos.finding import owner
from drivers.juniper_junos.holdings import ReadMembers, interfaces_down
from drivers.juniper_junos.layout import Known
from drivers.juniper_junos.model import Box
from drivers.juniper_junos.proof import flaw
from drivers.juniper_junos.reading import POLICY, ROUTING, read_box, sections
from drivers.juniper_junos.setup import PROOF_SECONDS, Setup
from drivers.juniper_junos.way import Way
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Rule
from enforcer.driver_api import Applied, Counted, Fingerprint
from enforcer.errors import (
    DeviceBusy,
    DeviceError,
    EnforcerError,
    StaleState,
)

_COUNTED = re.compile(r"^ENF-([0-9a-f]{12})-T\d+(?:-.*)?$")


@dataclass(frozen=True, slots=True)
class Done:
    """A commit that stands for good."""

    token: str

    def confirm(self) -> Applied:
        """It stays already."""
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """It cannot be taken back alone; the next plan does."""
        return Applied.UNKNOWN


class Armed:
    """A commit that the box rolls back by itself unless it is confirmed in time."""

    def __init__(
        self, session: JunosSession, work: Work, up: Mapping[str, int], log: Commits, due: float
    ) -> None:
        """`log`: the commit log since it waits; `due`: when it ends, on our monotonic clock."""
        self._session = session
        self._over: Applied | None = None
        self.work = work
        self.up = up
        self.log = log
        self.token = log.digest
        self.due = due

    def confirm(self) -> Applied:
        """Prove it, and make it stay; taken back and DeviceError where it cannot be proved."""
        if self._over is None:
            self._over = Applied.UNKNOWN
            self._session.confirm(self)
            self._over = Applied.APPLIED
        return self._over

    def abandon(self) -> Applied:
        """Take it back now; UNKNOWN: the timer does."""
        if self._over is None:
            self._over = self._session.abandon(self)
        return self._over


class JunosSession:
    """One open conversation; used by one thread."""

    def __init__(self, setup: Setup, way: Way, known: KnownRules) -> None:
        self._setup = setup
        self._way = way
        self._known = known
        self._device = setup.device
        self._token: str | None = None
        self._box: Box | None = None
        self._armed: Armed | None = None
        self._console = Console(setup.device, way.open())

    def close(self) -> None:
        """End the conversation; a change that was not confirmed is taken back."""
        with suppress(EnforcerError):
            if self._armed is not None and self._console.alive():
                self._armed.abandon()
            if self._console.editing and self._console.alive():
                self._console.unlock()
        self._console.close()

    def transcript(self) -> str:
        """What was said since this was last asked, secrets masked."""
        return self._console.said()

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """The commit log, every entry of it: times in it have no more than seconds."""
        with self._told():
            return Fingerprint(self._console.commits().digest)

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        with self._told():
            small = region.delta is not None and not region.delta.interfaces
            if small and self._box is not None:
                box, log = self._read_members(self._box)
            else:
                box, log = read_box(self._console, self._setup, sections(self._setup))
                self._token = log.digest if region.delta is None else self._token
            if self._armed is None:
                # Also one of our own, of a session that died: what is there may not stay.
                self._refuse_pending(log)
            self._box = box
        actual = part(self._actual(box, log.digest), region)
        return replace(actual, hold=False) if actual.region else actual

    def _read_members(self, before: Box) -> tuple[Box, Commits]:
        sections = (POLICY, ROUTING) if self._setup.rtbh else (POLICY,)
        found, log = read_box(self._console, self._setup, sections)
        box = replace(before, lists=found.lists, inert=found.inert, hold=found.hold)
        return (replace(box, routes=found.routes) if self._setup.rtbh else box), log

    def _refuse_pending(self, log: Commits) -> None:
        if log.pending:
            raise DeviceBusy(
                self._device,
                f"a commit by {log.pending} waits for its confirmation: what is there is not"
                " proved to stay, and another commit would confirm it; confirm it, or wait until"
                " it is rolled back",
            )

    def _actual(self, box: Box, token: str) -> Actual:
        return Actual(
            self._device,
            self._way.clock.now(),
            owner(box, self._setup.owner.controller),
            ReadMembers(self._setup, box, self._known),
            interfaces_down(self._setup, box),
            Known(box),
            token=token,
            hold=box.hold,
        )

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """What the terms of these rules have dropped, for all of their members together."""
        with self._told():
            said = counters(self._device, self._console.show("show firewall"))
        sums: dict[str, tuple[int, int]] = {}
        for name, (octets, packets) in said.items():
            named = _COUNTED.match(name)
            if named is not None:
                before = sums.get(named[1], (0, 0))
                sums[named[1]] = before[0] + octets, before[1] + packets
        return {
            rule: Counted(packets=sums[rule.digest][1], octets=sums[rule.digest][0], shared=True)
            for rule in wanted
            if rule.digest in sums
        }

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Done | Armed:
        """One commit; a structural one waits for its confirmation."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._device} was not made by the Junos driver")
        with self._told():
            if self._armed is not None:
                # A commit confirms what waits: so that is proved first.
                self._armed.confirm()
            up = self._console.adjacencies() if work.structural else {}
            self._console.lock()
            with self._unlocked_on_refusal():
                before = self._may_write(guarded)
                changed = bool(work.lines) and self._console.load(work.lines).strip()
                if not changed:
                    self._console.unlock()
                    return Done(before)
                return self._commit(work, before, up)

    def _may_write(self, guarded: bool) -> str:
        """Asked under the lock, so that nobody can commit any more after the answer."""
        log = self._console.commits()
        self._refuse_pending(log)
        if guarded and log.digest != self._token:
            raise StaleState(self._device, "somebody committed since it was read; read it again")
        if not guarded:
            box, _ = read_box(self._console, self._setup, (POLICY,))
            if box.hold:
                raise StaleState(self._device, "somebody put a marker there; read it again")
        return log.digest

    def _commit(self, work: Work, before: str, up: Mapping[str, int]) -> Done | Armed:
        console = self._console
        minutes = self._setup.confirm if work.structural else 0
        if work.structural:
            console.check()
        self._token = None
        log = console.commit(work.comment, before, minutes)
        self._token = log.digest
        if not work.structural:
            console.unlock()
            return Done(log.digest)
        due = self._way.clock.monotonic() + 60 * minutes
        self._armed = Armed(self, work, up, log, due)
        return self._armed

    def confirm(self, armed: Armed) -> None:
        """Prove an armed commit and confirm it on this session, which alone may."""
        with self._told():
            why = self._late(armed) or flaw(self._setup, self._way, armed.work, armed.up)
            if why:
                back = self.abandon(armed)
                ended = (
                    "it was taken back"
                    if back is Applied.ABANDONED
                    else f"the box takes it back within {self._setup.confirm} min"
                )
                raise DeviceError(self._device, f"{why}; {ended}")
            self._armed, self._token = None, None
            try:
                log = self._console.confirm(armed.work.comment, armed.log)
            except DeviceError:
                # Whatever is in the candidate now: hanging up throws it away.
                self._console.close()
                raise
            self._token = log.digest
            self._console.unlock()

    def _late(self, armed: Armed) -> str:
        """Why there is no time to prove it; "": there is."""
        needed = PROOF_SECONDS / 2 + (self._setup.hold_time if armed.up else 0.0)
        if armed.due - self._way.clock.monotonic() >= needed:
            return ""
        return "its timer leaves no time to prove the change: give `confirm` more seconds"

    def abandon(self, armed: Armed) -> Applied:
        """Take an armed commit back; UNKNOWN: it could not be done, the timer does it."""
        self._armed, self._token = None, None
        try:
            self._console.roll_back(armed.log)
            self._console.unlock()
        except DeviceError:
            # Whatever is in the candidate now: hanging up throws it away.
            self._console.close()
            return Applied.UNKNOWN
        return Applied.ABANDONED

    # -- what goes wrong -----------------------------------------------------------------

    @contextmanager
    def _unlocked_on_refusal(self) -> Iterator[None]:
        """Whatever went wrong: our own candidate is emptied and the lock given back."""
        try:
            yield
        except DeviceError:
            if self._console.alive() and self._armed is None:
                with suppress(DeviceError):
                    self._console.unlock()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors carry what was said."""
        self._console.check_alive()
        try:
            yield
        except DeviceError as error:
            if not getattr(error, "__notes__", None):
                error.add_note(self._console.transcript())
            raise
