# SPDX-License-Identifier: GPL-2.0-or-later
"""What our objects are called, and what the comments on our sets say. Pure.

A set of a rule is called by what it holds (h hosts, r ranges, i interfaces), the rule's digest,
a letter that changes when its members are laid out anew, and its shard::

    h0123456789ab_a      hosts of one rule, all in one set
    h0123456789ab_b_00f  hosts whose dispatch value is 15, in the second layout
    h0123456789ab_b_map  the verdict map that sends a packet to its shard's chain
    r0123456789ab_b_wide ranges that lie in more than one shard
    p0123456789ab        addresses of the other end, by their own digest
    x0123456789ab_0      excepted addresses of the chain x0123456789ab

Comments on sets cannot be changed without replacing the set, so they carry what the name does
not say: which rule it is and how it is laid out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import ascii_lowercase

from enforcer.core.rules import Exempt, Key, Rule, Service

TABLE = "enforcer"
BLOCKS = "blocks"
MARK = "owner_mark"
HOSTS, RANGES, INTERFACES = "h", "r", "i"
WIDE, MAP = "wide", "map"

_SHARD = re.compile(r"([hri])([0-9a-f]{12})_([a-z])(?:_([0-9a-f]{3}|wide|map))?")
_FIXED = re.compile(r"(?:p[0-9a-f]{12}|x[0-9a-f]{12}(?:_\d+)?)")
_COMMENT = re.compile(
    r"(?P<key>[a-z-]+) (?P<family>[46]) (?P<service>\S+) (?P<peers>\S+) (?P<exempt>\S+)"
    r"(?: (?P<layout>\S+))?"
)
_SERVICE = re.compile(r"(\d+)/(-|\d+-\d+)/(-|\d+-\d+)")
_EXEMPT_SERVICE = re.compile(r"(-|\d+)/(-|\d+-\d+)")

Ports = tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class ShardName:
    """A set's (or its chain's, or map's) name, taken apart; `shard` "" where there is one set."""

    part: str
    digest: str
    letter: str
    shard: str = ""

    def __str__(self) -> str:
        base = f"{self.part}{self.digest}_{self.letter}"
        return f"{base}_{self.shard}" if self.shard else base


def parse_name(name: str) -> ShardName | None:
    """The parts of a name of ours, None for any other."""
    found = _SHARD.fullmatch(name)
    return None if found is None else ShardName(found[1], found[2], found[3], found[4] or "")


def free_letter(names: Iterable[str], part: str, digest: str) -> str:
    """The first letter that no set of one part of one rule has."""
    base = f"{part}{digest}_"
    used = {name[len(base)] for name in names if name.startswith(base)}
    return next((letter for letter in ascii_lowercase if letter not in used), "a")


def is_fixed(name: str) -> bool:
    """Whether it names a set of peers, or a set or chain of exceptions."""
    return _FIXED.fullmatch(name) is not None


def is_member_name(name: str) -> bool:
    """Whether it could name an object of some rule of ours."""
    return parse_name(name) is not None or is_fixed(name)


def digest(*content: object) -> str:
    """12 hexadecimal digits for content."""
    return hashlib.blake2b(repr(content).encode(), digest_size=6).hexdigest()


def peers_name(rule: Rule) -> str:
    """The set of the rule's peers; rules with equal peers share it."""
    return f"p{digest(rule.family, rule.peers)}"


def exempt_name(rule: Rule) -> str:
    """The chain of the rule's exceptions; rules with equal exceptions share it."""
    return f"x{digest(rule.family, rule.exempt)}"


def exempt_service(entry: Exempt) -> str:
    """The comment of a set of excepted addresses: protocol and ports."""
    return f"{'-' if entry.protocol is None else entry.protocol}/{_ports(entry.ports)}"


def parse_exempt_service(comment: str) -> tuple[int | None, Ports] | None:
    """Protocol and ports of `exempt_service`, None for any other text."""
    found = _EXEMPT_SERVICE.fullmatch(comment)
    if found is None:
        return None
    return None if found[1] == "-" else int(found[1]), _parse_ports(found[2])


@dataclass(frozen=True, slots=True)
class Label:
    """A set's comment: the rule but for its peers and exceptions, which are named.

    `layout`: how the members are spread over sets, in the words of `layout`.
    """

    key: Key
    family: int
    service: Service | None
    peers: str
    exempt: str
    layout: str = ""

    def __str__(self) -> str:
        service = "-"
        if self.service is not None:
            sides = (self.service.source_ports, self.service.destination_ports)
            service = "/".join((str(self.service.protocol), *map(_ports, sides)))
        words = (self.key, self.family, service, self.peers or "-", self.exempt or "-")
        return " ".join(map(str, (*words, self.layout))).rstrip()


def label(rule: Rule, layout: str = "") -> Label:
    """The label of a set of `rule`."""
    return Label(
        rule.key,
        rule.family,
        rule.service,
        "" if rule.peers is None else peers_name(rule),
        exempt_name(rule) if rule.exempt else "",
        layout,
    )


def parse_label(comment: str) -> Label | None:
    """The label in a comment; None for a text that is none of ours."""
    found = _COMMENT.fullmatch(comment)
    if found is None or found["key"] not in set(Key):
        return None
    service = None
    if found["service"] != "-":
        parts = _SERVICE.fullmatch(found["service"])
        if parts is None:
            return None
        service = Service(int(parts[1]), _parse_ports(parts[2]), _parse_ports(parts[3]))
    peers, exempt = (w if w != "-" else "" for w in (found["peers"], found["exempt"]))
    family, layout = int(found["family"]), found["layout"] or ""
    return Label(Key(found["key"]), family, service, peers, exempt, layout)


def _ports(ports: Ports) -> str:
    return "-" if ports is None else f"{ports[0]}-{ports[1]}"


def _parse_ports(text: str) -> Ports:
    if text == "-":
        return None
    first, last = text.split("-")
    return int(first), int(last)
