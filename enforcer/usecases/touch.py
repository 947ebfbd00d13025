# SPDX-License-Identifier: GPL-2.0-or-later
"""How one order touches an asked address or prefix, and what it is limited to, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from enforcer.core.contributions import Contribution, Contributions
from enforcer.core.intervals import Ranges, inside, rows_of, subtract, union
from enforcer.core.links import links_around
from enforcer.core.naming import ranges_text, service_text
from enforcer.core.orders import Network
from enforcer.core.rules import Exempt, Key, Rule
from enforcer.core.services import format_protocol
from enforcer.core.topology import Attachment, Topology

_SHOWN = 3
_SHOWN_SERVICES = 6
_ALIKE = {
    Key.INPUT_INTERFACE: (Key.SOURCE,),
    Key.OUTPUT_INTERFACE: (Key.DESTINATION,),
    Key.INTERFACE: (Key.SOURCE, Key.DESTINATION),
}
"""What comes in by a customer's interface is from the customer, what leaves by it is to it."""
_OTHER_END = {Key.SOURCE: Key.DESTINATION, Key.DESTINATION: Key.SOURCE}


@dataclass(frozen=True)
class Touch:
    """The touched `ranges`; `relation`: exact, covers, inside; `keys`: in which directions.

    `limited`: only some of the traffic is meant; `what` says which, "" for all of it.
    """

    ranges: Ranges
    relation: str
    keys: frozenset[Key]
    what: str
    limited: bool


def touches(
    asks: Contributions, asked: Network, behind: frozenset[Attachment], sources: bool = False
) -> tuple[Touch, ...]:
    """How an order touches `asked`, which is `behind` these interfaces; empty: not at all.

    By what it is about (by address, else by interface) comes before the other end of its flows.
    A blackhole drops what goes to its addresses, with `sources` also what comes from them, which
    its announcement does not tell. Routes and sessions that are cut touch no packet.
    """
    about = _by_address(asks, asked, sources) or _by_interface(asks, asked, behind)
    found = (about, _by_peer(asks, asked))
    return tuple(touch for touch in found if touch is not None)


def attachments_of(topology: Topology, asked: Network) -> frozenset[Attachment]:
    """Behind which interfaces `asked` is: by the longest prefix of a customer, or link, around."""
    around = [
        (prefix.prefixlen, customer.attachments)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if prefix.version == asked.version and _within(asked, prefix)
    ]
    around += [(length, (place,)) for length, place in links_around(topology, asked)]
    longest = max((length for length, _ in around), default=0)
    return frozenset(a for length, places in around if length == longest for a in places)


def _within(inner: Network, outer: Network) -> bool:
    """Whether all of `inner` is in `outer`; both of one family."""
    (first, last), (low, high) = rows_of((inner,)).pairs()[0], rows_of((outer,)).pairs()[0]
    return low <= first and last <= high


def _by_address(asks: Contributions, asked: Network, sources: bool) -> Touch | None:
    found: list[tuple[Contribution, Ranges]] = []
    for part in asks.parts:
        if part.rule.family == asked.version and not _elsewhere(part.rule):
            region = _meant(part.rule, asked)
            rows = inside(Ranges(part.first, part.last), region).source
            if len(rows):
                found.append((part, Ranges(part.first[rows], part.last[rows])))
    if not found:
        return None
    what = limits_text(part.rule for part, _ in found)
    keys = frozenset(key for part, _ in found for key in _dropped(part.rule, sources))
    touched = union(ranges for _, ranges in found)
    return Touch(touched, _relation(touched, asked), keys, what, bool(what))


def _dropped(rule: Rule, sources: bool) -> tuple[Key, ...]:
    """By which end of a packet the members are looked up."""
    if rule.key is not Key.BLACKHOLE:
        return (rule.key,)
    return (Key.SOURCE, Key.DESTINATION) if sources else (Key.DESTINATION,)


def _elsewhere(rule: Rule) -> bool:
    """Whether the members are not addresses of packets."""
    return rule.by_interface or rule.by_route


def _meant(rule: Rule, asked: Network) -> Ranges:
    """`asked` without the addresses whose traffic the rule spares altogether."""
    spared = Ranges.of((e.first, e.last) for e in rule.exempt if _is_whole(e))
    return subtract(rows_of((asked,)), spared)[0] if len(spared) else rows_of((asked,))


def _by_peer(asks: Contributions, asked: Network) -> Touch | None:
    """Where `asked` is the other end of flows that are blocked."""
    found: list[tuple[Contribution, Ranges]] = []
    for part in asks.parts:
        if part.rule.family == asked.version and part.rule.peers is not None:
            peers = Ranges.of(part.rule.peers)
            rows = inside(peers, _meant(part.rule, asked)).source
            if len(rows):
                found.append((part, peers.take(rows)))
    if not found:
        return None
    what = _limits(
        (part.rule, tuple(Ranges(part.first[:_SHOWN], part.last[:_SHOWN]).pairs()), len(part))
        for part, _ in found
    )
    keys = frozenset(_OTHER_END[part.rule.key] for part, _ in found)
    touched = union(ranges for _, ranges in found)
    return Touch(touched, _relation(touched, asked), keys, what, limited=True)


def _by_interface(
    asks: Contributions, asked: Network, behind: frozenset[Attachment]
) -> Touch | None:
    cut: dict[Attachment, None] = {}
    rules: dict[Rule, Ranges] = {}
    for part in asks.parts:
        if part.rule.family in (0, asked.version) and part.rule.key in _ALIKE:
            meant = _meant(part.rule, asked)
            here = {Attachment(part.device, name): None for name in part.interfaces}
            if len(meant) and behind.intersection(here):
                cut |= {place: None for place in here if place in behind}
                rules[part.rule] = meant
    if not rules:
        return None
    places = _first([f"{place.interface} on {place.device}" for place in cut], _SHOWN)
    first = next(iter(rules))
    exempt = any(rule.exempt for rule in rules)
    how = "by shutdown of" if first.key is Key.INTERFACE else "by interface"
    what = f"{how} {places}" + (f", except {_exempt_text(first)}" if first.exempt else "")
    keys = frozenset(key for rule in rules for key in _ALIKE[rule.key])
    limited = exempt or behind != cut.keys()
    touched = union(rules.values())
    relation = "covers" if _relation(touched, asked) == "exact" else "inside"
    return Touch(touched, relation, keys, what, limited)


def _relation(ranges: Ranges, asked: Network) -> str:
    first, last = rows_of((asked,)).pairs()[0]
    for low, high in ranges.pairs():
        if (low, high) == (first, last):
            return "exact"
        if low <= first and last <= high:
            return "covers"
    return "inside"


def limits_text(rules: Iterable[Rule]) -> str:
    """What rules of one family and order are limited to, for people; "" for everything.

    ``tcp to port 25, except 203.0.113.25``; of many things the first few, and how many more.
    """
    return _limits((rule, rule.peers, len(rule.peers or ())) for rule in rules)


def _limits(rules: Iterable[tuple[Rule, Sequence[tuple[int, int]] | None, int]]) -> str:
    """`limits_text` of (rule, ranges at the other end or None, how many there are)."""
    services: dict[tuple[str, str], dict[str, None]] = {}
    for rule, others, count in rules:
        peers = f" with {_ranges(rule.family, others, count)}" if others is not None else ""
        exempt = f", except {_exempt_text(rule)}" if rule.exempt else ""
        service = service_text(rule.service) if rule.service is not None else "all"
        services.setdefault((peers, exempt), {})[service] = None
    texts = [
        f"{_first(list(found), _SHOWN_SERVICES)}{peers}{exempt}"
        for (peers, exempt), found in services.items()
    ]
    text = "; ".join(texts)
    return "" if text == "all" else text


def _ranges(family: int, ranges: Sequence[tuple[int, int]], count: int) -> str:
    shown = [ranges_text(family, first, last) for first, last in ranges[:_SHOWN]]
    return _first(shown, _SHOWN, count) or "nobody"


def _exempt_text(rule: Rule) -> str:
    """By address; for an address that is spared for some services only, for which ones."""
    by_address: dict[tuple[int, int], list[Exempt]] = {}
    for entry in rule.exempt:
        by_address.setdefault((entry.first, entry.last), []).append(entry)
    texts = []
    for (first, last), entries in list(by_address.items())[:_SHOWN]:
        services = [_spared(entry) for entry in entries[:_SHOWN] if not _is_whole(entry)]
        whole = any(map(_is_whole, entries))
        limit = "" if whole else f" ({_first(services, _SHOWN, len(entries))})"
        texts.append(ranges_text(rule.family, first, last) + limit)
    return _first(texts, _SHOWN, len(by_address))


def _is_whole(entry: Exempt) -> bool:
    """Whether all traffic of its addresses is spared, and not one service alone."""
    return entry.protocol is None and entry.ports is None


def _spared(entry: Exempt) -> str:
    text = "" if entry.protocol is None else format_protocol(entry.protocol)
    if entry.ports is None:
        return text
    first, last = entry.ports
    ports = f"port {first}" if first == last else f"ports {first}-{last}"
    return f"{text} {ports}".strip()


def _first(texts: Sequence[str], shown: int, count: int | None = None) -> str:
    more = (len(texts) if count is None else count) - min(len(texts), shown)
    return ", ".join(texts[:shown]) + (f" and {more} more" if more > 0 else "")
