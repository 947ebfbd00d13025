# SPDX-License-Identifier: GPL-2.0-or-later
"""Structural changes of many routers go out in waves: one, a tenth, the rest.

A defect in what is bound to every interface would cut more than what is ordered, so one router
proves it first. Where one cannot be proved (it rolled back, or is not reachable), no other follows
until a person has looked: `enforcer device release` of that one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil, inf

from enforcer.clock import Clock
from enforcer.control.evidence import Evidence

HALTED = "rollout-halted"
"""The kind of the alarm; its subject is the device that could not be proved."""
_TENTH = 10
_FORGET = 300.0
"""Seconds after which a device that no longer asks is no longer waited for."""
_NO_STAGE_LEFT = 2


@dataclass
class _Wave:
    """`stage` 0: one device, 1: a tenth, 2: the rest. `begun`: in this stage."""

    stage: int = 0
    begun: int = 0
    done: int = 0
    running: set[str] = field(default_factory=set)
    waiting: dict[str, float] = field(default_factory=dict)

    def limit(self) -> float:
        """How many devices this stage may begin with."""
        total = len(self.waiting.keys() | self.running) + self.done
        return (1, max(1, ceil(total / _TENTH)), inf)[self.stage]


class Rollout:
    """All devices of one controller; used by their threads.

    `wake`: has devices looked at that may go on now.
    """

    def __init__(
        self, evidence: Evidence, clock: Clock, wake: Callable[[Iterable[str], str], None]
    ) -> None:
        self._evidence = evidence
        self._clock = clock
        self._wake = wake
        self._lock = threading.Lock()
        self._wave = _Wave()

    def admit(self, device: str) -> str:
        """ "" where `device` may make its structural change now; else why not yet."""
        halted = self._evidence.open_alarm(HALTED)
        if halted:
            return f"the rollout is halted: {halted}"
        with self._lock:
            wave, now = self._wave, self._clock.monotonic()
            if device in wave.running:
                return ""
            wave.waiting[device] = now
            wave.waiting = {n: at for n, at in wave.waiting.items() if now - at < _FORGET}
            if wave.begun < wave.limit():
                wave.begun += 1
                wave.running.add(device)
                del wave.waiting[device]
                return ""
            first = ", ".join(sorted(wave.running)) or "the devices before it"
            return f"waits in the rollout of structural changes until {first} proved it"

    def forget(self, device: str) -> None:
        """`device` left the inventory; one that is being written to ends by itself."""
        with self._lock:
            self._wave.waiting.pop(device, None)

    def finished(self, device: str, proved: bool, failure: str = "") -> None:
        """`device` was admitted and has ended. `failure`: why nothing like it may follow."""
        with self._lock:
            wave = self._wave
            if device not in wave.running:
                return
            wave.running.discard(device)
            if proved:
                wave.done += 1
            else:
                wave.begun -= 1
            if wave.begun >= wave.limit() and not wave.running:
                wave.stage, wave.begun = min(wave.stage + 1, _NO_STAGE_LEFT), 0
            waiting = sorted(wave.waiting)
            if not waiting and not wave.running:
                self._wave = _Wave()
        if failure:
            self._evidence.halt_rollout(device, self._clock.now(), failure)
        elif waiting:
            self._wake(waiting, "the rollout goes on")
