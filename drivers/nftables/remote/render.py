# SPDX-License-Identifier: GPL-2.0-or-later
"""The table for some rules, in the JSON that `nft -j` takes and shows (libnftables-json(5)). Pure.

Each rule of ours is a chain that returns for its own exceptions and then drops; base chains
jump there for its members. A return leaves that chain alone, so an exception is never seen by
another rule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from drivers.nftables.names import MARK
from drivers.nftables.remote.model import (
    HOSTS,
    INTERFACES,
    RANGES,
    Chain,
    Json,
    SetDefinition,
    Span,
    Structure,
    set_name,
)
from drivers.nftables.render import PRIORITY
from enforcer.core.rules import Exempt, Key, Rule, Service

MARK_KIND = "mark"
_COUNTER: Json = {"counter": None}
_KINDS = {4: "ipv4_addr", 6: "ipv6_addr"}
_HEADER = {4: "ip", 6: "ip6"}
_PROTOCOLS = {6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite"}
"""IANA protocol numbers of what has ports, by the names that nft shows them with."""
_NFPROTO = {4: 2, 6: 10}
_ND = {"range": [133, 136]}
"""Router and neighbour discovery, RFC 4861 section 4."""


def structure(rules: Iterable[Rule], hooks: Iterable[str], counters: bool) -> Structure:
    """What the table must be made of for `rules`."""
    ordered = sorted(rules, key=lambda r: r.digest)
    statements = ("counter",) if counters else ()
    sets = {MARK: SetDefinition(MARK_KIND)}
    fixed: dict[str, frozenset[Span]] = {}
    chains: dict[str, Chain] = {}
    for rule in ordered:
        for part in parts(rule):
            sets[set_name(part, rule)] = SetDefinition(_kind(rule), part == RANGES, statements)
        held = dict(_fixed(rule))
        fixed |= held
        sets |= {name: SetDefinition(_KINDS[rule.family], interval=True) for name in held}
        chains[_chain(rule)] = Chain(lines=tuple(map(canonical, _decides(rule))))
    jumps = [line for rule in ordered for line in _jumps(rule)]
    for hook in hooks:
        lines = (*_base(hook), *jumps)
        shown = tuple(map(canonical, lines))
        chains[hook] = Chain(hook, PRIORITY, "accept", shown)
    return Structure(chains, sets, fixed)


def parts(rule: Rule) -> tuple[str, ...]:
    """The kinds of sets that a rule's members are in."""
    return (INTERFACES,) if rule.by_interface else (HOSTS, RANGES)


def canonical(expressions: list[Json]) -> str:
    """A rule's expressions as a text that is equal for equal rules; counts left out."""
    return json.dumps([_COUNTER if "counter" in e else e for e in expressions], sort_keys=True)


def address(family: int, value: int) -> str:
    """An address as nft writes it."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))


def _kind(rule: Rule) -> str:
    return "ifname" if rule.by_interface else _KINDS[rule.family]


def _chain(rule: Rule) -> str:
    return f"c{rule.digest}"


def _fixed(rule: Rule) -> Iterator[tuple[str, frozenset[Span]]]:
    if rule.peers is not None:
        yield f"p{rule.digest}", frozenset(rule.peers)
    for number, entries in enumerate(_services(rule).values()):
        yield f"x{rule.digest}_{number}", frozenset((e.first, e.last) for e in entries)


def _services(rule: Rule) -> dict[tuple[int | None, Span | None], list[Exempt]]:
    found: dict[tuple[int | None, Span | None], list[Exempt]] = {}
    for entry in rule.exempt:
        if entry.ports is not None and entry.protocol not in (None, *_PROTOCOLS):
            # No packet of a protocol without ports is to or from one.
            continue
        found.setdefault((entry.protocol, entry.ports), []).append(entry)
    return found


def _equal(left: Json, right: object) -> Json:
    return {"match": {"op": "==", "left": left, "right": right}}


def _payload(protocol: str, field: str) -> Json:
    return {"payload": {"protocol": protocol, "field": field}}


def _base(hook: str) -> Iterator[list[Json]]:
    if hook != "forward":
        yield [_equal(_payload("icmpv6", "type"), _ND), {"return": None}]


def _jumps(rule: Rule) -> Iterator[list[Json]]:
    rest = [*_service(rule.service), *_peers(rule), {"jump": {"target": _chain(rule)}}]
    for part in parts(rule):
        yield [*_members(rule, f"@{set_name(part, rule)}"), *rest]


def _members(rule: Rule, name: str) -> list[Json]:
    if rule.by_interface:
        key = "iifname" if rule.key is Key.INPUT_INTERFACE else "oifname"
        family = _equal({"meta": {"key": "nfproto"}}, _NFPROTO[rule.family])
        return [family, _equal({"meta": {"key": key}}, name)]
    field = "saddr" if rule.key is Key.SOURCE else "daddr"
    return [_equal(_payload(_HEADER[rule.family], field), name)]


def _peers(rule: Rule) -> list[Json]:
    if rule.peers is None:
        return []
    field = "daddr" if rule.key is Key.SOURCE else "saddr"
    return [_equal(_payload(_HEADER[rule.family], field), f"@p{rule.digest}")]


def _service(service: Service | None) -> list[Json]:
    if service is None:
        return []
    ports = [("sport", service.source_ports), ("dport", service.destination_ports)]
    found = [_port(service.protocol, field, span) for field, span in ports if span is not None]
    return found or [_protocol(service.protocol)]


def _protocol(protocol: int) -> Json:
    return _equal({"meta": {"key": "l4proto"}}, protocol)


def _port(protocol: int, field: str, span: Span) -> Json:
    first, last = span
    return _equal(
        _payload(_PROTOCOLS[protocol], field), first if first == last else {"range": [first, last]}
    )


def _decides(rule: Rule) -> Iterator[list[Json]]:
    for number, (protocol, ports) in enumerate(_services(rule)):
        name = f"@x{rule.digest}_{number}"
        protocols: tuple[int | None, ...] = (protocol,)
        if protocol is None and ports is not None:
            protocols = tuple(_PROTOCOLS)
        for one in protocols:
            for field, port in (("daddr", "dport"), ("saddr", "sport")):
                said = [] if one is None else [_protocol(one)]
                if one is not None and ports is not None:
                    said = [_port(one, port, ports)]
                where = _equal(_payload(_HEADER[rule.family], field), name)
                yield [*said, where, {"return": None}]
    yield [_COUNTER, {"drop": None}]
