# SPDX-License-Identifier: GPL-2.0-or-later
"""Lines inside sections that are kept as typed: `router bgp`, route-maps, archive, the rest."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from lab.emulators.cisco_ios.bgp import is_known
from lab.emulators.cisco_ios.configuration import Configuration
from lab.emulators.cisco_ios.modes import Mode
from lab.emulators.cisco_ios.route_filters import KINDS
from lab.emulators.cisco_ios.sections import Section
from lab.emulators.cisco_ios.words import Refusal, Words

UNKNOWN_NEIGHBOR = "% Specify remote-as or peer-group commands first\n"  # [GUESS]
BOTH_LISTS = "% Prefix-list and distribute-list cannot be configured together\n"  # [GUESS]
_EITHER = {"prefix-list": "distribute-list", "distribute-list": "prefix-list"}
# A second line of these adds its names to the first [GUESS, well known].
_ADDITIVE = (
    "match ip address prefix-list",
    "match ipv6 address prefix-list",
    "match ip address",
    "match as-path",
    "match community",
)


def section_line(
    configuration: Configuration, mode: Mode, words: Words, *, negated: bool, literal: bool
) -> None:
    """A line of a section that is kept as typed; what binds filters to neighbors is checked."""
    section = configuration.root.path(mode.path)
    if words.peek() == "neighbor":
        router = configuration.root.path(mode.path[:1])
        _neighbor_line(router, section, words, negated=negated, literal=literal)
        return
    if words.peek() == "match" and mode.prompt == "config-route-map":
        _match_line(section, words.rest(), negated=negated)
        return
    if words.peek() == "maximum" and mode.prompt == "config-archive" and not negated:
        words.take()
        text = f"maximum {words.number(1, 14)}"
        words.end()
    else:
        text = words.rest()
    if negated:
        section.negate(text, literal=literal)
    else:
        section.enter(text)


def _neighbor_line(
    router: Section, section: Section, words: Words, *, negated: bool, literal: bool
) -> None:
    text = _neighbor(words, negated=negated)
    who, what, *rest = [*text.split()[1:], ""]
    if negated:
        section.negate(text, literal=literal)
        if section is router and what in ("", "remote-as"):
            _forget(router, who)
        return
    if not literal:
        if what not in ("remote-as", "peer-group") and not is_known(router, who):
            raise Refusal(UNKNOWN_NEIGHBOR)
        other = _EITHER.get(what)
        if other and any(
            line[:3] == ["neighbor", who, other] and line[4:5] == rest[1:2]
            for line in section.words("neighbor ")
        ):
            raise Refusal(BOTH_LISTS)
    section.enter(text)


def _forget(router: Section, who: str) -> None:
    """A neighbor that is removed takes its lines in every address family with it [GUESS]."""
    for part in (router, *router.lines.values()):
        for text in [text for text in part.lines if text.startswith(f"neighbor {who} ")]:
            del part.lines[text]


def _neighbor(words: Words, *, negated: bool) -> str:
    """`neighbor N ...` as shown; what the emulator has a meaning for is read to the end."""
    words.take()
    who = words.take()
    if who[0].isdigit() or ":" in who:
        who = _shown(who, words)
    if negated and not words:
        return f"neighbor {who}"
    what = words.take()
    if what in KINDS:
        name, direction = words.take(), words.expect("in", "out")
        words.end()
        return f"neighbor {who} {what} {name} {direction}"
    if what == "shutdown":
        if words.peek() != "graceful":
            words.end()
    elif what == "remote-as" and not (negated and not words):
        number = words.number(1, 2**32 - 1)
        words.end()
        return f"neighbor {who} remote-as {number}"
    return f"neighbor {who} {what} {words.rest()}".rstrip()


def _shown(who: str, words: Words) -> str:
    """A neighbor's address as the box shows it: IPv6 in capitals [corpus]."""
    for family in (IPv4Address, IPv6Address):
        try:
            return str(family(who)).upper()
        except ValueError:
            continue
    raise words.invalid(back=1)


def _match_line(section: Section, text: str, *, negated: bool) -> None:
    text = " ".join(text.split())
    start = next((start for start in _ADDITIVE if text.startswith(f"{start} ")), "")
    present = next((line for line in section.lines if _extends(line, start)), "")
    if not start or not present:
        if negated:
            section.negate(text)
        else:
            section.enter(text)
        return
    typed = text.removeprefix(start).split()
    names = present.removeprefix(start).split()
    left = [one for one in names if one not in typed] if negated else list(
        dict.fromkeys([*names, *typed])
    )  # fmt: skip
    del section.lines[present]
    if left:
        section.enter(f"{start} {' '.join(left)}")


def _extends(line: str, start: str) -> bool:
    """Whether `line` is of the kind `start`; `match ip address` is not its prefix-list form."""
    if not start or not line.startswith(f"{start} "):
        return False
    return start.endswith("prefix-list") or not line.startswith(f"{start} prefix-list ")
