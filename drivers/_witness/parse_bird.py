# SPDX-License-Identifier: GPL-2.0-or-later
"""birdc's answers. Pure."""

from __future__ import annotations

import re

from drivers._witness.model import Session, network
from enforcer.core.orders import Network
from enforcer.errors import ParseFailed

_FIELD = re.compile(
    r"^\s{2,}(BGP state|Neighbor address|Neighbor AS|Local AS|Source address):\s+(\S+)"
)
_PROTOCOL = re.compile(r"^(\S+)\s+BGP\s")
_ROUTE = re.compile(r"^(\S+/\d+)\s")
_DISCARDS = re.compile(r"^\S+/\d+\s+(?:blackhole|unreachable|prohibited)\s")
# The last: a session that has no table of that family.
EMPTY = ("Network not found", "Network not in table", "No valid tables")
_ERRORS = ("syntax error", "runtime error", "invalid", "unable to connect", "no protocols match")


def lines(device: str, text: str) -> list[str]:
    """The lines of an answer, the greeting left out. Raises ParseFailed for a refusal."""
    found = [line for line in text.splitlines() if line.strip()]
    if found and found[0].startswith("BIRD ") and "ready" in found[0]:
        found = found[1:]
    for line in found:
        if any(word in line.lower() for word in _ERRORS):
            raise ParseFailed(device, f"birdc answered {line.strip()[:200]!r}")
    return found


def sessions(device: str, text: str) -> tuple[Session, ...]:
    """``show protocols all``."""
    found: list[Session] = []
    name, fields = "", dict[str, str]()
    for line in (*lines(device, text), "end BGP "):
        if not line[:1].isspace():
            if name:
                found.append(_session(device, name, fields))
            started = _PROTOCOL.match(line)
            name, fields = (started[1] if started and started[1] != "end" else ""), {}
        elif name and (field := _FIELD.match(line)):
            fields[field[1]] = field[2]
    return tuple(found)


def _session(device: str, name: str, fields: dict[str, str]) -> Session:
    asn, own = fields.get("Neighbor AS", ""), fields.get("Local AS", "")
    address = fields.get("Neighbor address", "").partition("%")[0]
    if not asn.isdecimal() or not own.isdecimal() or not address:
        raise ParseFailed(
            device, f"BGP protocol {name} does not tell its neighbor and AS numbers: {fields}"
        )
    up = fields.get("BGP state") == "Established"
    local = fields.get("Source address", "").partition("%")[0]
    return Session(name, address, int(asn), asn != own, up, local)


def prefixes(device: str, text: str) -> frozenset[Network]:
    """``show route ...``: the prefixes that it lists."""
    found = set()
    for line in lines(device, text):
        if line.startswith(("Table ", *EMPTY)) or line[:1].isspace():
            continue
        matched = _ROUTE.match(line)
        prefix = network(matched[1]) if matched else None
        if prefix is None:
            raise ParseFailed(device, f"birdc listed {line[:200]!r}, which is no route")
        found.add(prefix)
    return frozenset(found)


def discarded(device: str, text: str) -> frozenset[Network]:
    """``show route ... primary``: those of the prefixes whose route discards packets."""
    only = "\n".join(line for line in lines(device, text) if _DISCARDS.match(line))
    return prefixes(device, only)
