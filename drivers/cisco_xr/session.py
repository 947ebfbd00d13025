# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one device: read, commit one batch, read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from drivers._router.known import KnownRules
from drivers._router.region import part
from drivers._ssh.transcript import LIMIT
from drivers.cisco_xr import committing
from drivers.cisco_xr.asking import Asking
from drivers.cisco_xr.counting import counters
from drivers.cisco_xr.link import Link
from drivers.cisco_xr.model import Box, Setup
from drivers.cisco_xr.options import Options
from drivers.cisco_xr.planning import Work
from drivers.cisco_xr.reading import actual_of
from drivers.cisco_xr.trial import Before, Done, Trial
from enforcer.clock import Clock
from enforcer.core.instants import to_ms
from enforcer.core.intervals import Ranges
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual, Rule
from enforcer.driver_api import Counted, Fingerprint
from enforcer.errors import DeviceError, EnforcerError, StaleState

_ATTEMPTS = 3


@dataclass(frozen=True)
class _Read:
    """A configuration and the token for which it is true."""

    token: str
    box: Box


class XrSession:
    """One open conversation; used by one thread."""

    def __init__(
        self,
        device: str,
        setup: Setup,
        link: Link,
        options: Options,
        clock: Clock,
        known: KnownRules,
    ) -> None:
        self._device = device
        self._setup = setup
        self._link = link
        self._options = options
        self._clock = clock
        self._known = known
        self._token: str | None = None
        self._read: _Read | None = None
        self._trial: Trial | None = None
        self._said = ""
        self._asking: Asking | None = Asking(device, link.open(), routed=setup.rtbh)

    def close(self) -> None:
        """End the conversation; a trial that nobody confirmed is undone."""
        try:
            if self._trial is not None:
                self._trial.abandon()
        finally:
            self._hang_up()

    def transcript(self) -> str:
        """What was said since this was last asked, secrets masked, also on terminals that died."""
        self._take()
        said, self._said = self._said, ""
        return said

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """The last commit."""
        return Fingerprint(self._ask().token())

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`."""
        read = self._now()
        if region.delta is None:
            self._token = read.token
        else:
            self._known.learn((*region.delta.addresses, *region.delta.interfaces))
        actual = actual_of(
            self._device, self._setup, read.box, self._known, self._clock.now(), read.token
        )
        # The marker is told by a reading of everything.
        return actual if region.delta is None else replace(part(actual, region), hold=False)

    def counters(self, wanted: Mapping[Rule, Ranges]) -> dict[Rule, Counted]:
        """What the lines of these rules have matched, in every list that has them."""
        self._known.learn(wanted)
        return counters(
            self._ask(), self._now().box, wanted, self._options.counter_locations, self._device
        )

    def _now(self) -> _Read:
        """The configuration, and a commit that none followed while it was read."""
        asking = self._ask()
        for _ in range(_ATTEMPTS):
            token = asking.token()
            if self._trial is None:
                asking.refuse_pending()
            if self._read is not None and self._read.token == token:
                return self._read
            box = asking.box()
            if asking.token() == token:
                self._read = _Read(token, box)
                return self._read
        raise StaleState(self._device, "its configuration changed while it was read; read it again")

    def _ask(self) -> Asking:
        """The terminal, opened anew where it died or was closed with a spoilt buffer."""
        if self._asking is None or not self._asking.terminal.alive():
            self._hang_up()
            self._asking = Asking(self._device, self._link.open(), routed=self._setup.rtbh)
        return self._asking

    def _hang_up(self) -> None:
        self._take()
        asking, self._asking, self._trial = self._asking, None, None
        if asking is not None:
            asking.terminal.close()

    def _take(self) -> None:
        if self._asking is not None:
            self._said = (self._said + self._asking.terminal.transcript.take())[-LIMIT:]

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Done | Trial:
        """Commit one batch; a structural one as a trial that `confirm` proves."""
        work = batch.payload
        if not isinstance(work, Work):
            raise ValueError(f"a batch for {self._device} was not made by the IOS-XR driver")
        if self._trial is not None:
            self._trial.confirm()
        if not work.lines:
            if work.refused:
                raise DeviceError(self._device, "; ".join(work.refused))
            return Done(self._ask().token())
        asking = self._ask()
        self._refuse_moved(asking.token(), guarded)
        before = Before(asking.established() if work.structural else frozenset(), work)
        committing.enter(self._device, asking.terminal)
        asking.prefix = "do "
        try:
            return self._write(asking, before, guarded)
        except EnforcerError:
            # Whatever is left of the target buffer dies with its session.
            self._hang_up()
            raise

    def _refuse_moved(self, token: str, guarded: bool) -> None:
        if guarded and token != self._token:
            raise StaleState(self._device, "somebody committed since it was read; read it again")
        if not guarded and self._now().box.hold:
            raise StaleState(self._device, "somebody put a marker there; read it again")

    def _write(self, asking: Asking, before: Before, guarded: bool) -> Done | Trial:
        work = before.work
        if guarded and asking.token() != self._token:
            # Before the lock was ours somebody was quicker.
            raise StaleState(self._device, "somebody committed since it was read; read it again")
        committing.fill(self._device, asking.terminal, work.lines)
        changed = committing.commit(self._device, asking.terminal, self._options_of(work))
        self._read = None
        armed = changed and work.structural
        if not armed:
            committing.leave(asking.terminal)
            asking.prefix = ""
            asking.refresh(work.refresh if changed else ())
        token = asking.token()
        self._token = token
        if not armed:
            return Done(token)
        hold = self._options.hold_time
        self._trial = Trial(
            self._device, asking, self._link, self._clock, before, hold, token, self._trial_over
        )
        return self._trial

    def _options_of(self, work: Work) -> str:
        comment = committing.comment_of(work.orders)
        if not work.structural:
            return f"comment {comment}"
        label = committing.label_of(work.orders, to_ms(self._clock.now()))
        return f"confirmed {self._options.confirm} label {label} comment {comment}"

    def _trial_over(self, stays: bool) -> None:
        self._trial = None
        self._read = None
        if stays and self._asking is not None:
            self._asking.prefix = ""
        elif not stays:
            self._hang_up()
