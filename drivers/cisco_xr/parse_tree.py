# SPDX-License-Identifier: GPL-2.0-or-later
"""The indented text of ``show running-config``, as blocks. Pure.

Every block at the top ends with a line ``!``, prefix-sets and route-policies with their closer
before it: a block without its end was cut, and is no configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from enforcer.errors import ParseFailed

NOTHING = re.compile(r"(?m)\A\s*% No such configuration item\(s\)\s*\Z")
_CLOSED = {"prefix-set": "end-set", "route-policy": "end-policy", "community-set": "end-set"}
_CLOSED |= {"as-path-set": "end-set", "extcommunity-set": "end-set", "rd-set": "end-set"}
_KNOWN = re.compile(
    r"^(?:object-group (?:network ipv[46]|port) \S+"
    r"|ipv[46] access-list \S+"
    r"|interface (?:preconfigure )?\S+(?: (?:l2transport|point-to-point))?"
    r"|router static"
    r"|router (?:ospf|ospfv3|isis|rip|eigrp)(?: \S+)?"
    r"|router bgp \d+(?:\.\d+)?(?: instance \S+)?"
    r"|prefix-set \S+"
    r"|route-policy \S+(?: ?\([^)]*\))?"
    r"|(?:community|as-path|extcommunity|rd)-set .*)$"
)


@dataclass(frozen=True)
class Block:
    """A line and what is indented below it."""

    line: str
    children: tuple[Block, ...] = ()

    @property
    def words(self) -> list[str]:
        """The words of the line."""
        return self.line.split()


def blocks(device: str, text: str) -> list[Block]:
    """The blocks at the top of the sections that we ask for.

    Raises ParseFailed for a line that does not belong there, and for a block without its end.
    """
    found: list[Block] = []
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n")]
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if not line or line.startswith("!") or NOTHING.match(line):
            continue
        if not _KNOWN.match(line):
            raise ParseFailed(device, f"running configuration: {line[:80]!r} is not understood")
        end = _end(device, lines, at, line)
        closer = _CLOSED.get(line.split()[0])
        body = lines[at:end]
        inner = _flat(body) if closer else _tree(device, line, body)
        found.append(Block(line, inner))
        at = end + 1
    return found


def _end(device: str, lines: list[str], at: int, header: str) -> int:
    closer = _CLOSED.get(header.split(maxsplit=1)[0], "!")
    for number in range(at, len(lines)):
        line = lines[number]
        if line == closer:
            return number
        if line and not line.startswith((" ", "!")) and closer == "!":
            break
    raise ParseFailed(device, f"running configuration: {header!r} has no end ({closer})")


def _flat(body: list[str]) -> tuple[Block, ...]:
    return tuple(Block(" ".join(line.split())) for line in body if line.strip())


def _tree(device: str, header: str, body: list[str]) -> tuple[Block, ...]:
    rows = [(len(line) - len(line.lstrip()), line.strip()) for line in body if line.strip()]
    rows = [(indent, text) for indent, text in rows if text != "!"]
    if any(indent == 0 for indent, _ in rows):
        raise ParseFailed(device, f"running configuration: {header!r} has a line at the margin")
    return _children(rows)


def _children(rows: list[tuple[int, str]]) -> tuple[Block, ...]:
    found: list[Block] = []
    at = 0
    while at < len(rows):
        indent, text = rows[at]
        end = at + 1
        while end < len(rows) and rows[end][0] > indent:
            end += 1
        found.append(Block(text, _children(rows[at + 1 : end])))
        at = end
    return tuple(found)
