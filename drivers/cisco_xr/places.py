# SPDX-License-Identifier: GPL-2.0-or-later
"""The interfaces of a box where lists are bound, by what the inventory names. Pure.

The traffic of an interface with sub-interfaces is on these, and a list at the parent never sees
it; so they are meant too, unless the inventory says something of them itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.cisco_xr.model import Box, Setup


def places(setup: Setup, box: Box) -> tuple[str, ...]:
    """Interfaces that are there and that take a list, sorted."""
    return tuple(sorted({n for n in _meant(setup, box) if n in box.ports and not why_not(box, n)}))


def misfits(setup: Setup, box: Box) -> tuple[tuple[str, str], ...]:
    """(interface, why no list of ours can be there) of those that are meant."""
    found = []
    for name in dict.fromkeys(_meant(setup, box)):
        if name not in box.ports:
            why = (
                "the inventory names it, but the device has no configuration of it: correct its"
                " name or take it out of the inventory"
            )
        else:
            why = why_not(box, name)
        if why:
            found.append((name, why))
    return tuple(found)


def below(name: str, box: Box) -> tuple[str, ...]:
    """The configured sub-interfaces of `name`, sorted."""
    return tuple(sorted(other for other in box.ports if other.startswith(f"{name}.")))


def why_not(box: Box, name: str) -> str:
    """Why an interface that is there takes no list, "" it does."""
    port = box.ports[name]
    if port.bundle:
        return (
            f"it is a member of {port.bundle}, where its packets are routed: name that in the"
            " inventory instead"
        )
    if port.layer2:
        return (
            "it is l2transport, where no ipv4 or ipv6 access-list works: name the interface that"
            " routes its packets (a BVI) in the inventory instead"
        )
    return ""


def carries_management(setup: Setup, name: str) -> bool:
    """Whether management comes in there, or through a sub-interface of it."""
    return any(m == name or m.startswith(f"{name}.") for m in setup.managed)


def _meant(setup: Setup, box: Box) -> Iterator[str]:
    for name in setup.edges:
        yield name
        yield from (sub for sub in below(name, box) if sub not in setup.named)
