# SPDX-License-Identifier: GPL-2.0-or-later
"""One batch on the box: timed where it is structural, proved before it is confirmed."""

from __future__ import annotations

from datetime import timedelta

from drivers._router.names import OWNER
from drivers._router.spared import spared
from drivers.cisco_ios.answers import established
from drivers.cisco_ios.bystanders import edited, shut_links
from drivers.cisco_ios.differences import object_of, sort_key
from drivers.cisco_ios.identify import seen
from drivers.cisco_ios.marks import owner_text
from drivers.cisco_ios.means import Conversation
from drivers.cisco_ios.model import Box, Fact, Group
from drivers.cisco_ios.options import MARGIN
from drivers.cisco_ios.planning import Payload
from drivers.cisco_ios.sending import LINE_TIMEOUT, Sending, take_back
from drivers.cisco_ios.steps import backwards
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError, DeviceUnreachable

_REVERT_TIMEOUT = 300.0
_SUMMARIES = ("show ip bgp summary", "show bgp ipv6 unicast summary")
_SHOWN = 3
_SHOWN_EDITS = 20
_SECOND_LOOK = 10.0
"""Seconds after which neighbors that seem lost are looked at once more."""


class Writing:
    """The writing of one batch. `timed`: the box takes it back unless it is confirmed."""

    def __init__(
        self, session: Conversation, payload: Payload, structural: bool, before: Box
    ) -> None:
        self._session = session
        self._terminal = session.terminal
        self._device = session.device
        self.payload = payload
        self._structural = structural
        self._before = before
        self._sending = Sending(session.terminal)
        self._up: frozenset[str] = frozenset()
        self.timed = False
        self._until = session.means.clock.now()
        self._settled = False
        self._original = session.text
        self._written = ""
        self._others: tuple[str, ...] = ()
        self._lost = self._apart = False

    # -- writing -------------------------------------------------------------------------

    def run(self) -> Box:
        """Write, read back; raises DeviceError, with what the box took taken back."""
        if self._structural:
            self._up = self._adjacencies()
        self._configure()
        try:
            self._sending.send(self.payload.steps)
            if self.payload.refresh:
                self._terminal.enter(*self.payload.refresh, timeout=LINE_TIMEOUT)
            self._terminal.enter("end", timeout=LINE_TIMEOUT)
        except CommandRejected as refused:
            self._refused(refused)
        after = self._session.look()
        self._written = self._session.text
        wrong = self._wrong(after)
        if wrong:
            self.take_back()
            raise DeviceError(
                self._device, f"took every line, but afterwards {wrong}; {self._became()}"
            )
        return after

    def _configure(self) -> None:
        """Enter configuration mode, with the timer armed where that can be done."""
        command = "configure terminal"
        options, shared = self._session.means.options, self._session.means.shared
        if self._structural and self._session.archive_now():
            command += f" revert timer {options.minutes}"
            self.timed = True
            now = self._session.means.clock.now()
            self._until = now + timedelta(minutes=options.minutes)
            shared.armed(self._until + timedelta(seconds=LINE_TIMEOUT))
        try:
            said = self._terminal.enter(command, timeout=_REVERT_TIMEOUT)
        except CommandRejected as refused:
            self._not_armed()
            raise DeviceBusy(
                self._device, f"does not enter configuration mode now: {refused.message}"
            ) from None
        if "Enter configuration commands" not in said:
            self._not_armed()
            shown = " ".join(said.split())[:200]
            raise DeviceBusy(self._device, f"does not enter configuration mode now: {shown!r}")

    def _not_armed(self) -> None:
        if self.timed:
            self._session.means.shared.settled()

    def _refused(self, refused: CommandRejected) -> None:
        """A line was refused: nothing of the batch is to stand, as far as we can help it."""
        self.take_back()
        stands = self._session.token(self._session.look()) != self._session.token(self._before)
        text = f"{refused.message}; {self._became()}"
        if stands:
            raise DeviceError(self._device, f"{text}; what still stands is found by reading")
        raise CommandRejected(self._device, text)

    def _became(self) -> str:
        others = "; ".join(self._others[:_SHOWN_EDITS])
        if self._lost:
            return (
                "the router was told to go back to what it had, and what others configured"
                f" meanwhile went with it, to be entered again: {others}"
            )
        if self._others:
            return f"it was taken back line by line, for others configured meanwhile: {others}"
        if self.timed and not self._apart:
            return "the router was told to go back to what it had"
        return "what was entered line by line was taken back by hand"

    def take_back(self) -> None:
        """Back to before: by the box itself where it was timed, else line by line."""
        if self._settled:
            return
        self._settled = True
        self._leave()
        if not self.timed:
            self._by_hand()
        elif not self._kept_apart():
            said = self._terminal.ask("configure revert now", timeout=_REVERT_TIMEOUT, refuse=False)
            if "%" in said:
                raise DeviceError(
                    self._device,
                    f"`configure revert now` answered {' '.join(said.split())[:200]!r}; the timer"
                    f" still runs, at most {self._session.means.options.minutes} minutes",
                )
            self._session.means.shared.settled()
        # Routes were judged by what is gone again.
        for line in self.payload.refresh:
            self._terminal.ask(line.removeprefix("do "), refuse=False)

    def _kept_apart(self) -> bool:
        """Ours alone taken back where others changed anything meanwhile: a revert takes all.

        False: nobody did, or ours did not go line by line. Then the box must revert.
        """
        if self._written:
            self._session.look()
            self._others = edited(self._written, self._session.text)
            if not self._others:
                return False
        self._by_hand()
        clean = self._ours(self._session.look()) == self._ours(self._before)
        self._others = edited(self._original, self._session.text)
        if clean:
            self._keep()
            self._apart = True
            return True
        self._lost = bool(self._others)
        return False

    def _ours(self, box: Box) -> tuple[frozenset[Fact], Group | None]:
        setup = self._session.means.setup
        return seen(box, setup.layout, setup.known).facts, box.groups.get(OWNER)

    def _by_hand(self) -> None:
        self._terminal.enter("configure terminal", timeout=LINE_TIMEOUT)
        take_back(self._terminal, backwards(self._sending.done))
        self._leave()

    def _leave(self) -> None:
        try:
            self._terminal.enter("end", timeout=LINE_TIMEOUT)
        except CommandRejected:
            return

    def _wrong(self, after: Box) -> str:
        """What of the batch is not true on `after`, in the box's own words; "" all of it is."""
        setup = self._session.means.setup
        there = seen(after, setup.layout, setup.known).facts
        missing = sorted(self.payload.add - there, key=sort_key)
        left = sorted(self.payload.remove & there, key=sort_key)
        said = [f"{object_of(f)} is missing" for f in missing[:_SHOWN]]
        said += [f"{object_of(f)} is still there" for f in left[:_SHOWN]]
        mark = after.groups.get(OWNER)
        if self.payload.mark is not None and (
            mark is None or mark.description != owner_text(self.payload.mark)
        ):
            said.append(f"object-group network {OWNER} is not as written")
        return "; ".join(said)

    # -- proving -------------------------------------------------------------------------

    def confirm(self) -> None:
        """Raises DeviceError where the box cannot be proved to be well; it is taken back then."""
        if not self._structural:
            return
        means = self._session.means
        why = means.proof()
        if not why and self._up:
            why = self._too_late(means.options.hold_time)
        if not why and self._up:
            means.clock.sleep(means.options.hold_time)
            lost = self._missed()
            if lost and means.options.hold_time:
                means.clock.sleep(_SECOND_LOOK)  # a flap that comes back is no loss
                lost = self._missed()
            why = f"BGP to {', '.join(sorted(lost))} went down" if lost else means.proof()
        why = why or self._too_late(0)
        if why:
            self.take_back()
            raise DeviceUnreachable(
                self._device, f"is not proved to be well after the change: {why}; {self._became()}"
            )
        if self.timed:
            self._keep()
        self._settled = True

    def _too_late(self, needed: float) -> str:
        """Nothing is confirmed at the last moment: the box may have begun to go back."""
        left = (self._until - self._session.means.clock.now()).total_seconds() - MARGIN - needed
        if not self.timed or left > 0:
            return ""
        return "proving it would take longer than the timer runs (raise options.confirm)"

    def _missed(self) -> frozenset[str]:
        """Neighbors that were up, are not, and are not on a link that is shut on purpose."""
        shut = shut_links(self._before.ports, self.payload.steps)
        return frozenset(a for a in self._up - self._adjacencies() if not spared(a, shut))

    def _keep(self) -> None:
        said = self._terminal.ask("configure confirm", refuse=False)
        if "%" in said:
            raise DeviceError(
                self._device,
                f"`configure confirm` answered {' '.join(said.split())[:200]!r}: the router may"
                " have gone back to what it had; it is read again",
            )
        self._session.means.shared.settled()

    def _adjacencies(self) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for command in _SUMMARIES:
            found |= established(self._device, self._terminal.ask(command, refuse=False))
        return found
