# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading a router: the sections that concern us, whole and of one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drivers.juniper_junos.answers import Commits
from drivers.juniper_junos.console import Console
from drivers.juniper_junos.model import Box
from drivers.juniper_junos.parse import lines_of, parse
from drivers.juniper_junos.setup import Setup
from enforcer.errors import ParseFailed, StaleState

_ATTEMPTS = 3
POLICY = ("policy-options", "ENF|^deactivate")
_POLICIES = ("policy-options", "ENF|^deactivate| policy-statement ")
ROUTING = ("routing-options", " static route | rib |^deactivate")
_SECTIONS = (
    ("firewall", "ENF|^deactivate"),
    ("interfaces", " unit | disable|^deactivate"),
    ROUTING,
    ("protocols bgp", "neighbor| import | export |^deactivate"),
    (
        "",
        "^set groups [^ ]+ (interfaces|protocols|firewall|policy-options) | apply-groups "
        "|^deactivate groups |^deactivate .*apply-groups| interface-range "
        "|^set protocols (ospf|ospf3|isis|rip|ripng) .*export ",
    ),
)
"""Section ("": all) and what of it concerns us, as ``| match`` takes it."""

Section = tuple[str, str]


def sections(setup: Setup) -> tuple[Section, ...]:
    """All that concerns us; the operator's own policies only where they may take our routes."""
    return (_POLICIES if setup.rtbh else POLICY, *_SECTIONS)


def read_box(console: Console, setup: Setup, wanted: Iterable[Section]) -> tuple[Box, Commits]:
    """What the sections `wanted` hold, and the commit log for which that is true.

    Raises ParseFailed, and StaleState when somebody commits all the time.
    """
    for _ in range(_ATTEMPTS):
        before = console.commits()
        try:
            lines = [line for section in wanted for line in _lines(console, section)]
        except ParseFailed:
            # Somebody committed between an answer and its count, or it really was cut.
            if console.commits().digest == before.digest:
                raise
            continue
        if console.commits().digest == before.digest:
            return parse(setup.device, lines, setup.tag), before
    raise StaleState(setup.device, "somebody commits all the time while it is read")


def _lines(console: Console, section: Section) -> Iterator[str]:
    name, match = section
    pipes = f'display set | match "{match}"'
    text = console.configuration(name, pipes)
    yield from lines_of(console.device, text, console.configuration(name, f"{pipes} | count"))
