# SPDX-License-Identifier: GPL-2.0-or-later
"""vtysh's JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from drivers._witness.model import Session, network
from enforcer.core.orders import Network
from enforcer.errors import ParseFailed


def documents(device: str, text: str) -> list[Mapping[str, Any]]:
    """The objects that several commands wrote one after the other."""
    decoder, at = json.JSONDecoder(), 0
    found: list[Mapping[str, Any]] = []
    text = text.strip()
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            raise ParseFailed(device, f"vtysh answered {text[at : at + 200]!r}") from None
        if not isinstance(value, dict):
            raise ParseFailed(device, f"vtysh answered {text[at : at + 200]!r}")
        found.append(value)
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def sessions(device: str, text: str) -> tuple[Session, ...]:
    """``show bgp neighbors json``."""
    found = []
    for document in documents(device, text):
        for name, said in document.items():
            if not isinstance(said, dict) or "remoteAs" not in said:
                continue
            asn, own = said.get("remoteAs"), said.get("localAs")
            if not isinstance(asn, int) or not isinstance(own, int):
                raise ParseFailed(device, f"neighbor {name} has no AS numbers: {said!r:.200}")
            up = said.get("bgpState") == "Established"
            local = str(said.get("hostLocal") or "")
            found.append(Session(name, name, asn, asn != own, up, local))
    return tuple(found)


def held(device: str, text: str) -> frozenset[Network]:
    """``show bgp FAMILY unicast community C json``: prefixes with a best path."""
    found = set()
    for document in documents(device, text):
        routes = document.get("routes", {})
        if not isinstance(routes, dict):
            raise ParseFailed(device, f"routes are {routes!r:.200}")
        for key, paths in routes.items():
            prefix = network(str(key))
            if prefix is None or not isinstance(paths, list):
                raise ParseFailed(device, f"{key!r:.100} is no prefix with its paths")
            if any(isinstance(p, dict) and p.get("bestpath") and p.get("valid") for p in paths):
                found.add(prefix)
    return frozenset(found)


def told(device: str, document: Mapping[str, Any]) -> tuple[Network | None, frozenset[str]]:
    """``show bgp FAMILY unicast PREFIX json``: the prefix (None: no such route), and the
    neighbors to whom it is advertised."""
    if not document:
        return None, frozenset()
    prefix = network(str(document.get("prefix", "")))
    peers = document.get("advertisedTo", {})
    if prefix is None or not isinstance(peers, dict):
        raise ParseFailed(device, f"a route is described as {dict(document)!r:.300}")
    return prefix, frozenset(map(str, peers))


def discarded(device: str, text: str) -> frozenset[Network]:
    """``show ip route PREFIX json``, several: prefixes whose route in the kernel discards."""
    found = set()
    for document in documents(device, text):
        for key, routes in document.items():
            prefix = network(str(key))
            if prefix is None or not isinstance(routes, list):
                raise ParseFailed(device, f"{key!r:.100} is no prefix with its routes")
            if any(isinstance(r, dict) and _discards(device, r) for r in routes):
                found.add(prefix)
    return frozenset(found)


def _discards(device: str, route: Mapping[str, Any]) -> bool:
    hops = route.get("nexthops", [])
    if not isinstance(hops, list) or not all(isinstance(h, dict) for h in hops):
        raise ParseFailed(device, f"next hops are {hops!r:.200}")
    # A next hop that leads on by another stands beside the one that it leads to.
    last = [h for h in hops if h.get("fib")]
    chosen = bool(route.get("selected") and route.get("installed"))
    return chosen and bool(last) and all(h.get("blackhole") for h in last)
