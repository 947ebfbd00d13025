# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a router with IOS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

from drivers.cisco_ios.answers import clock_ahead, has_archive
from drivers.cisco_ios.differences import acl_header
from drivers.cisco_ios.ground import Layout, ground
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.options import Options
from drivers.cisco_ios.session import IosSession
from drivers.cisco_ios.slots import Slots
from drivers.cisco_ios.timing import TOLERANCE
from enforcer.clock import Clock
from enforcer.core.rules import HOLD_MARKER
from enforcer.core.topology import Device
from enforcer.driver_api import Diagnosis
from enforcer.errors import DeviceError

ROOM = 4
"""Free sequence numbers below which a list of the operator's is called full."""


def diagnose(
    device: Device,
    layout: Layout,
    options: Options,
    clock: Clock,
    connect: Callable[[], IosSession],
) -> tuple[Diagnosis, ...]:
    """Most important first; a router that cannot be reached is asked nothing else."""
    try:
        with closing(connect()) as session:
            return tuple(_checks(device, layout, options, clock, session))
    except DeviceError as error:
        advice = "check its transport in the inventory, its credentials, and the way to it"
        return (Diagnosis("reachable", False, str(error), advice),)


def _checks(
    device: Device, layout: Layout, options: Options, clock: Clock, session: IosSession
) -> Iterator[Diagnosis]:
    version = session.terminal.ask("show version", refuse=False)
    first = next((line.strip() for line in version.splitlines() if line.strip()), "answers")
    yield Diagnosis("reachable", True, first)
    try:
        box = session.look()
    except DeviceError as error:
        advice = "give this user the privileges that docs/platforms/cisco-ios.md lists"
        yield Diagnosis("privileges", False, str(error), advice)
        return
    yield _privileges(session)
    yield _marker(box)
    yield _interfaces(layout, box)
    yield _lists(layout, box)
    yield _archive(device, session)
    yield _clock(device, options, clock, session, box)
    if device.urpf:
        yield _urpf(layout, box)


def _privileges(session: IosSession) -> Diagnosis:
    said = session.terminal.ask("show privilege", refuse=False).strip()
    return Diagnosis("privileges", True, f"the whole configuration is shown; {said or 'unknown'}")


def _marker(box: Box) -> Diagnosis:
    if not box.hold:
        return Diagnosis("marker", True, f"no {HOLD_MARKER}: writing is not forbidden there")
    return Diagnosis(
        "marker",
        False,
        f"an object called {HOLD_MARKER} forbids to write to it",
        f"ask who put it there; `show running-config | include {HOLD_MARKER}` shows what it is,"
        " `no` before that line ends it",
    )


def _interfaces(layout: Layout, box: Box) -> Diagnosis:
    missing = [name for name in layout.spelt if name not in box.ports]
    if missing:
        return Diagnosis(
            "interfaces",
            False,
            f"there is no {', '.join(sorted(missing))}",
            "correct the names in the inventory",
        )
    passed_by = ground(layout, box).obstacles
    if passed_by:
        said = "; ".join(f"{name} {why}" for name, why in passed_by.items())
        return Diagnosis("interfaces", False, said, "make the inventory say where packets pass")
    if not layout.edges:
        return Diagnosis(
            "interfaces",
            False,
            "none is at an edge: nothing can be blocked there",
            "say in the inventory what is behind each (`behind: upstream`, a customer's name)",
        )
    return Diagnosis("interfaces", True, f"filters go on {', '.join(layout.edges)}")


def _lists(layout: Layout, box: Box) -> Diagnosis:
    at = ground(layout, box)
    said = [f"{acl_header(family, name)} {why}" for (family, name), why in at.unfit.items()]
    room = []
    for family in (4, 6):
        for name in at.theirs.get(family, ()):
            if (family, name) in at.unfit:
                continue
            slots = Slots(box.acls.get((family, name)), name, family)
            free = slots.free()
            room.append(f"{name} {free}")
            said += [slots.short(ROOM)] if free < ROOM else []
    if said:
        advice = "do what is said there: the operator's lines are never renumbered by us"
        return Diagnosis("access lists", False, "; ".join(said), advice)
    told = f"free numbers before the first line: {', '.join(room)}" if room else "none is bound"
    return Diagnosis("access lists", True, told)


def _archive(device: Device, session: IosSession) -> Diagnosis:
    if has_archive(device.name, session.terminal.ask("show archive", refuse=False)):
        return Diagnosis("archive", True, "structural changes are taken back by a revert timer")
    return Diagnosis(
        "archive",
        False,
        "there is none: a structural change that cuts us off stays until somebody comes",
        "configure `archive` with `path flash:archive` and `maximum 10`",
    )


def _clock(
    device: Device, options: Options, clock: Clock, session: IosSession, box: Box
) -> Diagnosis:
    said = session.terminal.ask("show clock", refuse=False)
    if box.utc is None:
        ok = not options.time_range
        return Diagnosis(
            "clock",
            ok,
            "its zone has summer time, so that the ends of time-ranges would not be certain",
            "" if ok else "set `clock timezone UTC 0`, or options.time_range: no",
        )
    ahead = clock_ahead(device.name, said, box.utc, clock.now())
    if abs(ahead) <= TOLERANCE or not options.time_range:
        return Diagnosis("clock", True, f"{ahead:+.0f} s from ours")
    advice = "configure NTP on it, or options.time_range: no"
    return Diagnosis("clock", False, f"{ahead:+.0f} s from ours", advice)


def _urpf(layout: Layout, box: Box) -> Diagnosis:
    without = [n for n in layout.edges if n in box.ports and not box.ports[n].urpf]
    if without:
        return Diagnosis(
            "reverse path",
            False,
            f"the inventory says that sources are checked, but not on {', '.join(without)}",
            "configure `ip verify unicast source reachable-via any` there, or correct `urpf`",
        )
    return Diagnosis("reverse path", True, "sources are checked on every edge")
