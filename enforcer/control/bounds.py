# SPDX-License-Identifier: GPL-2.0-or-later
"""What one pass may write to one device: mode, pauses, holds, markers, contested objects."""

from __future__ import annotations

from dataclasses import dataclass, field

from enforcer.core.brake import PauseState, allowed, stricter
from enforcer.core.contested import Contested
from enforcer.core.device_control import DeviceControl, Hold
from enforcer.core.drift import Delta, Drift, Tally, tally_of
from enforcer.core.proof_sentences import MARKER_WORDS, release_words
from enforcer.core.topology import Device, Mode

NOTHING = Drift(Delta(), Tally())
_NOTHING_CONTESTED = Contested()
_NO_BASIS = "the inventory that it is held to cannot be read, so nothing at all is written"


@dataclass(frozen=True, slots=True)
class Bounds:
    """`pause`: the stricter one of the controller's and the device's own. `hold`: the brake's.

    `basis`: digest of the inventory by which the desired state here was compiled. `control`: what
    was decided about the device, of which this is made.
    """

    device: str
    mode: Mode
    pause: PauseState = PauseState.RUNNING
    hold: Hold | None = None
    marker: bool = False
    contested: Contested = field(default_factory=Contested)
    basis: str = ""
    control: DeviceControl = field(default_factory=DeviceControl)

    @classmethod
    def of(
        cls,
        device: Device,
        pause: PauseState,
        control: DeviceControl,
        basis: str,
        marker: bool = False,
    ) -> Bounds:
        """By what people, the brake and the device itself decided."""
        own = PauseState.PAUSED if control.paused else PauseState.RUNNING
        contested = Contested(control.contests) if control.contests else _NOTHING_CONTESTED
        pause = stricter(pause, own)
        hold = control.hold
        return cls(device.name, device.mode, pause, hold, marker, contested, basis, control)

    @property
    def paused(self) -> bool:
        """Whether a person paused or froze writing."""
        return self.pause is not PauseState.RUNNING

    @property
    def stopped(self) -> str:
        """Why nothing at all is written, in words; "": something may be."""
        if self.marker:
            return MARKER_WORDS
        if self.hold is None:
            return ""
        if self.hold.all:
            return release_words(self.device, self.hold.why)
        if self.hold.inventory != self.basis:
            # Compiled by another inventory, what the brake keeps back would be written.
            return release_words(self.device, f"{self.hold.why}; {_NO_BASIS}")
        return ""

    @property
    def open(self) -> bool:
        """Whether everything may be written."""
        return self.mode is Mode.ENFORCE and not self.paused and not self.stopped

    def permitted(self, drift: Drift) -> tuple[Drift, Delta, int]:
        """What of `drift` may be written; what may not, and how many differences that is."""
        if self.mode is not Mode.ENFORCE:
            return NOTHING, Delta(), max(drift.tally.differing, 1)
        if self.open:
            return drift, Delta(), 0
        pause = PauseState.FROZEN if self.stopped else self.pause
        delta, held = allowed(drift.delta, pause)
        findings = drift.findings if pause is not PauseState.FROZEN and delta else ()
        may = Drift(delta, tally_of(delta), findings)
        left = tally_of(held).differing + len(drift.findings) - len(findings)
        return may, held, left
