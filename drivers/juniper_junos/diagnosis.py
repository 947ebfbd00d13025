# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a Junos router."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.juniper_junos.console import Console
from drivers.juniper_junos.model import Box
from drivers.juniper_junos.names import FAMILIES
from drivers.juniper_junos.reading import read_box, sections
from drivers.juniper_junos.render import groups
from drivers.juniper_junos.setup import Setup
from drivers.juniper_junos.shape import Shut, edge_places, shape
from drivers.juniper_junos.way import Way
from enforcer.core.rules import HOLD_MARKER, Key, Rule
from enforcer.driver_api import Diagnosis
from enforcer.errors import DeviceBusy, EnforcerError

_LOOSE = "show configuration interfaces | display set | match rpf-check"
_KNOB = "show configuration forwarding-options | display set | match rpf-loose-mode-discard"


def diagnose(setup: Setup, way: Way) -> tuple[Diagnosis, ...]:
    """Most important first; stops where nothing more can be asked. Never raises."""
    try:
        console = Console(setup.device, way.open())
    except EnforcerError as error:
        advice = "correct its transport, its credentials or the way to it"
        return (Diagnosis("reachable", False, str(error), advice),)
    found = [Diagnosis("reachable", True, f"logged in at {way.options.host}")]
    try:
        found += _configuration(console, setup)
        found += _editing(console)
        if setup.urpf == "loose":
            found += _loose(console)
    except EnforcerError as error:
        advice = "look at the box, and run the diagnosis again"
        found.append(Diagnosis("conversation", False, str(error), advice))
    finally:
        console.close()
    return tuple(found)


def _configuration(console: Console, setup: Setup) -> Iterator[Diagnosis]:
    box, _ = read_box(console, setup, sections(setup))
    yield Diagnosis("configuration", True, f"{len(box.families)} units read")
    # As if a rule of each family were there: what would keep it from being enforced.
    rules = [Rule(family, Key.SOURCE) for family in FAMILIES]
    probes = {group.name: rule for rule in rules for group in groups(rule)}
    yield from _interfaces(setup, box, shape(setup, box, probes, {}, Shut()).problems)
    yield from _neighbors(setup, box)
    yield from _exported(setup, box)
    if box.hold:
        yield Diagnosis(
            "marker",
            False,
            f"{HOLD_MARKER} is there: nothing is written",
            f"when it may be written to again: delete what is called {HOLD_MARKER}",
        )


def _interfaces(setup: Setup, box: Box, problems: dict[str, str]) -> Iterator[Diagnosis]:
    if problems:
        path, why = next(iter(problems.items()))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        yield Diagnosis("interfaces", False, f"{path}: {why}{more}", "see there")
        return
    number = len(list(edge_places(setup, box)))
    yield Diagnosis(
        "interfaces",
        number > 0,
        f"filters are bound at {number} places of {len(setup.edges)} interfaces",
        "" if number else "say in the inventory what is behind its edge interfaces",
    )


def _neighbors(setup: Setup, box: Box) -> Iterator[Diagnosis]:
    absent = [n for n in setup.neighbors if n not in box.neighbors]
    if absent:
        yield Diagnosis(
            "neighbors",
            False,
            f"{', '.join(absent[:5])} not configured as a BGP neighbor of the main instance",
            "correct the neighbors of this device in the inventory",
        )


def _exported(setup: Setup, box: Box) -> Iterator[Diagnosis]:
    if box.exported:
        yield Diagnosis(
            "discard routes",
            False,
            f"`{box.exported[0]}` takes every static route, ours too: no discard route is written,"
            " filters hold the blocks",
            f"reject in its first term what is `from tag {setup.tag}`",
        )


def _editing(console: Console) -> Iterator[Diagnosis]:
    log = console.commits()
    if log.pending:
        yield Diagnosis(
            "commits",
            False,
            f"a commit by {log.pending} waits for its confirmation",
            "confirm it, or wait until it is rolled back: nothing is written until then",
        )
    try:
        console.lock()
    except DeviceBusy as error:
        yield Diagnosis(
            "editing", False, error.message, "commit or discard those edits; it is tried again"
        )
        return
    except EnforcerError as error:
        advice = "give our login class the permissions of docs/platforms/juniper-junos.md"
        yield Diagnosis("editing", False, str(error), advice)
        return
    console.unlock()
    yield Diagnosis("editing", True, "`configure exclusive` is allowed, nobody else edits")


def _loose(console: Console) -> Iterator[Diagnosis]:
    loose = "mode loose" in console.show(_LOOSE)
    knob = "rpf-loose-mode-discard" in console.show(_KNOB)
    advice = (
        "configure `rpf-check mode loose` at the edge and `forwarding-options"
        " rpf-loose-mode-discard`, or take `urpf` out of the inventory: until then sources of"
        " blocked addresses get through"
    )
    said = f"rpf-check mode loose {'is' if loose else 'is not'} configured"
    said += f", rpf-loose-mode-discard {'is' if knob else 'is not'}"
    yield Diagnosis("uRPF", loose and knob, said, "" if loose and knob else advice)
