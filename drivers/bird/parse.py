# SPDX-License-Identifier: GPL-2.0-or-later
"""Our include file, read strictly. Pure.

What is not as we write it is an item of its own, under the name of what it says, so that it is
seen, kept while it is left out of a plan, and taken away when it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_network

from drivers.bird.model import IncludeFile
from drivers.bird.names import HEADER, OWNER, SHUT, STATE
from drivers.bird.render import HEADER_TEXT, PLACEHOLDER, union_of
from enforcer.core.intervals import Ranges, merge, rows_of
from enforcer.core.routes import BITS, RouteEntry, entries
from enforcer.core.rules import HOLD_MARKER, Owner, Rule
from enforcer.errors import ParseFailed

_ENTRY = re.compile(r"^  ([0-9a-f.:]+/\d{1,3})\{(\d{1,3}),(\d{1,3})\}(,?)$")
_NOTE = re.compile(r"^# (ENF_[0-9a-f]{12}) is of (.*)$")
_DEFINE = re.compile(r"^define (\w+) = (.*)$")
_FUNCTION = re.compile(r"^function (\w+)\(\)$")
_SUM = re.compile(r'^define (ENF_[0-9a-f]{12})_SUM = "(\w*)";$')
_TEXT = re.compile(r'^define \w+ = "([^"]*)";\n$')
_MARK = re.compile(r"^(\S+) (\d{1,18}) (\d{1,18}) ([0-9a-f]{8}|-)$")
_SHOWN = 60
_HEADER = HEADER_TEXT.splitlines()


def include_file(device: str, raw: bytes) -> IncludeFile:
    """What our file says. Raises ParseFailed where it is no text at all."""
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise ParseFailed(
            device, "our include file is not plain text: put the old one back, or empty it"
        ) from None
    items: dict[str, str] = {}
    holds: list[str] = []
    for name, block in _blocks(text):
        if not name:
            holds.append(block.rstrip("\n"))
            continue
        number, free = 1, name
        while free in items:
            number += 1
            free = f"{name} ({number})"
        items[free] = block
    stated = items.pop(STATE, "")
    found = _TEXT.match(stated)
    return IncludeFile(items, found[1] if found else "", tuple(holds))


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each thing that is said; name "": a hold marker."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        name, size = _block(lines, at)
        if name or lines[at].strip():
            yield name, "".join(f"{line}\n" for line in lines[at : at + size])
        at += size


def _block(lines: list[str], at: int) -> tuple[str, int]:
    line = lines[at]
    if lines[at : at + len(_HEADER)] == _HEADER:
        return HEADER, len(_HEADER)
    if HOLD_MARKER in line and line.lstrip().startswith("#"):
        return "", 1
    note = _NOTE.match(line)
    if note is not None and at + 1 < len(lines) and lines[at + 1] == f"define {note[1]} = [":
        return note[1], 1 + _set_size(lines, at + 1, note[1])
    define = _DEFINE.match(line)
    if define is not None:
        return define[1], _set_size(lines, at, define[1]) if define[2] == "[" else 1
    function = _FUNCTION.match(line)
    if function is not None:
        return function[1], _until(lines, at, "}")
    return (f"line {line.strip()[:_SHOWN]!r}" if line.strip() else ""), 1


def _set_size(lines: list[str], at: int, name: str) -> int:
    size = _until(lines, at, "];")
    after = _SUM.match(lines[at + size]) if at + size < len(lines) else None
    return size + 1 if after is not None and after[1] == name else size


def _until(lines: list[str], at: int, end: str) -> int:
    """How many lines there are up to the one that is `end`; all of them where there is none."""
    for number in range(at, len(lines)):
        if lines[number] == end:
            return number - at + 1
    return len(lines) - at


def owner_of(device: str, file: IncludeFile) -> Owner | None:
    """Whose file it is; None: there is no mark. Raises ParseFailed for one nobody wrote."""
    text = file.items.get(OWNER)
    if text is None:
        return None
    said = _TEXT.match(text)
    found = _MARK.match(said[1]) if said else None
    if found is None:
        raise ParseFailed(
            device, f"the mark {OWNER} in our include file cannot be read: remove its line"
        )
    return Owner(found[1], int(found[2]), int(found[3]), found[4].strip("-"))


def shut_in(file: IncludeFile) -> frozenset[str]:
    """The neighbors whose sessions the file says are shut down by us."""
    said = _TEXT.match(file.items.get(SHUT, ""))
    return frozenset(said[1].split()) if said else frozenset()


@lru_cache(maxsize=64)
def sum_in(text: str) -> str:
    """What a constant's text says is its own digest; "": nothing."""
    found = _SUM.match(text.rstrip("\n").rpartition("\n")[2])
    return found[2] if found else ""


@lru_cache(maxsize=64)
def set_entries(text: str) -> tuple[RouteEntry, ...] | None:
    """The entries of a constant's text, as they stand; None: it cannot be understood."""
    found = []
    for line in text.splitlines():
        if not line.startswith("  "):
            continue
        entry = _ENTRY.match(line)
        if entry is None:
            return None
        if line.strip().rstrip(",") in PLACEHOLDER.values():
            continue
        try:
            network = ip_network(entry[1])
        except ValueError:
            return None
        low, high = int(entry[2]), int(entry[3])
        if not network.prefixlen <= low <= high <= BITS[network.version]:
            return None
        found.append(RouteEntry(network, low, high))
    return tuple(found)


@lru_cache(maxsize=64)
def set_members(rule: Rule, text: str) -> Ranges:
    """The members of `rule` by the text of its constant; none where it cannot be understood.

    Where the constant tells more or less than what its members ask for, the rest of it is a
    difference of structure: its text is not the one that these members have.
    """
    found = set_entries(text)
    if found is None or any(e.prefix.version != rule.family for e in found):
        return Ranges.none()
    note = _NOTE.match(text.partition("\n")[0])
    if note is None:
        return union_of(found)
    try:
        networks = [ip_network(word) for word in note[2].split()]
    except ValueError:
        return Ranges.none()
    if any(n.version != rule.family for n in networks):
        return Ranges.none()
    members = merge(rows_of(networks))
    return members if entries(rule, members) == list(found) else Ranges.none()
