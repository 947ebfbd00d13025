# SPDX-License-Identifier: GPL-2.0-or-later
"""The forms that lists of routes come in: what people save, and what tools derive from an IRR.

=========  =======================================================================================
plain      a prefix a line, then perhaps more columns after a tab, comma or semicolon; a header that
           names the column with the prefix may come first
json       ``bgpq4 -j``: an object with one array of objects with a ``prefix``
rpsl       ``route:`` and ``route6:`` objects (RFC 2622 section 4, RFC 4012 section 3)
cisco      ``ip prefix-list NAME permit 192.0.2.0/24``, as ``bgpq3`` and ``bgpq4`` write it
bird       ``NAME = [ 192.0.2.0/24, ... ];``, as ``bgpq4 -b`` writes it
=========  =======================================================================================

A line that cannot be read is an error with its number: half a list is another list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import NamedTuple

from enforcer.core.orders import Network
from enforcer.core.prefixes import parse_network, shown
from enforcer.errors import InvalidInput
from inventory.list_entries import plain_prefix
from inventory.list_formats import COLUMNS

_COLUMNS = frozenset((*COLUMNS, "route", "ip prefix", "ip_prefix", "nlri"))
_SEPARATOR = re.compile(r"[\t,;]")
_COMMENT = ("#", "!", "%", "//")
_RPSL_ROUTE = re.compile(r"route6?:\s*(\S+)\s*(?:#.*)?", re.IGNORECASE)
_RPSL_OTHER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:")
_CISCO = re.compile(
    r"ip(?:v6)?\s+prefix-list\s+\S+\s+(?:seq\s+\d+\s+)?(?P<action>permit|deny)\s+(?P<prefix>\S+)"
    r"(?P<lengths>(?:\s+[gl]e\s+\d+)*)"
)
_CISCO_OTHER = re.compile(r"(?:no\s+)?ip(?:v6)?\s+prefix-list\s+\S+(?:\s+description\s.*)?")
_BIRD_HEAD = re.compile(r"(?:define\s+)?\w+\s*=\s*\[")
_BIRD_LENGTHS = re.compile(r"(?P<prefix>[0-9A-Fa-f.:]+/\d+)(?P<lengths>\{\d+,\d+\}|\+|-)")


class Stated(NamedTuple):
    """A prefix of a list. `line`: from 1; 0 where the form has none. `lengths`: what was said of
    longer prefixes inside it, as it stands there; "" nothing."""

    line: int
    prefix: Network
    lengths: str = ""


def exact_routes(text: str) -> tuple[Network, ...]:
    """The prefixes of `text` in its order, each once.

    Raises InvalidInput where a line cannot be read, where one stands for longer prefixes too,
    and where there is no prefix at all.
    """
    found = []
    for one in stated(text):
        if one.lengths:
            raise InvalidInput(
                f"{_where(one.line)}{one.prefix} stands for longer prefixes too"
                f" ({shown(one.lengths)}): list the prefixes themselves, or give --or-longer"
            )
        found.append(one.prefix)
    return _some(found)


def covering_routes(text: str) -> tuple[Network, ...]:
    """As `exact_routes`, where what is inside a prefix counts as stated with it anyway."""
    return _some(one.prefix for one in stated(text))


def stated(text: str) -> Iterator[Stated]:
    """Everything that `text` states, in its order. Raises InvalidInput, when it gets there."""
    text = text.removeprefix("\ufeff")
    first = text.lstrip()[:1]
    if first in ("{", "["):
        return _json(text)
    lines = text.splitlines()
    if any(_RPSL_ROUTE.match(line) for line in lines):
        return _rpsl(lines)
    return _lines(lines)


def _some(found: Iterable[Network]) -> tuple[Network, ...]:
    prefixes = tuple(dict.fromkeys(found))
    if not prefixes:
        raise InvalidInput("no prefix in it: an empty list of routes is most likely a mistake")
    return prefixes


def _where(line: int) -> str:
    return f"line {line}: " if line else ""


def _prefix(text: str, line: int) -> Network:
    """Strictly one prefix. Raises InvalidInput with the line's number."""
    plain = plain_prefix(text)
    if plain is not None:
        packed, length = plain
        kind = IPv4Network if len(packed) == 4 else IPv6Network
        return kind((packed, length))
    try:
        return parse_network(text)
    except InvalidInput as problem:
        raise InvalidInput(f"{_where(line)}{problem}") from None


# -- lines -----------------------------------------------------------------------------------


def _lines(lines: Iterable[str]) -> Iterator[Stated]:
    column: int | None = None
    inside = False
    for number, raw in enumerate(lines, 1):
        line = raw.partition("#")[0].strip()
        if not line or line.startswith(_COMMENT):
            continue
        if head := _BIRD_HEAD.match(line):
            inside, line = True, line[head.end() :].strip()
        if inside:
            inside = "]" not in line
            yield from _bird(line.partition("]")[0], number)
        elif line.startswith(("ip ", "ipv6 ", "no ip")):
            yield from _cisco(line, number)
        elif column is None:
            column = _heading(line)
            if column is None:
                column = 0
                yield Stated(number, _prefix(_cell(line, 0, number), number))
        else:
            yield Stated(number, _prefix(_cell(line, column, number), number))


def _heading(line: str) -> int | None:
    """Which column a header names; None: it is no header."""
    names = [cell.strip().strip('"').lower() for cell in _SEPARATOR.split(line)]
    return next((at for at, name in enumerate(names) if name in _COLUMNS), None)


def _cell(line: str, column: int, number: int) -> str:
    cells = _SEPARATOR.split(line, column + 1)
    if len(cells) <= column:
        raise InvalidInput(f"line {number}: has no column {column + 1}, where the prefix would be")
    return cells[column].strip().strip('"')


def _cisco(line: str, number: int) -> Iterator[Stated]:
    found = _CISCO.fullmatch(line)
    if found is None:
        if _CISCO_OTHER.fullmatch(line):
            return
        raise InvalidInput(f"line {number}: '{shown(line)}' is no line of a prefix-list")
    prefix = _prefix(found["prefix"], number)
    if found["action"] == "deny":
        # Tools write this one where they found nothing: the list is empty then.
        if prefix.prefixlen == 0:
            return
        raise InvalidInput(f"line {number}: denies {prefix}: a list of routes only names routes")
    yield Stated(number, prefix, found["lengths"].strip())


def _bird(line: str, number: int) -> Iterator[Stated]:
    for part in re.split(r",(?![^{]*\})", line):
        text = part.strip().rstrip(";").strip()
        if not text:
            continue
        ranged = _BIRD_LENGTHS.fullmatch(text)
        if ranged:
            yield Stated(number, _prefix(ranged["prefix"], number), ranged["lengths"])
        else:
            yield Stated(number, _prefix(text, number))


# -- objects ---------------------------------------------------------------------------------


def _rpsl(lines: Iterable[str]) -> Iterator[Stated]:
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip()
        if not line or line.startswith(("%", "#", " ", "\t", "+")):
            continue
        route = _RPSL_ROUTE.fullmatch(line)
        if route:
            yield Stated(number, _prefix(route[1], number))
        elif line.lower().startswith(("route:", "route6:")) or not _RPSL_OTHER.match(line):
            raise InvalidInput(
                f"line {number}: '{shown(line)}' is no attribute of a route object (RFC 2622)"
            )


def _json(text: str) -> Iterator[Stated]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        raise InvalidInput(f"line {problem.lineno}: is no JSON: {problem.msg}") from None
    except RecursionError:
        raise InvalidInput("is no list of routes: it is nested too deeply") from None
    lists = list(found.values()) if isinstance(found, dict) else [found]
    for entries in lists:
        if not isinstance(entries, list):
            raise InvalidInput("is no list of routes: write it as 'bgpq4 -j' does")
        for number, entry in enumerate(entries, 1):
            yield _object(entry, number)


def _object(entry: object, number: int) -> Stated:
    if isinstance(entry, str):
        entry = {"prefix": entry}
    prefix = entry.get("prefix") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(prefix, str):
        raise InvalidInput(f"entry {number}: has no 'prefix': write it as 'bgpq4 -j' does")
    try:
        network = _prefix(prefix, 0)
    except InvalidInput as problem:
        raise InvalidInput(f"entry {number}: {problem}") from None
    longer = {key: entry[key] for key in ("greater-equal", "less-equal") if key in entry}
    said = " ".join(f"{key} {value}" for key, value in longer.items())
    if not said and entry.get("exact") is False:
        said = "not exact"
    return Stated(0, network, said)
