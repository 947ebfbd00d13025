# SPDX-License-Identifier: GPL-2.0-or-later
"""A commit that is undone unless it is proved: the device can be reached, and neighbors stay up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers._router.spared import spared
from drivers._ssh.reachability import unproved
from drivers.cisco_xr.asking import Asking
from drivers.cisco_xr.committing import confirm, leave, roll_back
from drivers.cisco_xr.edits import what
from drivers.cisco_xr.identify import standing
from drivers.cisco_xr.link import Link
from drivers.cisco_xr.planning import Work
from enforcer.clock import Clock
from enforcer.driver_api import Applied
from enforcer.errors import DeviceError, EnforcerError


@dataclass(frozen=True)
class Done:
    """A commit that stands, or nothing that had to be committed."""

    token: str

    def confirm(self) -> Applied:
        """It stands."""
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """It cannot be taken back; the next plan does."""
        return Applied.UNKNOWN


@dataclass(frozen=True)
class Before:
    """What was true before the trial."""

    neighbors: frozenset[str]
    work: Work


class Trial:
    """An unconfirmed commit of this session. `over` is called once it is, whatever came of it."""

    def __init__(
        self,
        device: str,
        asking: Asking,
        link: Link,
        clock: Clock,
        before: Before,
        hold_time: int,
        token: str,
        over: Callable[[bool], None],
    ) -> None:
        self._device = device
        self._asking = asking
        self._link = link
        self._clock = clock
        self._before = before
        self._hold_time = hold_time
        self._over = over
        self._open = True
        self.token = token

    def confirm(self) -> Applied:
        """Prove it over a second connection, then confirm it on the one that armed it.

        Raises DeviceError where it is not proved: it has been rolled back then, or the
        device's timer does it.
        """
        if not self._open:
            return Applied.APPLIED
        wrong = self._wrong()
        if wrong:
            undone = self.abandon() is Applied.ABANDONED
            how = "it was rolled back" if undone else "its timer rolls it back"
            raise DeviceError(self._device, f"the change is not confirmed: {wrong}; {how}")
        self._open = False
        stays = False
        try:
            stays = confirm(self._device, self._asking.terminal)
            if stays:
                leave(self._asking.terminal)
                self._asking.prefix = ""
                self._asking.refresh(self._before.work.refresh)
        finally:
            self._over(stays)
        if not stays:
            raise DeviceError(
                self._device, "the trial was over before it was confirmed: it was rolled back"
            )
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """Undo it now; UNKNOWN where the device cannot be told: its timer does."""
        if not self._open:
            return Applied.UNKNOWN
        self._open = False
        try:
            roll_back(self._asking.terminal)
        except EnforcerError:
            self._over(False)
            return Applied.UNKNOWN
        self._over(False)
        return Applied.ABANDONED

    def _wrong(self) -> str:
        """Why it must not stay, "" nothing."""
        try:
            terminal = self._link.second()
        except EnforcerError as error:
            return unproved(error)
        try:
            return self._judged(Asking(self._device, terminal))
        except EnforcerError as error:
            return str(error)
        finally:
            terminal.close()

    def _judged(self, second: Asking) -> str:
        work = self._before.work
        missed = {n for n in self._before.neighbors if not spared(n.split()[0], work.spared)}
        if missed and self._hold_time:
            self._clock.sleep(self._hold_time)
        lost = sorted(missed - second.established())
        if lost:
            return f"BGP neighbors went down: {', '.join(lost[:5])}"
        found = standing(second.box())
        for key, value in work.expect:
            if found.get(key) != value:
                return f"{what(key)} is not as it was written"
        return ""
