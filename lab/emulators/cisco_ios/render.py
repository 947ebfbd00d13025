# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration as `show running-config` prints it, from the first line to `end`.

Order of the parts, one-space indentation and `!` between parts follow what boxes print; the fine
order of parts that the captures do not show is [GUESS]. Groups, lists and routes are sorted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab.emulators.cisco_ios.acls import Acl
from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.sections import interface_lines, section_lines

GROUPS, INTERFACES, ROUTES, ACLS, PREFIX_LISTS = 250, 300, 420, 440, 460
ROUTES6, PREFIX_LISTS6, ACLS6, TIME_RANGES = 500, 510, 550, 610
OTHER = 480
_RANKS = tuple(
    (re.compile(rf"(?:no )?(?:{pattern})(?: |$)"), rank)
    for pattern, rank in (
        ("version", 0),
        ("service", 1),
        ("platform", 2),
        ("hostname", 50),
        ("boot|boot-start-marker|boot-end-marker", 60),
        ("vrf definition", 70),
        ("logging buffered|enable", 90),
        ("aaa", 100),
        ("clock", 110),
        ("ip forward-protocol|ip http|ip ftp|ip tftp", 410),
        ("ip ssh|ip scp", 430),
        ("ip bgp-community|ip as-path|ip community-list", 415),
        ("ip sla", 470),
        ("ip", 120),
        ("ipv6", 130),
        ("key", 140),
        ("crypto", 150),
        ("license", 160),
        ("archive", 165),
        ("username", 170),
        ("redundancy|vlan|spanning-tree", 180),
        ("track", 190),
        ("class-map", 220),
        ("policy-map", 230),
        ("object-group", GROUPS),
        ("router", 400),
        ("logging", 475),
        ("route-map", 520),
        ("snmp-server", 530),
        ("tacacs|tacacs-server|radius|radius-server", 540),
        ("control-plane", 560),
        ("banner", 570),
        ("line", 580),
        ("scheduler", 590),
        ("ntp", 600),
        ("event", 620),
    )
)
Block = tuple[int, str, list[str]]


def running(configuration: Configuration, *, numbers: bool | None = None) -> str:
    """The whole configuration, ending in `end` and a newline.

    Args:
        configuration: what to print.
        numbers: with sequence numbers; None: as the release prints it (see `Quirks`).
    """
    if numbers is None:
        numbers = configuration.quirks.numbers_shown
    lines: list[str] = []
    before: tuple[int, bool] | None = None
    for rank, _, block in sorted(_blocks(configuration, numbers), key=lambda item: item[:2]):
        nested = len(block) > 1 and rank not in (ROUTES, ROUTES6)
        group = rank // 10
        alone = nested and rank != ACLS
        if before is not None and (before[0] != group or before[1] or alone):
            lines.append("!")
        lines += block
        before = group, alone
    return "\n".join([*lines, "!", "end", ""])


def access_lists(configuration: Configuration) -> list[str]:
    """The lines of `show running-config partition access-list`."""
    found = sorted(
        _acl_blocks(configuration, configuration.quirks.numbers_shown), key=lambda item: item[:2]
    )
    return [line for rank, _, block in found if rank == ACLS for line in block]


def _rank(text: str) -> int:
    return next((rank for pattern, rank in _RANKS if pattern.match(text)), OTHER)


def _place(text: str, index: int, first: dict[str, int]) -> str:
    """Where a line stands among those of its rank: as entered, a route-map by its numbers."""
    words = text.split()
    if words[0] != "route-map":
        return f"{index:06}"
    return f"{first.setdefault(words[1], index):06} {int(words[3]):06}"


def _blocks(configuration: Configuration, numbers: bool) -> Iterator[Block]:
    first: dict[str, int] = {}
    for index, section in enumerate(configuration.root.lines.values()):
        inside = list(section_lines(section))
        yield (
            _rank(section.text),
            _place(section.text, index, first),
            [*section.text.split("\n"), *inside],
        )
    for index, (name, section) in enumerate(configuration.interfaces.items()):
        lines = [f" {line}" for line in interface_lines(section)]
        yield INTERFACES, f"{index:06}", [f"interface {name}", *lines]
    for group in configuration.groups.values():
        header = f"object-group {group.kind} {group.name}"
        yield GROUPS, f"group {group.name}", [header, *(f" {line}" for line in group.lines())]
    for key, prefix_list in configuration.prefix_lists.items():
        rank = PREFIX_LISTS if prefix_list.version == 4 else PREFIX_LISTS6
        yield rank, key[1], prefix_list.lines()
    for version, rank in ((4, ROUTES), (6, ROUTES6)):
        found = [
            route for route in configuration.routes.values() if route.prefix.version == version
        ]
        if found:
            ordered = sorted(found, key=lambda route: route.order())
            yield rank, "", [str(route) for route in ordered]
    for name, time_range in configuration.time_ranges.items():
        lines = [f" {line}" for line in time_range.lines()]
        yield TIME_RANGES, name, [f"time-range {name}", *lines]
    yield from _acl_blocks(configuration, numbers)


def _acl_blocks(configuration: Configuration, numbers: bool) -> Iterator[Block]:
    for acl in configuration.acls.values():
        rank = ACLS if acl.version == 4 else ACLS6
        yield rank, acl.name, acl_lines(acl, numbers=numbers)


def acl_lines(acl: Acl, *, numbers: bool) -> list[str]:
    """An access list's section; `numbers`: with sequence numbers."""
    header = "ipv6 access-list" if acl.version == 6 else f"ip access-list {acl.kind}"
    lines = [f"{header} {acl.name}"]
    for number, slot in acl.ordered():
        start = f" {'sequence ' if acl.version == 6 else ''}{number} " if numbers else " "
        lines += [f"{start}remark {remark}" for remark in slot.remarks]
        if slot.ace is not None:
            lines.append(start + slot.ace.text.replace(", wildcard bits", ""))
    return lines
