# SPDX-License-Identifier: GPL-2.0-or-later
"""What must stand in the kernel for a set of rules: sets, maps, chains, expressions. Pure.

Every rule's text is what makes nft build the very same expressions (a test holds them equal).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from drivers.nftables.layout import (
    HostLayout,
    Layout,
    RangeLayout,
    host_names,
    interfaces_name,
    map_name,
    range_names,
)
from drivers.nftables.model import ChainSpec, RuleSpec, SetSpec, Spec
from drivers.nftables.names import (
    BLOCKS,
    HOSTS,
    MARK,
    RANGES,
    exempt_name,
    exempt_service,
    label,
    peers_name,
)
from drivers.nftables.netlink.constants import (
    NF_ACCEPT,
    NF_DROP,
    NFT_DATA_VERDICT,
    NFT_JUMP,
    NFT_RETURN,
    NFT_SET_INTERVAL,
    NFT_SET_MAP,
    NFT_SET_TIMEOUT,
)
from drivers.nftables.netlink.definitions import (
    TYPE_IFNAME,
    TYPE_IPV4,
    TYPE_IPV6,
    TYPE_MARK,
    ChainFacts,
    Hook,
    SetDefinition,
)
from drivers.nftables.netlink.expressions import (
    CMP_EQ,
    CMP_GTE,
    CMP_LTE,
    META_IIFNAME,
    META_L4PROTO,
    META_NFPROTO,
    META_OIFNAME,
    NETWORK_HEADER,
    TRANSPORT_HEADER,
    Expression,
    compare,
    counter,
    dispatch,
    lookup,
    mask,
    meta,
    payload,
    verdict,
)
from drivers.nftables.netlink.maps import Jump
from drivers.nftables.shut import RECORD, RECORD_SET, SHUT
from enforcer.core.rules import Exempt, Key, Rule, Service

PRIORITY = -150
"""Between connection tracking (-200) and destination NAT (-100): netfilter_ipv4.h."""
HOOKS = {"input": 1, "forward": 2, "output": 3}
COMMON = tuple(Rule(f, k) for f in (4, 6) for k in (Key.SOURCE, Key.DESTINATION))
"""Rules whose sets are there from the first mark on: most orders then touch elements alone."""
_WITH_PORTS = (6, 17, 33, 132, 136)
"""TCP, UDP, DCCP, SCTP, UDP-Lite: their headers begin with source and destination port."""
_OTHER = {Key.SOURCE: Key.DESTINATION, Key.DESTINATION: Key.SOURCE}
_OFFSET = {
    (4, Key.SOURCE): 12,
    (4, Key.DESTINATION): 16,
    (6, Key.SOURCE): 8,
    (6, Key.DESTINATION): 24,
}
_FIELD = {Key.SOURCE: "saddr", Key.DESTINATION: "daddr"}
_NFPROTO = {4: 2, 6: 10}
_WIDTH = {4: 4, 6: 16}
_TYPE = {4: TYPE_IPV4, 6: TYPE_IPV6}

_ICMPV6 = 58
_ND_FIRST, _ND_LAST = 133, 136
"""Router solicitation to neighbour advertisement: RFC 4861 section 4."""


class Words:
    """Expressions and their text, put together side by side."""

    def __init__(self, *parts: tuple[tuple[Expression, ...], str]) -> None:
        self.parts = parts

    def rule(self) -> RuleSpec:
        """All parts as one rule."""
        expressions = tuple(e for part in self.parts for e in part[0])
        return RuleSpec(expressions, " ".join(part[1] for part in self.parts if part[1]))

    def __add__(self, other: Words) -> Words:
        return Words(*self.parts, *other.parts)


def address_text(family: int, value: int) -> str:
    """An address as nft prints it."""
    return str(IPv4Address(value) if family == 4 else IPv6Address(value))


def _family(family: int) -> Words:
    is_it = (meta(META_NFPROTO), compare(CMP_EQ, bytes((_NFPROTO[family],))))
    return Words((is_it, f"meta nfproto ipv{family}"))


def _protocol(number: int) -> Words:
    is_it = (meta(META_L4PROTO), compare(CMP_EQ, bytes((number,))))
    return Words((is_it, f"meta l4proto {number}"))


def _port(word: str, ports: tuple[int, int] | None) -> Words:
    if ports is None:
        return Words()
    first, last = ports
    load = payload(TRANSPORT_HEADER, 0 if word == "sport" else 2, 2)
    low, high = (n.to_bytes(2, "big") for n in ports)
    if first == last:
        return Words(((load, compare(CMP_EQ, low)), f"th {word} {first}"))
    within = (load, compare(CMP_GTE, low), compare(CMP_LTE, high))
    return Words((within, f"th {word} {first}-{last}"))


def _service(service: Service | None) -> Words:
    if service is None:
        return Words()
    ports = _port("sport", service.source_ports) + _port("dport", service.destination_ports)
    return _protocol(service.protocol) + ports


def _address(family: int, key: Key) -> tuple[Expression, str]:
    load = payload(NETWORK_HEADER, _OFFSET[family, key], _WIDTH[family])
    return load, f"{'ip' if family == 4 else 'ip6'} {_FIELD[key]}"


def _in_set(family: int, key: Key, name: str) -> Words:
    if key in _OTHER:
        load, text = _address(family, key)
    else:
        inward = key is Key.INPUT_INTERFACE
        load = meta(META_IIFNAME if inward else META_OIFNAME)
        text = "iifname" if inward else "oifname"
    return Words(((load, lookup(name)), f"{text} @{name}"))


def _end(rule: Rule) -> Words:
    if rule.exempt:
        chain = exempt_name(rule)
        return Words(((counter(), verdict(NFT_JUMP, chain)), f"counter jump {chain}"))
    return Words(((counter(), verdict(NF_DROP)), "counter drop"))


def _match(rule: Rule) -> Words:
    """Everything but the members: checked first, so that elements count only what is dropped."""
    peers = Words()
    if rule.peers is not None:
        peers = _in_set(rule.family, _OTHER.get(rule.key, Key.SOURCE), peers_name(rule))
    return _family(rule.family) + _service(rule.service) + peers


def _shard_rule(rule: Rule, name: str) -> RuleSpec:
    return (_family(rule.family) + _in_set(rule.family, rule.key, name) + _end(rule)).rule()


def _direct_rule(rule: Rule, name: str) -> RuleSpec:
    return (_match(rule) + _in_set(rule.family, rule.key, name) + _end(rule)).rule()


def _dispatch_rule(rule: Rule, name: str, kept: int | None) -> RuleSpec:
    load, text = _address(rule.family, rule.key)
    steps: tuple[Expression, ...] = (load, dispatch(name))
    if kept is not None:
        steps = (load, mask(kept.to_bytes(_WIDTH[rule.family], "big")), dispatch(name))
        text += f" & {address_text(rule.family, kept)}"
    return (_match(rule) + Words((steps, f"{text} vmap @{name}"))).rule()


def members_set(
    rule: Rule, name: str, layout: str, interval: bool, counters: bool
) -> SetDefinition:
    """The definition of a set that holds members of `rule`."""
    flags = NFT_SET_TIMEOUT | (NFT_SET_INTERVAL if interval else 0)
    kind = TYPE_IFNAME if rule.by_interface else _TYPE[rule.family]
    width = 16 if rule.by_interface else _WIDTH[rule.family]
    statements = ("counter",) if counters else ()
    return SetDefinition(name, flags, kind, width, str(label(rule, layout)), statements)


class _Draft:
    """A specification while it is being put together."""

    def __init__(self, counters: bool) -> None:
        self.counters = counters
        self.sets: dict[str, SetSpec] = {}
        self.chains: dict[str, ChainSpec] = {}
        self.blocks: list[RuleSpec] = []

    def chain(self, name: str, rules: Iterable[RuleSpec], hook: Hook | None = None) -> None:
        self.chains[name] = ChainSpec(ChainFacts(name, hook), tuple(rules))

    def members(self, rule: Rule, name: str, layout: str, interval: bool) -> None:
        self.sets[name] = SetSpec(members_set(rule, name, layout, interval, self.counters))

    def fixed(
        self, family: int, name: str, comment: str, ranges: tuple[tuple[int, int], ...]
    ) -> None:
        made = SetDefinition(name, NFT_SET_INTERVAL, _TYPE[family], _WIDTH[family], comment)
        self.sets[name] = SetSpec(made, ranges=ranges)

    def jumps(self, rule: Rule, name: str, jumps: tuple[Jump, ...], interval: bool) -> None:
        flags = NFT_SET_MAP | (NFT_SET_INTERVAL if interval else 0)
        made = SetDefinition(
            name, flags, _TYPE[rule.family], _WIDTH[rule.family], data_type=NFT_DATA_VERDICT
        )
        self.sets[name] = SetSpec(made, jumps=jumps)


def specification(
    rules: Mapping[Rule, Layout | None], hooks: Iterable[str], counters: bool
) -> Spec:
    """The table for `rules` (with their layouts; None for rules by interface)."""
    draft = _Draft(counters)
    draft.sets[MARK] = SetSpec(SetDefinition(MARK, 0, TYPE_MARK, 4))
    for rule in sorted(rules, key=lambda r: r.digest):
        layout = rules[rule]
        if rule == SHUT:
            draft.sets[RECORD] = SetSpec(RECORD_SET)
            continue
        _shared(draft, rule)
        if layout is None:
            name = interfaces_name(rule)
            draft.members(rule, name, "", interval=False)
            draft.blocks.append(_direct_rule(rule, name))
        else:
            _hosts(draft, rule, layout.hosts)
            _ranges(draft, rule, layout.ranges)
    draft.chain(BLOCKS, draft.blocks)
    for hook in sorted(hooks):
        draft.chain(hook, _base_rules(hook), Hook("filter", HOOKS[hook], PRIORITY, NF_ACCEPT))
    return Spec(draft.chains, draft.sets)


def _base_rules(hook: str) -> Iterator[RuleSpec]:
    if hook != "forward":
        load = payload(TRANSPORT_HEADER, 0, 1)
        within = (load, compare(CMP_GTE, bytes((_ND_FIRST,))), compare(CMP_LTE, bytes((_ND_LAST,))))
        neighbours = Words((within, f"icmpv6 type {_ND_FIRST}-{_ND_LAST}"))
        leave = Words(((verdict(NFT_RETURN),), "return"))
        yield (_family(6) + _protocol(_ICMPV6) + neighbours + leave).rule()
    yield RuleSpec((verdict(NFT_JUMP, BLOCKS),), f"jump {BLOCKS}")


def _hosts(draft: _Draft, rule: Rule, layout: HostLayout) -> None:
    names = host_names(rule, layout)
    for name in names:
        draft.members(rule, name, layout.text(), interval=False)
    if layout.count == 1:
        draft.blocks.append(_direct_rule(rule, names[0]))
        return
    for name in names:
        draft.chain(name, (_shard_rule(rule, name),))
    chosen = map_name(rule, HOSTS, layout.letter)
    jumps = tuple(Jump(i << layout.shift, name) for i, name in enumerate(names))
    draft.jumps(rule, chosen, jumps, interval=False)
    draft.blocks.append(_dispatch_rule(rule, chosen, (layout.count - 1) << layout.shift))


def _ranges(draft: _Draft, rule: Rule, layout: RangeLayout) -> None:
    names = range_names(rule, layout)
    for index, name in enumerate(names[: layout.count]):
        draft.members(rule, name, layout.text(index), interval=True)
    if not layout.cuts:
        draft.blocks.append(_direct_rule(rule, names[0]))
        return
    wide = names[layout.count]
    draft.members(rule, wide, layout.text(0), interval=True)
    for name in names[: layout.count]:
        draft.chain(name, (_shard_rule(rule, name),))
    chosen = map_name(rule, RANGES, layout.letter)
    starts = (0, *layout.cuts)
    jumps = tuple(Jump(first, name) for first, name in zip(starts, names, strict=False))
    draft.jumps(rule, chosen, jumps, interval=True)
    draft.blocks += [_direct_rule(rule, wide), _dispatch_rule(rule, chosen, None)]


def _shared(draft: _Draft, rule: Rule) -> None:
    """The sets of peers and the chain of exceptions."""
    if rule.peers is not None:
        draft.fixed(rule.family, peers_name(rule), "", rule.peers)
    if not rule.exempt or exempt_name(rule) in draft.chains:
        return
    chain = exempt_name(rule)
    services: dict[str, list[Exempt]] = {}
    for entry in rule.exempt:
        services.setdefault(exempt_service(entry), []).append(entry)
    lines: list[RuleSpec] = []
    for number, (comment, entries) in enumerate(services.items()):
        name = f"{chain}_{number}"
        draft.fixed(rule.family, name, comment, tuple((e.first, e.last) for e in entries))
        lines += _returns(rule.family, entries[0], name)
    draft.chain(chain, (*lines, RuleSpec((verdict(NF_DROP),), "drop")))


def _returns(family: int, entry: Exempt, name: str) -> Iterator[RuleSpec]:
    """Leave the chain for what an excepted service says or is told."""
    leave = Words(((verdict(NFT_RETURN),), "return"))
    protocols: tuple[int | None, ...] = (entry.protocol,)
    if entry.protocol is None and entry.ports is not None:
        protocols = _WITH_PORTS
    for protocol in protocols:
        carried = Words() if protocol is None else _protocol(protocol)
        for key, word in ((Key.DESTINATION, "dport"), (Key.SOURCE, "sport")):
            port = _port(word, entry.ports)
            yield (_family(family) + carried + port + _in_set(family, key, name) + leave).rule()
