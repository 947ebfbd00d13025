# SPDX-License-Identifier: GPL-2.0-or-later
"""The `show` commands, and the filters behind `|`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios import show_bgp, show_box, show_lists
from lab.emulators.cisco_ios.words import Incomplete, InvalidInput, Words
from lab.emulators.shell import Reply

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.exec_shell import ExecShell
    from lab.emulators.cisco_ios.router import Router

FILTERS = ("append", "begin", "count", "exclude", "include", "redirect", "section", "tee")


def piped(text: str, tail: str, start: int) -> str:
    """`text` through `begin`, `include`, `exclude`, `section` or `count`.

    Args:
        text: the output.
        tail: what stands behind the bar.
        start: the tail's column on the typed line.
    """
    words = Words(tail)
    try:
        kind = words.expect(*FILTERS)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.column + start) from None
    pattern = words.rest()
    if not pattern:
        raise Incomplete
    try:
        wanted = re.compile(pattern)
    except re.error:
        raise InvalidInput(start + tail.index(pattern)) from None
    lines = text.split("\n")
    if kind == "section":
        return show_box.section(text, pattern)
    if kind == "begin":
        first = next((index for index, line in enumerate(lines) if wanted.search(line)), None)
        return "" if first is None else "\n".join(lines[first:])
    if kind == "count":
        found = sum(1 for line in lines if wanted.search(line))
        return f"Number of lines which match regexp = {found}"
    keep = kind != "exclude"
    return "\n".join(line for line in lines if bool(wanted.search(line)) is keep)


def interface_config(shell: ExecShell, words: list[str]) -> Reply:
    """`show running-config interface X`."""
    try:
        return Reply(show_box.interface_config(shell.router, words[0]))
    except InvalidInput:
        raise InvalidInput(len("show running-config interface ")) from None


def ip_interface(version: int) -> Action:
    """`show ip interface X`."""

    def show(shell: ExecShell, words: list[str]) -> Reply:
        try:
            return Reply(show_box.ip_interface(shell.router, words[0], version))
        except InvalidInput:
            raise InvalidInput(len("show ip interface ")) from None

    return show


def privilege(shell: ExecShell, words: list[str]) -> Reply:
    """`show privilege`."""
    return Reply(f"Current privilege level is {15 if shell.privileged else 1}")


def users(shell: ExecShell, words: list[str]) -> Reply:
    """`show users`."""
    return Reply(show_box.users(shell.router, shell.vty))


def _show(text: Callable[[Router], str]) -> Action:
    return lambda shell, words: Reply(text(shell.router))


def _show_named(text: Callable[[Router, str], str]) -> Action:
    return lambda shell, words: Reply(text(shell.router, words[0]))


Action = Callable[["ExecShell", list[str]], Reply]
COMMANDS: list[tuple[str, Action]] = [
    ("show running-config", _show(show_box.running_config)),
    ("show running-config partition access-list", _show(show_box.partition_access_list)),
    ("show running-config interface ...", interface_config),
    ("show startup-config", _show(show_box.startup_config)),
    ("show version", _show(show_box.version)),
    ("show clock", _show(show_box.clock)),
    ("show clock detail", _show(show_box.clock)),
    ("show users", users),
    ("show privilege", privilege),
    ("show archive", _show(show_box.archive)),
    ("show archive config differences", _show(show_box.differences)),
    ("show archive config rollback timer", _show(show_box.rollback_timer)),
    ("show configuration lock", _show(show_box.configuration_lock)),
    ("show access-lists", _show(lambda router: show_lists.access_lists(router, 4))),
    (
        "show access-lists WORD",
        _show_named(lambda router, n: show_lists.access_lists(router, 4, n)),
    ),
    ("show ip access-lists", _show(lambda router: show_lists.access_lists(router, 4))),
    (
        "show ip access-lists WORD",
        _show_named(lambda router, name: show_lists.access_lists(router, 4, name)),
    ),
    ("show ipv6 access-list", _show(lambda router: show_lists.access_lists(router, 6))),
    (
        "show ipv6 access-list WORD",
        _show_named(lambda router, name: show_lists.access_lists(router, 6, name)),
    ),
    ("show object-group", _show(show_lists.object_groups)),
    ("show object-group WORD", _show_named(show_lists.object_groups)),
    ("show object-group name WORD", _show_named(show_lists.object_groups)),
    ("show ip prefix-list", _show(lambda router: show_lists.prefix_lists(router, 4))),
    (
        "show ip prefix-list WORD",
        _show_named(lambda router, name: show_lists.prefix_lists(router, 4, name)),
    ),
    ("show ipv6 prefix-list", _show(lambda router: show_lists.prefix_lists(router, 6))),
    (
        "show ipv6 prefix-list WORD",
        _show_named(lambda router, name: show_lists.prefix_lists(router, 6, name)),
    ),
    ("show route-map", _show(show_lists.route_maps)),
    ("show route-map WORD", _show_named(show_lists.route_maps)),
    ("show ip as-path-access-list", _show(show_lists.as_path_lists)),
    ("show ip as-path-access-list WORD", _show_named(show_lists.as_path_lists)),
    ("show time-range", _show(show_lists.time_ranges)),
    ("show time-range WORD", _show_named(show_lists.time_ranges)),
    ("show ip route static", _show(lambda router: show_lists.static_routes(router, 4))),
    ("show ipv6 route static", _show(lambda router: show_lists.static_routes(router, 6))),
    ("show ip interface", _show(lambda router: show_box.ip_interface(router, None, 4))),
    ("show ip interface brief", _show(show_box.ip_interface_brief)),
    ("show ip interface ...", ip_interface(4)),
    ("show ipv6 interface", _show(lambda router: show_box.ip_interface(router, None, 6))),
    ("show ipv6 interface ...", ip_interface(6)),
    ("show ip bgp summary", _show(lambda router: show_bgp.summary(router, 4))),
    ("show bgp summary", _show(lambda router: show_bgp.summary(router, 4))),
    ("show bgp ipv4 unicast summary", _show(lambda router: show_bgp.summary(router, 4))),
    ("show bgp ipv6 unicast summary", _show(lambda router: show_bgp.summary(router, 6))),
    ("show ip bgp neighbors", _show(show_bgp.neighbors)),
    ("show ip bgp neighbors WORD", _show_named(show_bgp.neighbors)),
    ("show bgp neighbors", _show(show_bgp.neighbors)),
    ("show bgp neighbors WORD", _show_named(show_bgp.neighbors)),
    ("show bgp ipv4 unicast neighbors WORD", _show_named(show_bgp.neighbors)),
    ("show bgp ipv6 unicast neighbors WORD", _show_named(show_bgp.neighbors)),
]
