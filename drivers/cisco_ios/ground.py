# SPDX-License-Identifier: GPL-2.0-or-later
"""What we build on: the inventory's edges as the box has them, the operator's lists there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers._router.names import PREFIX
from drivers.cisco_ios.marks import digests
from drivers.cisco_ios.model import DIRECTIONS, Acl, Box, Port
from drivers.cisco_ios.words import interface_name
from enforcer.core.edges import carries_management, edge_interfaces
from enforcer.core.topology import Device

PERMITS = ("permit", "dynamic", "evaluate")
"""First words of entries that let packets pass, or may."""


@dataclass(frozen=True)
class Layout:
    """What the inventory says of a device, as far as it decides where our lines go.

    `edges`, `managed`: full names of interfaces at the edge, and of those that we come in by.
    `spelt`: full name to the inventory's spelling. `routes`: plain blocks by destination are
    discard routes; `sources`: those drop by source too (uRPF), `loose`: and may be used so.
    `neighbors`: the addresses of BGP neighbors.
    """

    device: str
    edges: tuple[str, ...]
    managed: frozenset[str]
    spelt: Mapping[str, str]
    routes: bool
    sources: bool
    loose: bool
    tag: int = 1145
    timed: bool = False
    neighbors: tuple[str, ...] = ()

    @classmethod
    def of(cls, device: Device, tag: int = 1145, timed: bool = False) -> Layout:
        """From the inventory's entry."""
        return cls(
            device.name,
            tuple(interface_name(i.name) for i in edge_interfaces(device)),
            frozenset(
                interface_name(i.name) for i in device.interfaces if carries_management(device, i)
            ),
            {interface_name(i.name): i.name for i in device.interfaces},
            device.mechanism == "rtbh",
            device.urpf != "",
            device.urpf == "loose",
            tag,
            timed,
            tuple(sorted(str(n.address) for n in device.neighbors)),
        )


@dataclass(frozen=True)
class Ground:
    """Where our denies go on one box.

    `theirs`: by family the operator's lists that are bound at an edge. `free`: by family the
    (interface, direction) where nothing of his is bound. `absent`: edges that are no interfaces
    of the box. `unfit`: lists of his that take no line of ours, and why. `taken`: (family,
    prefix) of his own static routes. `obstacles`: interfaces whose packets pass our lists by,
    and what to do.
    """

    theirs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    free: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    unfit: Mapping[tuple[int, str], str] = field(default_factory=dict)
    taken: frozenset[tuple[int, str]] = frozenset()
    obstacles: Mapping[str, str] = field(default_factory=dict)


def ground(layout: Layout, box: Box) -> Ground:
    """What `box` gives us."""
    theirs: dict[int, list[str]] = {4: [], 6: []}
    free: dict[int, list[tuple[str, str]]] = {4: [], 6: []}
    absent = tuple(name for name in layout.edges if name not in box.ports)
    for name in layout.edges:
        port = box.ports.get(name)
        if port is None or _no_place(port):
            continue
        for family in (4, 6):
            for direction in DIRECTIONS:
                bound = port.bound.get((family, direction), "")
                if not bound or bound.startswith(PREFIX):
                    free[family].append((name, direction))
                elif bound not in theirs[family]:
                    theirs[family].append(bound)
    unfit = {}
    for family, names in theirs.items():
        for name in names:
            why = _unfit(box, family, name) or _managed(layout, box, family, name)
            if why:
                unfit[family, name] = why
    return Ground(
        {family: tuple(names) for family, names in theirs.items()},
        {family: tuple(places) for family, places in free.items()},
        absent,
        unfit,
        box.statics,
        dict(_obstacles(layout, box)),
    )


def _obstacles(layout: Layout, box: Box) -> Iterator[tuple[str, str]]:
    for name in layout.edges:
        why = _no_place(box.ports[name]) if name in box.ports else ""
        if why:
            yield name, why
        for other, port in box.ports.items():
            if other.startswith(f"{name}.") and other not in layout.spelt and not port.shutdown:
                yield (
                    other,
                    f"is a sub-interface of {name} that the inventory does not have: the filters"
                    f" of {name} do not see its packets; add it with what is behind it",
                )


def _no_place(port: Port) -> str:
    """Why no access list of an interface sees its packets; "" one does."""
    for line in map(str.strip, port.lines):
        if line.startswith("channel-group "):
            return (
                f"is a member of Port-channel{line.split()[1]}, where its packets are filtered:"
                " put that into the inventory instead"
            )
        if line == "switchport" or line.startswith(("switchport ", "service instance ")):
            return (
                f"is a layer-2 port ({line}), whose packets are routed elsewhere: put its Vlan or"
                " BDI interface into the inventory instead"
            )
    return ""


def _managed(layout: Layout, box: Box, family: int, name: str) -> str:
    for place in sorted(layout.managed):
        port = box.ports.get(place)
        if port is not None and any(
            (kind, bound) == (family, name) for (kind, _), bound in port.bound.items()
        ):
            return (
                f"is bound to {place} too, which carries management: bind a list of its own there"
            )
    return ""


def _unfit(box: Box, family: int, name: str) -> str:
    acl = box.acls.get((family, name))
    if acl is None or not foreign(acl):
        return (
            "is bound but has no entry, so that it permits everything: a first deny of ours would"
            " make it deny the rest; give it its last line, or unbind it"
        )
    if acl.kind == "standard":
        return "is a standard list, which takes no object-group: make it an extended one"
    if family == 6 and not acl.numbered:
        return (
            "is shown without sequence numbers by this release, so that our lines could not be"
            " told from the operator's: upgrade, or unbind it"
        )
    used = box.elsewhere.get(name)
    if used is not None:
        return f"is used for something else too ({used}): bind a list of its own to the interface"
    return ""


def foreign(acl: Acl) -> list[int]:
    """The indices of the lines that do not bear our name."""
    return [at for at, line in enumerate(acl.lines) if not digests(line)]
