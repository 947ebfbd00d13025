# SPDX-License-Identifier: GPL-2.0-or-later
"""What a change of ours meets of others: their edits meanwhile, neighbors of links shut. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_interface

from drivers._router.spared import links_of
from drivers.cisco_ios.model import Port
from drivers.cisco_ios.steps import Stage, Step

_VOLATILE = re.compile(r"!.*|Building configuration.*|Current configuration.*|ntp clock-period .*|")
_CLOSING = re.compile(r"neighbor (\S+) shutdown")
_ADDRESS4 = re.compile(r" ip address (\S+) (\d\S+)(?: secondary)?")
_ADDRESS6 = re.compile(r" ipv6 address (\S+/\d+)(?: .*)?")


def edited(before: str, after: str) -> tuple[str, ...]:
    """The lines of two running configurations that only one of them has, ``+`` or ``-`` before.

    Each stands behind the header of its section. What a box prints of itself is left out.
    """
    old, new = Counter(_lines(before)), Counter(_lines(after))
    return (
        *(f"+ {line}" for line in (new - old).elements()),
        *(f"- {line}" for line in (old - new).elements()),
    )


def _lines(text: str) -> Iterator[str]:
    header = ""
    for line in text.replace("\r", "").split("\n"):
        if _VOLATILE.fullmatch(line.strip()):
            continue
        if not line.startswith(" "):
            header = line.strip()
            yield header
        else:
            yield f"{header} / {line.strip()}"


def shut_links(ports: Mapping[str, Port], steps: Iterable[Step]) -> tuple[str, ...]:
    """The networks of interfaces that are down, or that `steps` shut; neighbors that they shut."""
    down = {name for name, port in ports.items() if port.shutdown}
    closed = []
    for step in steps:
        session = _CLOSING.fullmatch(step.line)
        if step.stage is Stage.SHUT and session is not None:
            closed.append(session[1])
        elif step.stage is Stage.SHUT:
            down.add(step.sections[0].removeprefix("interface "))
    links = links_of(sorted(down), {name: tuple(_networks(p)) for name, p in ports.items()})
    return (*links, *closed)


def _networks(port: Port) -> Iterator[str]:
    for line in port.lines:
        told4, told6 = _ADDRESS4.fullmatch(line), _ADDRESS6.fullmatch(line)
        text = f"{told4[1]}/{told4[2]}" if told4 else told6[1] if told6 else ""
        try:
            if text:
                yield str(ip_interface(text).network)
        except ValueError:
            continue  # an address made of a general prefix's name: nobody is spared for it
