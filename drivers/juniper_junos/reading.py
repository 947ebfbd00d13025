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
ROUTING = ("routing-options", " static route | rib |^deactivate")
SECTIONS = (
    POLICY,
    ("firewall", "ENF|^deactivate"),
    ("interfaces", " unit | disable|^deactivate"),
    ROUTING,
    ("protocols bgp", "neighbor| import | export |^deactivate"),
    (
        "",
        "^set groups [^ ]+ (interfaces|protocols|firewall|policy-options) | apply-groups "
        "|^deactivate groups |^deactivate .*apply-groups| interface-range ",
    ),
)
"""Section ("": all) and what of it concerns us, as ``| match`` takes it."""

Section = tuple[str, str]


def read_box(console: Console, setup: Setup, sections: Iterable[Section]) -> tuple[Box, Commits]:
    """What `sections` hold, and the commit log for which that is true.

    Raises ParseFailed, and StaleState when somebody commits all the time.
    """
    for _ in range(_ATTEMPTS):
        before = console.commits()
        try:
            lines = [line for section in sections for line in _lines(console, section)]
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
