# SPDX-License-Identifier: GPL-2.0-or-later
"""The neighbors of ``router bgp``: what filters their routes, their own or inherited. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from drivers.cisco_ios.model import Peer
from drivers.cisco_ios.tree import Section

_NEIGHBOR = re.compile(r" +neighbor (\S+) (\S+)(?: (\S+))?(?: (\S+))?(?: .*)?")
_FAMILY = re.compile(r" address-family (ipv4|ipv6)(?: unicast)?")
_VRF = re.compile(r" address-family \S+ (?:unicast )?vrf (\S+)")
_SESSION = ("remote-as", "prefix-list", "activate")
"""What, outside of any address family, makes a neighbor one of IPv4."""
_DIRECTIONS = ("in", "out")

_SHUT = re.compile(r" +neighbor \S+ shutdown(?: .*)?")

Peers = dict[tuple[int, str], Peer]


@dataclass
class _Lines:
    """What concerns filters, as read. `lists`: ``distribute-list`` by (family, neighbor, way).

    `parents`: (``peer-group`` or ``peer-policy``, name) by neighbor.
    """

    lists: dict[tuple[int, str, str], str] = field(default_factory=dict)
    parents: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))


def read_bgp(section: Section, peers: Peers, vrfs: dict[str, str]) -> None:
    """Enter the neighbors into `peers`, and those of VRFs with its name into `vrfs`."""
    if not section.header.startswith("router bgp "):
        return
    said = _Lines()
    base: tuple[str, ...] = (section.header,)
    where, family, vrf = base, 4, ""
    for line in section.lines:
        if line.startswith(" address-family "):
            told, inner = _FAMILY.fullmatch(line), _VRF.fullmatch(line)
            where = (*base, line.strip())
            family = 0 if told is None else int(told[1][-1])
            vrf = inner[1] if inner else ""
        elif line.strip() == "exit-address-family":
            where, family, vrf = base, 4, ""
        words = _NEIGHBOR.fullmatch(line)
        if words is None:
            continue
        if family:
            _neighbor(words, family, where, (peers, said))
        elif vrf:
            vrfs.setdefault(words[1], vrf)
    for key, peer in list(peers.items()):
        peers[key] = Peer(peer.section, peer.bound, _taken(key, peers, said))


def sessions_of(section: Section) -> Iterator[tuple[str, bool]]:
    """(address, whether its own ``shutdown`` stands) of the neighbors of the default VRF.

    Both lines stand outside of any address family: a session is shut down for all of them.
    """
    found: dict[str, bool] = {}
    for line in section.lines:
        if line.startswith(" address-family "):
            break
        words = _NEIGHBOR.fullmatch(line)
        address = _address(words[1]) if words else ""
        if address:
            found[address] = found.get(address, False) or bool(_SHUT.fullmatch(line))
    yield from found.items()


def _address(word: str) -> str:
    """In one spelling; "" it is a peer-group's name."""
    try:
        return str(ip_address(word))
    except ValueError:
        return ""


def _neighbor(
    words: re.Match[str], family: int, where: tuple[str, ...], into: tuple[Peers, _Lines]
) -> None:
    peers, said = into
    name, what = words[1], words[2]
    inside = len(where) > 1
    if what == "peer-group" and words[3]:
        said.parents[name].append(("peer-group", words[3]))
    elif what == "inherit" and words[4]:
        said.parents[name].append((words[3], words[4]))
    elif what == "distribute-list" and words[4] in _DIRECTIONS:
        said.lists[family, name, words[4]] = words[3]
    if not inside and (what not in _SESSION or ":" in name):
        return
    before = peers.get((family, name))
    bound = dict(before.bound) if before else {}
    if what == "prefix-list" and words[4] in _DIRECTIONS:
        bound[words[4]] = words[3]
    peers[family, name] = Peer(where if inside or before is None else before.section, bound)


def _taken(key: tuple[int, str], peers: Peers, said: _Lines) -> dict[str, str]:
    """By direction what stands in the way of a prefix-list of ours, in the box's words."""
    family, name = key
    found: dict[str, str] = {}
    for way in _DIRECTIONS:
        own = said.lists.get((family, name, way))
        if own is not None:
            found[way] = f"distribute-list {own} {way}"
        for kind, parent in said.parents.get(name, ()):
            if kind == "peer-policy":
                found[way] = f"inherit peer-policy {parent}"
            if kind != "peer-group":
                continue
            group = peers.get((family, parent))
            theirs = group.bound.get(way) if group else None
            other = said.lists.get((family, parent, way))
            if theirs is not None:
                found[way] = f"prefix-list {theirs} {way} from its peer-group {parent}"
            elif other is not None:
                found[way] = f"distribute-list {other} {way} from its peer-group {parent}"
            elif way == "out":
                # IOS takes no outbound policy of a single member of a peer-group.
                found[way] = f"peer-group {parent}, whose members have one policy outbound"
    return found
