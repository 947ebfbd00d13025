# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a device with IOS-XR."""

from __future__ import annotations

from drivers.cisco_xr.asking import Asking
from drivers.cisco_xr.bound import unusable
from drivers.cisco_xr.link import Link
from drivers.cisco_xr.model import WAYS, Box, Setup
from drivers.cisco_xr.names import is_ours
from drivers.cisco_xr.places import misfits, places
from drivers.cisco_xr.render import FINAL, first_permit
from enforcer.core.rules import HOLD_MARKER
from enforcer.core.topology import Device
from enforcer.driver_api import Diagnosis
from enforcer.errors import CommandRejected, EnforcerError

SLOTS = 50
"""Free sequence numbers at the top of an operator's list that a new installation should have."""


def diagnose(device: Device, setup: Setup, link: Link) -> tuple[Diagnosis, ...]:
    """The login first; nothing else is asked of a device that does not answer."""
    try:
        terminal = link.open()
    except EnforcerError as error:
        advice = "check its transport and credentials in the inventory, and its management ACL"
        return (Diagnosis("reachable", False, str(error), advice),)
    try:
        return _asked(device, setup, Asking(device.name, terminal, routed=setup.rtbh))
    except EnforcerError as error:
        return (Diagnosis("reachable", True, "answers"), _unreadable(error))
    finally:
        terminal.close()


def _unreadable(error: EnforcerError) -> Diagnosis:
    refused = isinstance(error, CommandRejected)
    advice = (
        "give its user the task group in docs/platforms/cisco-xr.md"
        if refused
        else "send the output of the command to whoever maintains this driver"
    )
    return Diagnosis("privileges" if refused else "output", False, str(error), advice)


def _asked(device: Device, setup: Setup, asking: Asking) -> tuple[Diagnosis, ...]:
    last = asking.newest()
    box = asking.box()
    said = "nothing committed yet" if last is None else f"last commit {last.label} by {last.user}"
    found = [
        Diagnosis("reachable", True, f"answers as {asking.terminal.host}; {said}"),
        Diagnosis("privileges", True, "shows all sections of its configuration that are needed"),
        _marker(box),
        _interfaces(setup, box),
        *_lists(setup, box),
        _neighbors(device, box),
    ]
    if setup.rtbh:
        found.append(_spread(box))
    if setup.rtbh and setup.loose:
        found.append(_loose(setup, box))
    return tuple(found)


def _marker(box: Box) -> Diagnosis:
    if not box.hold:
        return Diagnosis("marker", True, f"no {HOLD_MARKER}: writing is not forbidden there")
    return Diagnosis(
        "marker",
        False,
        f"an object {HOLD_MARKER} on the device forbids to write to it",
        f"remove the object-group, list or set {HOLD_MARKER} once writing is welcome again",
    )


def _interfaces(setup: Setup, box: Box) -> Diagnosis:
    wrong = misfits(setup, box)
    if wrong:
        return Diagnosis(
            "interfaces",
            False,
            "; ".join(f"{name}: {why}" for name, why in wrong),
            "correct the names in the inventory: as `show running-config interface` has them",
        )
    if not setup.edges:
        return Diagnosis("interfaces", True, "the inventory names no edge interface: none filters")
    return Diagnosis("interfaces", True, f"filters at {', '.join(places(setup, box))}")


def _lists(setup: Setup, box: Box) -> list[Diagnosis]:
    """Whether lines of ours have a place in the operator's lists."""
    wrong, crowded = [], []
    for family, name in _theirs(setup, box):
        why = unusable(box, family, name, setup.managed)
        lines = box.acls.get((family, name), ())
        limit = first_permit(lines)
        free = limit - 1 - sum(1 for line in lines if line.number < limit and not line.ours)
        if why:
            wrong.append(f"ipv{family} access-list {name}: {why}")
        elif free < SLOTS and limit != FINAL:
            crowded.append((family, name, free))
    lists = Diagnosis("lists", True, "our lines have a place in every list that is bound")
    if wrong:
        lists = Diagnosis("lists", False, "; ".join(wrong), "see docs/platforms/cisco-xr.md")
    slots = Diagnosis("sequence numbers", True, "enough of them are free above the first permit")
    if crowded:
        family, name, free = crowded[0]
        slots = Diagnosis(
            "sequence numbers",
            False,
            "; ".join(f"ipv{f} access-list {n} has {left} free" for f, n, left in crowded),
            f"in exec mode: resequence access-list ipv{family} {name} 1000 10",
        )
    return [lists, slots]


def _theirs(setup: Setup, box: Box) -> list[tuple[int, str]]:
    found = {
        (family, name)
        for interface in places(setup, box)
        for (family, way), name in box.ports[interface].acls.items()
        if way in WAYS and not is_ours(name)
    }
    return sorted(found)


def _neighbors(device: Device, box: Box) -> Diagnosis:
    stated = [str(n.address) for n in device.neighbors if n.vrf in ("", "default")]
    absent = [address for address in stated if address not in box.peers]
    if absent:
        return Diagnosis(
            "neighbors",
            False,
            f"router bgp has no neighbor {', '.join(absent)}",
            "correct the neighbors in the inventory, or their VRF",
        )
    return Diagnosis("neighbors", True, f"has all {len(stated)} BGP neighbors of the inventory")


def _loose(setup: Setup, box: Box) -> Diagnosis:
    ports = {name: box.ports[name].loose for name in places(setup, box)}
    lacking = [f"{n} (ipv{f})" for n, some in ports.items() for f in (4, 6) if f not in some]
    if not lacking:
        return Diagnosis("loose uRPF", True, "is on at every edge interface")
    return Diagnosis(
        "loose uRPF",
        False,
        f"the inventory says urpf: loose, but {', '.join(lacking)} does not have it: sources of"
        " that family are blocked by lists",
        "configure `ipv4 verify unicast source reachable-via any` there (and the same for ipv6), or"
        " correct the inventory",
    )


def _spread(box: Box) -> Diagnosis:
    found = sorted({place for _, place in box.spread})
    if not found:
        return Diagnosis("redistribution", True, "nobody redistributes every static route")
    return Diagnosis(
        "redistribution",
        False,
        f"{', '.join(found)} redistributes every static route: discard routes are not written",
        "give its `redistribute static` a route-policy that leaves out the tag of ours",
    )
