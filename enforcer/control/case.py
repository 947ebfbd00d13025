# SPDX-License-Identifier: GPL-2.0-or-later
"""What one pass is about: why it is made, what it found, what is known from the last one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import cast

from enforcer.control.steps import always
from enforcer.core.brake import PauseState
from enforcer.core.drift import Drift
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Actual, Desired, Rule
from enforcer.core.status import DeviceFacts
from enforcer.driver_api import Fingerprint, Foreseeing, Session
from enforcer.errors import CommandRejected, DeviceError, StaleState

UNWRITTEN = "not written"
"""The result of a plan of which the device has taken nothing."""


@cache
def _foresees(kind: type[Session]) -> bool:
    return issubclass(kind, Foreseeing)


@dataclass(frozen=True, slots=True)
class Proof:
    """The device held exactly the desired state when its fingerprint was `token`.

    Apart from what somebody has `touched` since, if anybody has.
    """

    token: str
    actual: Actual
    touched: tuple[Mapping[Rule, Ranges], ...] = ()

    def holds(self, seen: Fingerprint, now: datetime) -> bool:
        """Whether nothing was written since, and nothing has gone by itself."""
        until = seen.valid_until
        return seen.token == self.token and (until is None or until > now)

    def stands(self, session: Session, now: datetime, unasked: bool = False) -> bool:
        """The same by what the device says.

        `unasked`: a guarded write of members follows, which refuses if somebody wrote since; so
        the device need not be asked where the session knows what it would say otherwise.
        """
        foreseen = None
        if unasked and _foresees(type(session)):
            foreseen = cast(Foreseeing, session).expected()
        if foreseen is not None and self.holds(foreseen, now):
            return True
        return self.holds(session.fingerprint(), now)


@dataclass(frozen=True, slots=True)
class Request:
    """Why a pass is made. `full`: read everything. `writers`: who touched the device.

    `go_on` is asked between batches: False where somebody paused or froze meanwhile. `asked`: a
    person waits for this pass.
    """

    reason: str
    full: bool
    pause: PauseState = PauseState.RUNNING
    writers: tuple[str, ...] = ()
    guarded: bool = True
    go_on: Callable[[], bool] = always
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One pass's facts: what is desired, what is there, how they differ, whose fault it is.

    `foreign`: how what is there differs from what we left there, as far as it must be written.
    What is contested is in neither of both.
    """

    desired: Desired
    actual: Actual
    drift: Drift
    foreign: Drift
    full: bool = False


def present(before: DeviceFacts | None) -> str:
    """The inventory that was recorded as the one in force beside an older one."""
    return before.present if before is not None else ""


def differs(drift: Drift) -> bool:
    """Whether anything differs at all."""
    return bool(drift.tally.differing or drift.findings)


def became(error: DeviceError, staged: int) -> str:
    """What became of a plan that failed after so many batches were taken by the device."""
    if isinstance(error, StaleState):
        return "partial" if staged else UNWRITTEN
    if isinstance(error, CommandRejected):
        return "rejected"
    return "unknown"


def circumstances(facts: DeviceFacts) -> tuple[object, ...]:
    """What a proof was made under, and what it leaves out."""
    return (
        facts.mode,
        facts.paused,
        facts.marker,
        facts.braked,
        facts.inventory,
        facts.present,
        facts.unsupported_orders,
        facts.held_orders,
        facts.braked_orders,
        facts.contested_orders,
    )
