# SPDX-License-Identifier: GPL-2.0-or-later
"""`show` of lists, groups, ranges and routes, in the form of the captures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios.acls import Acl
from lab.emulators.cisco_ios.traffic import range_active
from lab.emulators.cisco_ios.words import Refusal

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.router import Router


def access_lists(router: Router, version: int, name: str | None = None) -> str:
    """`show ip access-lists [NAME]`, `show ipv6 access-list [NAME]` [corpus; v6 form DOC].

    A name that does not exist gives nothing.
    """
    found = [
        acl
        for (family, known), acl in sorted(router.configuration.acls.items())
        if family == version and name in (None, known)
    ]
    return "\n".join(line for acl in found for line in _acl(router, acl))


def _acl(router: Router, acl: Acl) -> Iterable[str]:
    titles = {"extended": "Extended IP", "standard": "Standard IP", "ipv6": "IPv6"}
    yield f"{titles[acl.kind]} access list {acl.name}"
    for number, slot, ace in acl.entries():
        text = ace.text
        if ace.time_range:
            active = range_active(router.configuration, ace.time_range, router.clock.wall())
            state = "active" if active else "inactive"
            shown = f"time-range {ace.time_range}"
            text = text.replace(shown, f"{shown} ({state})", 1)
        hits = f" ({slot.hits} match{'' if slot.hits == 1 else 'es'})" if slot.hits else ""
        if acl.version == 6:
            yield f"    {text}{hits} sequence {number}"
        else:
            yield f"    {number} {text}{hits}"


def object_groups(router: Router, name: str | None = None) -> str:
    """`show object-group [NAME]` [corpus show_object-group]."""
    titles = {"network": "Network", "v6-network": "V6-Network"}
    lines: list[str] = []
    for known, group in sorted(router.configuration.groups.items()):
        if name not in (None, known):
            continue
        lines.append(f"{titles[group.kind]} object group {known}")
        lines += [f" {line[:1].upper()}{line[1:]}" if line.startswith("description ") else
                  f" {line}" for line in group.lines()]  # fmt: skip
    return "\n".join(lines)


def prefix_lists(router: Router, version: int, name: str | None = None) -> str:
    """`show ip prefix-list [NAME]` [corpus show_ip_prefix-list]."""
    command = "ip" if version == 4 else "ipv6"
    lists = sorted(router.configuration.prefix_lists.items())
    found = [entry for key, entry in lists if key[0] == version and name in (None, key[1])]
    if name is not None and not found:
        raise Refusal(f"% Can't find prefix-list {name}\n")  # [GUESS]
    lines: list[str] = []
    for prefix_list in found:
        entries = prefix_list.ordered()
        lines.append(f"{command} prefix-list {prefix_list.name}: {len(entries)} entries")
        if prefix_list.description:
            lines.append(f"   Description: {prefix_list.description}")
        lines += [f"   seq {number} {entry}" for number, entry in entries]
    return "\n".join(lines)


def route_maps(router: Router, name: str | None = None) -> str:
    """`show route-map [NAME]` [DOC]; hits of policy routing are always 0 here."""
    shown = sorted(
        (section.text.split()[1:] for section in router.configuration.root.lines.values()
         if section.text.startswith("route-map ")),
        key=lambda words: (words[0], int(words[2])),
    )  # fmt: skip
    lines: list[str] = []
    for known, action, number in shown:
        if name not in (None, known):
            continue
        inside = router.configuration.root.lines[f"route-map {known} {action} {number}"].lines
        lines += [f"route-map {known}, {action}, sequence {number}", "  Match clauses:"]
        lines += [_clause(text) for text in inside if text.startswith("match ")]
        lines.append("  Set clauses:")
        lines += [f"    {text.removeprefix('set ')}" for text in inside if text.startswith("set ")]
        lines.append("  Policy routing matches: 0 packets, 0 bytes")
    if name is not None and not lines:
        raise Refusal(f"route-map {name} not found\n")  # [GUESS]
    return "\n".join(lines)


def _clause(text: str) -> str:
    """`match ip address prefix-list A B` is shown as `ip address prefix-lists: A B ` [DOC]."""
    words = text.removeprefix("match ").split()
    for count, plural in ((3, "prefix-lists"), (2, "address (access-lists)")):
        if words[1:2] == ["address"] and (words[2:3] == ["prefix-list"]) == (count == 3):
            head = f"{words[0]} address {plural}" if count == 3 else f"{words[0]} {plural}"
            return f"    {head}: {' '.join(words[count:])} "
    if words[:1] == ["as-path"]:
        return f"    as-path (as-path filter): {' '.join(words[1:])} "
    return f"    {' '.join(words)}"


def as_path_lists(router: Router, name: str | None = None) -> str:
    """`show ip as-path-access-list [N]` [DOC]."""
    found: dict[int, list[str]] = {}
    for words in router.configuration.root.words("ip as-path access-list "):
        if name in (None, words[3]):
            found.setdefault(int(words[3]), []).append(f"    {' '.join(words[4:])}")
    return "\n".join(
        line
        for number, entries in sorted(found.items())
        for line in (f"AS path access list {number}", *entries)
    )


def time_ranges(router: Router, name: str | None = None) -> str:
    """`show time-range [NAME]` [DOC]."""
    now = router.clock.wall()
    lines: list[str] = []
    for known, time_range in sorted(router.configuration.time_ranges.items()):
        if name not in (None, known):
            continue
        state = "active" if time_range.active(now) else "inactive"
        lines.append(f"time-range entry: {known} ({state})")
        lines += [f"   {line}" for line in time_range.lines()]
        lines += [
            "   used in: IP ACL entry" if acl.version == 4 else "   used in: IPv6 ACL entry"
            for acl in router.configuration.acls.values()
            for _, _, ace in acl.entries()
            if ace.time_range == known
        ]
    return "\n".join(lines)


def static_routes(router: Router, version: int) -> str:
    """`show ip route static`, `show ipv6 route static`: the codes are shortened [DOC]."""
    routes = sorted(
        (route for route in router.configuration.routes.values() if not route.vrf),
        key=lambda route: route.order(),
    )
    lines = ["Codes: L - local, C - connected, S - static, R - RIP, M - mobile, B - BGP", ""]
    if version == 4:
        lines += ["Gateway of last resort is not set", ""]
    for route in routes:
        if route.prefix.version != version:
            continue
        how = "is directly connected, Null0" if route.discards else f"via {route.target}"
        distance = "" if route.discards else f"[{route.distance}/0] "
        if version == 4:
            lines.append(f"S        {route.prefix} {distance}{how}")
        else:
            lines += [
                f"S   {str(route.prefix).upper()} [{route.distance}/0]",
                "     via Null0, directly connected" if route.discards else f"     {how}",
            ]
    return "\n".join(lines)
