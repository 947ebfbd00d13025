# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``birdc -v`` answers, read strictly. Pure.

Each line of an answer begins with four digits and ``-`` (more of it comes) or a space (its last
line), or with five spaces (the digits of the line before); 8xxx and 9xxx are refusals (BIRD's
programmer's documentation, "Command line interface").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from drivers.bird.model import Protocol
from enforcer.core.routes import Route
from enforcer.core.rules import Key
from enforcer.errors import ParseFailed

_LINE = re.compile(r"^(\d{4})([- ])(.*)$")
_READY = re.compile(r"^0001 BIRD (\S+) ready\.$")
_INDENT = " " * 5
_PROMPT = "bird> "
_REDRAWN = re.compile(r"\r(?:\x1b\[K| *\r)")
"""What birdc writes to draw its prompt anew, also where there is no terminal."""
_PROTOCOL = re.compile(r"^(\S+)\s+(\S+)\s+(\S+)\s+(up|down|start|stop|flush)\s+(.*)$")
_TOTAL = re.compile(r"^(?:Total: )?(\d+) of (\d+) routes for \d+ networks in (?:table )?\S+")
_ROUTE = re.compile(r"^(\S+/\d+|\s)\s+[a-z]+ \[(\S+) [^\]]*\]")
_PATH = re.compile(r"^\tBGP\.as_path:(.*)$")
_TABLE = re.compile(r"^Table (\S+):$")
_TIMES = ("Last reboot on ", "Last reconfiguration on ")
_COUNTED = re.compile(r"(\d+) (imported|exported)")
_SHOWN = 80
_CHANNELS = {"Channel ipv4": 4, "Channel ipv6": 6}


@dataclass(frozen=True, slots=True)
class Said:
    """One line of an answer."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; the greeting aside. `version`: of BIRD."""

    lines: tuple[Said, ...]
    version: str = ""

    @property
    def refusal(self) -> str:
        """Why it was refused; "": it was not."""
        return next((line.text for line in self.lines if line.code >= 8000), "")

    def codes(self) -> frozenset[int]:
        """All codes in it."""
        return frozenset(line.code for line in self.lines)

    def text(self) -> str:
        """Its lines."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Status:
    """When it started, and when it last took a configuration: as BIRD writes times."""

    version: str
    started: str
    configured: str


def replies(device: str, raw: bytes) -> list[Reply]:
    """The answers of clients that were each started for one command. Raises ParseFailed."""
    found: list[list[str]] = []
    for line in _lines(raw):
        if _READY.match(line):
            found.append([])
        elif not found:
            raise ParseFailed(device, f"birdc said {line[:_SHOWN]!r}, which is not understood")
        found[-1].append(line)
    return [_reply(device, some) for some in found]


def conversation(device: str, raw: bytes, commands: Sequence[str]) -> list[Reply]:
    """The answers of one client that was told `commands` in turn. Raises ParseFailed."""
    lines = _lines(raw)
    found = [[line for line in lines[:1] if _READY.match(line)]]
    left = list(commands)
    for line in lines[len(found[0]) :]:
        said = line.removeprefix(_PROMPT)
        if line.startswith(_PROMPT) and left and said == left[0]:
            found.append(list(found[0]))
            left.pop(0)
        elif said.strip():
            found[-1].append(said)
    if left or not found[0]:
        said = " ".join(lines[:3])[:_SHOWN]
        raise ParseFailed(device, f"birdc answered {said!r}, which is not understood")
    return [_reply(device, some) for some in found[1:]]


def _lines(raw: bytes) -> list[str]:
    return _REDRAWN.sub("", raw.decode("utf-8", "replace")).split("\n")


def _reply(device: str, lines: Sequence[str]) -> Reply:
    ready = _READY.match(lines[0])
    found: list[Said] = []
    for line in lines[1:]:
        coded = _LINE.match(line)
        if coded is not None:
            found.append(Said(int(coded[1]), coded[3]))
        elif line.startswith(_INDENT) and found:
            found.append(Said(found[-1].code, line[len(_INDENT) :]))
        elif line.strip():
            raise ParseFailed(device, f"birdc said {line[:_SHOWN]!r}, which is not understood")
    return Reply(tuple(found), ready[1] if ready else "")


def status(device: str, reply: Reply) -> Status:
    """The answer to ``show status``."""
    times = []
    for begin in _TIMES:
        found = [s.text[len(begin) :] for s in reply.lines if s.text.startswith(begin)]
        if len(found) != 1:
            raise ParseFailed(device, f"`show status` does not say {begin.strip()!r}")
        times.append(found[0])
    return Status(reply.version, *times)


@dataclass(frozen=True, slots=True)
class Protocols:
    """The BGP protocols, and every protocol that somebody disabled, with the message."""

    bgp: tuple[Protocol, ...]
    down: Mapping[str, str]


def protocols(device: str, reply: Reply) -> Protocols:
    """The answer to ``show protocols all``."""
    found: list[tuple[re.Match[str], list[str]]] = []
    seen = False
    for line in reply.lines:
        if line.code == 2002:
            seen = True
        elif line.code == 1002:
            head = _PROTOCOL.match(line.text)
            if head is None:
                raise ParseFailed(
                    device, f"`show protocols` says {line.text[:_SHOWN]!r}, which is not understood"
                )
            found.append((head, []))
        elif found:
            found[-1][1].append(line.text)
    if not seen:
        raise ParseFailed(device, "`show protocols all` answered without a heading")
    made = (_protocol(device, head, details) for head, details in found if head[2] == "BGP")
    down = {
        head[1]: _said(details).get("Message", "") for head, details in found if head[4] == "down"
    }
    return Protocols(tuple(one for one in made if one is not None), down)


def _said(details: list[str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for line in details:
        key, colon, value = line.strip().partition(":")
        if colon:
            said.setdefault(key, value.strip())
    return said


def _protocol(device: str, head: re.Match[str], details: list[str]) -> Protocol | None:
    said = _said(details)
    if "Neighbor range" in said:
        # One that listens for many: each neighbor gets a protocol of its own.
        return None
    if "BGP state" not in said or "Neighbor address" not in said:
        raise ParseFailed(device, f"`show protocols all` says too little of {head[1]}")
    families = {_CHANNELS[d.strip()] for d in details if d.strip() in _CHANNELS}
    return Protocol(
        head[1],
        _address(device, said["Neighbor address"]),
        said["BGP state"] == "Established",
        head[4] == "down",
        said.get("Message", ""),
        tuple(sorted(families)),
        tuple(details),
    )


def refreshes(protocol: Protocol) -> bool:
    """Whether the neighbor sends its routes again when asked (RFC 2918)."""
    inside = False
    for line in protocol.details:
        if line.startswith("    ") and not line.startswith("     "):
            inside = line.strip() == "Neighbor capabilities"
        elif inside and line.strip() in ("Route refresh", "Enhanced refresh"):
            return True
    return False


def keeps_filtered(protocol: Protocol, family: int) -> bool:
    """Whether rejected routes are kept: ``import keep filtered on`` is in force."""
    inside = False
    for line in protocol.details:
        if line.startswith("  Channel "):
            inside = _CHANNELS.get(line.strip()) == family
        elif inside and line.strip().startswith("Routes:"):
            return " filtered" in line
    return False


def passing_routes(protocol: Protocol) -> dict[tuple[int, Key], int]:
    """How many routes pass, by family and way: of what BIRD counts by itself."""
    found: dict[tuple[int, Key], int] = {}
    family = 0
    for line in protocol.details:
        if line.startswith("  Channel "):
            family = _CHANNELS.get(line.strip(), 0)
        elif family and line.strip().startswith("Routes:"):
            said = {word: int(number) for number, word in _COUNTED.findall(line)}
            found[family, Key.RECEIVED] = said.get("imported", 0)
            found[family, Key.ANNOUNCED] = said.get("exported", 0)
    return found


def _address(device: str, text: str) -> str:
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        raise ParseFailed(device, f"{text[:_SHOWN]!r} is not the address of a neighbor") from None


def count(device: str, reply: Reply) -> int:
    """How many routes the answer to a ``show route ... count`` tells of."""
    totals = [_TOTAL.match(line.text) for line in reply.lines if line.code in (14, 1007)]
    if not totals or any(found is None for found in totals):
        raise ParseFailed(device, f"`show route count` says {reply.text()[:_SHOWN]!r}")
    # The last one is the sum of the tables, or of the only one.
    last = totals[-1]
    return int(last[1]) if last is not None else 0


def routes(device: str, reply: Reply) -> tuple[tuple[str, Route], ...]:
    """(protocol, route) of the answer to a ``show route ... all``; AS sets are flattened."""
    found: list[tuple[str, str, tuple[int, ...]]] = []
    prefix = ""
    for line in reply.lines:
        text = line.text
        path = _PATH.match(text)
        if path is not None and found:
            found[-1] = (*found[-1][:2], _as_numbers(device, path[1]))
        if not text or text.startswith("\t") or _TABLE.match(text):
            continue
        route = _ROUTE.match(text)
        if route is None:
            raise ParseFailed(device, f"`show route` says {text[:_SHOWN]!r}")
        prefix = route[1].strip() or prefix
        found.append((route[2], prefix, ()))
    return tuple((name, _route(device, text, path)) for name, text, path in found)


def _route(device: str, prefix: str, path: tuple[int, ...]) -> Route:
    try:
        return Route(ip_network(prefix), path)
    except ValueError:
        raise ParseFailed(device, f"`show route` names {prefix!r}, which is no prefix") from None


def _as_numbers(device: str, text: str) -> tuple[int, ...]:
    words = re.sub(r"[{}()]", " ", text).split()
    if not all(word.isascii() and word.isdigit() for word in words):
        raise ParseFailed(device, f"the AS path {text[:_SHOWN]!r} is not understood")
    return tuple(map(int, words))
