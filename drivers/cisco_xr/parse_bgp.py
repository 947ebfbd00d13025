# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP neighbors of the default VRF, what policies are bound to them, and who is up. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import TypedDict

from drivers.cisco_xr.model import Peer, RouteWay
from drivers.cisco_xr.parse_tree import Block
from enforcer.errors import ParseFailed

_AF = {"ipv4": 4, "ipv6": 6}
_WAYS: Mapping[str, RouteWay] = {"in": "in", "out": "out"}
_Bound = dict[tuple[int, RouteWay], str]
_HEADER = re.compile(r"(?m)^Neighbor +Spk +AS +.*St/PfxRcd *$")
_NO_BGP = re.compile(
    r"(?i)% *(?:BGP instance '?\S+'? not active|None of the requested address famil\w+"
    r"|No matching address|BGP not active|BGP is not)"
)
_ROW = re.compile(r"^(?P<neighbor>[0-9A-Fa-f.:]+)?\s+(?P<rest>\d+\s+[\d.]+\s+\d+\s+\d+\s+.*)$")


class Found(TypedDict):
    """What is said of BGP, as fields of a `Box`."""

    peers: dict[str, Peer]
    asn: str


def peers(device: str, found: Iterable[Block]) -> Found:
    """The neighbors of the one BGP instance."""
    speakers = [block for block in found if block.line.startswith("router bgp")]
    if not speakers:
        return Found(peers={}, asn="")
    if len(speakers) > 1:
        raise ParseFailed(
            device, "router bgp: there are several instances, which is not understood"
        )
    speaker = speakers[0]
    groups = {
        (child.words[0], child.words[1]): child
        for child in speaker.children
        if child.words[0] in ("neighbor-group", "af-group", "session-group")
    }
    known = {}
    for child in speaker.children:
        words = child.words
        if words[0] == "neighbor" and len(words) == 2:
            known[_address(device, words[1])] = _peer(child, groups)
    return Found(peers=known, asn=speaker.words[2])


def _address(device: str, text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ParseFailed(device, f"router bgp: neighbor {text!r} is not understood") from None


def _peer(block: Block, groups: Mapping[tuple[str, str], Block]) -> Peer:
    own: _Bound = {}
    inherited: _Bound = {}
    families: set[int] = set()
    asn = _inherit(block, groups, own, inherited, families, 0)
    return Peer(
        asn,
        own,
        {k: v for k, v in inherited.items() if k not in own},
        frozenset(families),
        any(child.words == ["shutdown"] for child in block.children),
    )


def _inherit(
    block: Block,
    groups: Mapping[tuple[str, str], Block],
    own: _Bound,
    inherited: _Bound,
    families: set[int],
    depth: int,
) -> str:
    """Collect what is said at `block`, then what its groups say; nearer wins."""
    asn = ""
    used: list[Block] = []
    for child in block.children:
        words = child.words
        match words:
            case ["remote-as", number]:
                asn = number
            case ["use", kind, name]:
                used += [groups[kind, name]] if (kind, name) in groups else []
            case ["address-family", af, "unicast"] if af in _AF:
                families.add(_AF[af])
                target = own if depth == 0 else inherited
                _family(child, _AF[af], groups, target, inherited)
    for group in used if depth < len(groups) else ():
        theirs = _inherit(group, groups, own, inherited, families, depth + 1)
        asn = asn or theirs
    return asn


def _family(
    block: Block,
    family: int,
    groups: Mapping[tuple[str, str], Block],
    target: _Bound,
    inherited: _Bound,
) -> None:
    for child in block.children:
        match child.words:
            case ["route-policy", *name, ("in" | "out") as way]:
                target.setdefault((family, _WAYS[way]), "".join(name))
            case ["use", "af-group", name] if ("af-group", name) in groups:
                _family(groups["af-group", name], family, groups, inherited, inherited)


def established(device: str, text: str) -> frozenset[str]:
    """Neighbors that ``show bgp FAMILY unicast summary`` shows as established: they count prefixes.

    Raises ParseFailed for anything that is neither a summary nor the word that BGP does not run.
    """
    if not text.strip() or _NO_BGP.search(text):
        return frozenset()
    header = _HEADER.search(text)
    if header is None:
        if re.search(r"(?m)^BGP router identifier", text):
            return frozenset()
        raise ParseFailed(device, f"show bgp summary: {text.strip()[:80]!r} is not understood")
    up: set[str] = set()
    waiting = ""
    for line in text[header.end() :].splitlines():
        if not line.strip():
            continue
        found = _ROW.match(line)
        if found is None:
            waiting = _waiting(device, line)
            continue
        neighbor = found["neighbor"] or waiting
        if not neighbor:
            raise ParseFailed(device, f"show bgp summary: {line.strip()!r} has no neighbor")
        if found["rest"].split()[-1].isdecimal():
            up.add(_address(device, neighbor))
        waiting = ""
    return frozenset(up)


_VRF = re.compile(r"(?m)^VRF: (?P<name>\S+)\s*$")


def established_in_vrfs(text: str) -> frozenset[tuple[str, str]]:
    """(VRF, neighbor) of those that ``show bgp vrf all FAMILY unicast summary`` shows as up.

    What is not understood is left out: it is asked before and after, and proves less then.
    """
    up: set[tuple[str, str]] = set()
    starts = list(_VRF.finditer(text))
    for at, start in enumerate(starts):
        last = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        header = _HEADER.search(text, start.end(), last)
        for line in text[header.end() : last].splitlines() if header else ():
            found = _ROW.match(line)
            if found and found["neighbor"] and found["rest"].split()[-1].isdecimal():
                up |= {(start["name"], n) for n in _plain(found["neighbor"])}
    return frozenset(up)


def _plain(text: str) -> list[str]:
    try:
        return [str(ip_address(text))]
    except ValueError:
        return []


def _waiting(device: str, line: str) -> str:
    """A long neighbor's address has a line of its own."""
    word = line.strip()
    if not re.fullmatch(r"[0-9A-Fa-f.:]+", word):
        raise ParseFailed(device, f"show bgp summary: {line.strip()[:80]!r} is not understood")
    return _address(device, word)
