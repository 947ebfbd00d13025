# SPDX-License-Identifier: GPL-2.0-or-later
"""What `nft -j list` says a kernel drops: read with no code of the driver's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import Any

from tests.oracle import Packet

Span = tuple[int, int]
_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}
_FAMILIES = {"ip": 4, "ip6": 6}


class Unreadable(Exception):
    """Something stands there that this reader does not know."""


@dataclass(frozen=True)
class Element:
    """One element of a set: where it stands, and its own words."""

    first: int
    last: int
    text: str
    timed: bool


class Ruleset:
    """One table; `sets`: the elements by the set's name."""

    def __init__(self, listed: str) -> None:
        entries = json.loads(listed)["nftables"]
        self.sets = {
            s["name"]: [_element(e) for e in s.get("elem", [])]
            for s in (e["set"] for e in entries if "set" in e)
        }
        self.flags: dict[str, list[str]] = {
            s["name"]: s.get("flags", []) for s in (e["set"] for e in entries if "set" in e)
        }
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.hooks: list[str] = []
        for chain in (e["chain"] for e in entries if "chain" in e):
            self.rules[chain["name"]] = []
            if "hook" in chain:
                self.hooks.append(chain["name"])
        for rule in (e["rule"] for e in entries if "rule" in e):
            self.rules[rule["chain"]].append(rule)
        self._spans: Mapping[str, list[Span]] = {
            name: [(e.first, e.last) for e in elements] for name, elements in self.sets.items()
        }

    def drops(self, packet: Packet) -> bool:
        """Whether any hook of the table drops `packet`. Raises Unreadable."""
        return any(self._verdict(chain, packet) == "drop" for chain in self.hooks)

    def _verdict(self, chain: str, packet: Packet) -> str:
        """`drop`, `accept`, or "": nothing was decided."""
        for rule in self.rules[chain]:
            verdict = self._of_rule(rule["expr"], packet)
            if verdict == "return":
                return ""
            if verdict:
                return verdict
        return ""

    def _of_rule(self, expressions: Iterable[dict[str, Any]], packet: Packet) -> str:
        for expression in expressions:
            ((kind, what),) = expression.items()
            if kind == "match":
                if not self._matches(what, packet):
                    return ""
            elif kind in ("drop", "accept", "return"):
                return str(kind)
            elif kind == "jump":
                return self._verdict(what["target"], packet)
            elif kind != "counter":
                raise Unreadable(f"an expression {kind!r}: {what}")
        return ""

    def _matches(self, match: dict[str, Any], packet: Packet) -> bool:
        value = _value(match["left"], packet)
        if value is None:
            return False
        found = self._among(value, match["right"])
        if match["op"] not in ("==", "in", "!="):
            raise Unreadable(f"an operator {match['op']!r}")
        return found is (match["op"] != "!=")

    def _among(self, value: int, right: Any) -> bool:
        if isinstance(right, str) and right.startswith("@"):
            return any(first <= value <= last for first, last in self._spans[right[1:]])
        if isinstance(right, dict) and "set" in right:
            return any(map(partial(self._among, value), right["set"]))
        first, last = _span(right)
        return first <= value <= last


def _value(left: dict[str, Any], packet: Packet) -> int | None:
    """What of a packet is looked at; None: it has no such thing."""
    if left == {"meta": {"key": "l4proto"}}:
        return packet.protocol
    if left == {"meta": {"key": "nfproto"}}:
        return {4: 2, 6: 10}[packet.family]
    payload = left.get("payload", {})
    protocol, field = payload.get("protocol"), payload.get("field")
    if protocol in _FAMILIES and field in ("saddr", "daddr"):
        if packet.family != _FAMILIES[protocol]:
            return None
        return packet.src if field == "saddr" else packet.dst
    if protocol in (*_PROTOCOLS, "th") and field in ("sport", "dport"):
        if protocol != "th" and packet.protocol != _PROTOCOLS[protocol]:
            return None
        return packet.sport if field == "sport" else packet.dport
    raise Unreadable(f"a match on {left}")


def _span(value: Any) -> Span:
    if isinstance(value, dict) and "prefix" in value:
        net = ip_network(f"{value['prefix']['addr']}/{value['prefix']['len']}")
        return int(net.network_address), int(net.broadcast_address)
    if isinstance(value, dict) and "range" in value:
        first, last = value["range"]
        return _point(first), _point(last)
    return _point(value), _point(value)


def _point(value: Any) -> int:
    if isinstance(value, int):
        return value
    if value in _PROTOCOLS:
        return _PROTOCOLS[value]
    try:
        return int(ip_address(value))
    except ValueError:
        raise Unreadable(f"a value {value!r}") from None


def _element(entry: Any) -> Element:
    inner = entry["elem"] if isinstance(entry, dict) and "elem" in entry else {"val": entry}
    first, last = _span(inner["val"])
    return Element(first, last, _text(inner["val"]), "timeout" in inner)


def _text(value: Any) -> str:
    if isinstance(value, dict) and "prefix" in value:
        return f"{value['prefix']['addr']}/{value['prefix']['len']}"
    if isinstance(value, dict) and "range" in value:
        return "-".join(map(str, value["range"]))
    return str(value)
