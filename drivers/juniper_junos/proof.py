# SPDX-License-Identifier: GPL-2.0-or-later
"""What must be true before a structural change is confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network

from drivers._ssh.reachability import unproved
from drivers.juniper_junos.batches import Work
from drivers.juniper_junos.commands import edits
from drivers.juniper_junos.console import Console
from drivers.juniper_junos.model import bound, ours
from drivers.juniper_junos.reading import read_box, sections
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.way import Way
from enforcer.errors import DeviceError, EnforcerError


def flaw(setup: Setup, way: Way, work: Work, up: Mapping[str, int]) -> str:
    """Why the change must not stay; "": it may.

    A fresh login works; after the hold time every BGP adjacency that was up (`up`) is up,
    those that go down on purpose aside; a second connection sees what was to be committed.
    """
    expected = {n: number for n, number in up.items() if not _within(n, work.spared)}
    if expected and setup.hold_time:
        why = way.login()
        if why:
            return f"after the change {why}"
        way.clock.sleep(setup.hold_time)
    try:
        second = Console(setup.device, way.second())
    except EnforcerError as error:
        return f"after the change {unproved(error)}"
    try:
        return _lost(second, expected) or _unlike(second, setup, work)
    except DeviceError as error:
        return f"after the change it could not be read: {error}"
    finally:
        second.close()


def _lost(console: Console, expected: Mapping[str, int]) -> str:
    now = console.adjacencies()
    lost = sorted(n for n, number in expected.items() if now.get(n, 0) < number)
    return f"after the change BGP lost {', '.join(lost[:5])}" if lost else ""


def _within(address: str, networks: Iterable[str]) -> bool:
    return any(ip_address(address) in ip_network(network) for network in networks)


def _unlike(console: Console, setup: Setup, work: Work) -> str:
    """How the committed configuration differs from what `work` leads to."""
    goal = work.goal
    box, _ = read_box(console, setup, sections(setup))
    if work.last:
        left = next(edits(box, goal, setup.tag).lines(), "")
        return f"after the change `{left}` would still be needed" if left else ""
    for path, lines in goal.items.items():
        if box.items.get(path) != lines:
            return f"after the change `{path}` is not as it was committed"
    for place, bound_there in goal.places.items():
        ordered = any(ours(bound(line)) for line in bound_there if " " in line)
        if ordered and box.places.get(place) != bound_there:
            return f"after the change `{place.path}` is not as it was committed"
    return ""
