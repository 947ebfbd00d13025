# SPDX-License-Identifier: GPL-2.0-or-later
"""What befalls an EMULATED router during a pass, by name, the same for every platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.emulators import faults
from tests.integration.router_desk import Scene

UPSTREAM_NEIGHBOR = "10.1.0.2"
_BOUND = r"ENF-(V4 (in|ingress)|IN4)$"
"""A list of ours on an interface, on any of the platforms."""
_EXCLUSIVE = {
    "cisco_ios": "configure terminal lock",
    "cisco_xr": "configure exclusive",
    "juniper_junos": "configure exclusive",
}
_SYSLOG = {
    "cisco_ios": "*Nov 22 01:02:03.456: %LINK-3-UPDOWN: Interface Tunnel1, changed state to down",
    "cisco_xr": "RP/0/RP0/CPU0:Nov 22 01:02:03.456 UTC: config[65891]: %MGBL-SYS-5-CONFIG_I : Hi",
    "juniper_junos": "Message from syslogd@edge1 at Nov 22 01:02:03  ...\n\nfpc0 link down\n\n",
}
_EVERYWHERE = r"\bhost\b|access-group|prefix-list"
"""Some line of every change on every platform."""
_REFUSED = "% Invalid input detected at '^' marker."


@dataclass(frozen=True)
class Mishap:
    """One fault. `arm` plans it; `fired`: the emulator's count that must move, "" none.

    `over` ends what clearing the emulator's fault plan does not end.
    """

    arm: Callable[[Scene], None]
    fired: str = ""
    over: Callable[[Scene], None] = lambda scene: None


def end(scene: Scene, mishap: Mishap) -> None:
    """Whatever it was, it is over."""
    scene.router.faults.clear()
    mishap.over(scene)
    scene.desk.step = scene.look


def at_step(name: str, act: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """Let it happen once, when the next pass announces the step `name`."""

    def arm(scene: Scene) -> None:
        done: list[str] = []

        def step(announced: str) -> None:
            if announced == name and not done:
                done.append(name)
                act(scene)
            scene.look(announced)

        scene.desk.step = step

    return arm


def _adjacency(scene: Scene) -> None:
    neighbors = scene.router.neighbors
    if UPSTREAM_NEIGHBOR not in neighbors:
        neighbors.add(UPSTREAM_NEIGHBOR, 64501)
    neighbors.goes_down_while(UPSTREAM_NEIGHBOR, _BOUND, hold_seconds=0.0)


def _adjacency_over(scene: Scene) -> None:
    scene.router.neighbors.goes_down_while(UPSTREAM_NEIGHBOR, "nothing of this")


def _locked(scene: Scene) -> None:
    shell = scene.router.other_operator("ann")
    shell.line(_EXCLUSIVE[scene.router.platform])
    scene.operators.append(shell)


def _leave(scene: Scene) -> None:
    for shell in scene.operators:
        shell.closed()
    scene.operators.clear()


def _reboot(scene: Scene) -> None:
    scene.router.reboot()
    scene.touched()


def _slow(scene: Scene) -> None:
    scene.router.faults.slow_lines(0.003)
    scene.router.faults.slow_commit(0.05)


def _dropped(line: int, when: faults.When) -> Mishap:
    return Mishap(lambda scene: scene.router.faults.drop_session(line, when), faults.DROP)


def _commit_lost(applied: bool) -> Mishap:
    return Mishap(
        lambda scene: scene.router.faults.drop_during_commit(applied=applied),
        faults.DROP_DURING_COMMIT,
    )


ANYWHERE: Mapping[str, Mishap] = {
    "dropped before line 1": _dropped(1, "before"),
    "dropped in the commit, applied": _commit_lost(True),
    "dropped in the commit, not applied": _commit_lost(False),
    "half a line": Mishap(lambda s: s.router.faults.lose_half_line(2), faults.HALF_LINE),
    "refused": Mishap(lambda s: s.router.faults.refuse(_EVERYWHERE, _REFUSED), faults.REFUSE),
    "rebooted while it is staged": Mishap(at_step("staged", _reboot)),
}
"""Of a first block, a change of members and the last withdrawal alike."""

STRUCTURAL: Mapping[str, Mishap] = {
    "dropped after line 9": _dropped(9, "after"),
    "not authorized": Mishap(lambda s: s.router.faults.refuse_authorization(2), faults.AAA),
    "full": Mishap(lambda s: s.router.faults.full_at(0), faults.FULL),
    "slow": Mishap(_slow, faults.SLOW_LINE),
    "syslog": Mishap(
        lambda s: s.router.faults.interleave_syslog(_SYSLOG[s.router.platform]), faults.SYSLOG
    ),
    "nobody can log in any more": Mishap(
        lambda s: s.router.faults.unreachable_while(_BOUND), faults.UNREACHABLE
    ),
    "an adjacency goes down": Mishap(_adjacency, over=_adjacency_over),
    "another operator has the lock": Mishap(_locked, over=_leave),
    "another operator edits meanwhile": Mishap(
        at_step("read", lambda scene: scene.edited_by_the_operator())
    ),
}
"""Where filters are bound for the first time."""
