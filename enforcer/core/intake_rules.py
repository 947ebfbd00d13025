# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of intake: which reports they take, and what these become.

The first rule that fits takes a report; one that no rule takes waits for a person.
`enforcer.core.intake_reading` makes them of the settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Literal, Protocol

from enforcer.core.ladder import Ladder
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    Network,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.signals import SEVERITIES, Of, Signal

Do = Literal["order", "open", "ignore"]
NARROW = frozenset({"block_address", "block_port", "blackhole"})
"""Kinds of orders that touch the target's address and nothing else."""
LONGEST_REASON = 400
REASON = "{type} reported by {source}"
"""Of an order, where its rule has no template."""
_PLACE = re.compile(r"\{([^{}]*)\}")
_SHOWN = 80


class Space(Protocol):
    """Whose addresses are whose, as the inventory in force says."""

    def ours(self, network: Network) -> bool:
        """Whether all of `network` is our own or our customers'."""
        ...

    def customers(self, network: Network) -> frozenset[str]:
        """The customers that use any of `network`."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of `target_in` and `peer_in`: all that it covers.

    `word`: ours, others, customers, or empty; `customer`: a name; `prefix`.
    """

    word: str = ""
    customer: str = ""
    prefix: Network | None = None

    def covers(self, network: Network | None, space: Space) -> bool:
        """Whether `network` is inside."""
        if network is None:
            return False
        if self.prefix is not None:
            return _inside(network, self.prefix)
        if self.customer:
            return space.ours(network) and space.customers(network) == {self.customer}
        if self.word == "customers":
            return space.ours(network) and bool(space.customers(network))
        return space.ours(network) is (self.word == "ours")


@dataclass(frozen=True, slots=True)
class Match:
    """What a report must be; empty: anything. Names and types are globs, lower case."""

    formats: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    severity: str = ""
    """At least this; a report without one fits only where nothing is asked."""
    target_in: tuple[Place, ...] = ()
    peer_in: tuple[Place, ...] = ()
    ports: tuple[PortRange, ...] = ()
    protocols: tuple[int, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def fits(self, signal: Signal, source: str, space: Space) -> bool:
        """Whether `signal`, sent by `source`, is meant."""
        return (
            _like(signal.format, self.formats)
            and _like(source, self.sources)
            and _like(signal.type, self.types)
            and _like(signal.reporter, self.reporters)
            and _severe(signal.severity, self.severity)
            and (not self.protocols or signal.protocol in self.protocols)
            and (not self.ports or _port_in(signal.port, self.ports))
            and _placed(signal.target, self.target_in, space)
            and _placed(signal.peer, self.peer_in, space)
            and all(_field(signal.fields, name, like) for name, like in self.fields.items())
        )


@dataclass(frozen=True, slots=True)
class Ordering:
    """The order that a rule makes.

    `of`: about which end. `asked`: as long as the detector asks for, at most the ladder's last
    rung. `ports` and `protocols` of a block by port; empty: what the report names.
    """

    kind: str
    ladder: Ladder
    of: Of = "target"
    direction: Direction = Direction.BOTH
    asked: bool = False
    ports: tuple[PortRange, ...] = ()
    protocols: tuple[int, ...] = ()
    scope: Scope = field(default_factory=Scope)
    keep: tuple[str, ...] = ()
    """Service sets that stay reachable."""
    by: Literal["prefixes", "interface"] = "prefixes"
    exports: tuple[str, ...] = ()
    reason: str = REASON
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `threshold`: so many reports about one target `within` this time.

    `again`: so long what is like a report is counted in it instead of standing beside it, and
    so long after a person lifted the order nothing is ordered for that target. `lift`: when the
    detector says that it is over, the order that this rule made is lifted.
    """

    name: str
    do: Do
    match: Match = Match()
    order: Ordering | None = None
    threshold: int = 1
    within: timedelta = timedelta(hours=1)
    again: timedelta = timedelta(hours=1)
    lift: bool = False


def rule_for(rules: tuple[Rule, ...], signal: Signal, source: str, space: Space) -> Rule | None:
    """The first rule that fits."""
    return next((rule for rule in rules if rule.match.fits(signal, source, space)), None)


def demand_of(ordering: Ordering, signal: Signal, customers: frozenset[str]) -> Demand | str:
    """What is ordered about `signal`'s target (already `seen_from` the right end).

    `customers`: who uses the target. A sentence: why nothing can be ordered.
    """
    target = signal.target
    if target is None:
        return "it names no address to order anything about"
    spared = Selection(service_sets=ordering.keep)
    match ordering.kind:
        case "block_address":
            return BlockAddress(target, ordering.direction, exceptions=spared)
        case "blackhole":
            return Blackhole(target, Direction.TO, ordering.exports)
        case "block_port":
            return _by_port(ordering, signal, target, spared)
        case "block_flow":
            if signal.peer is None:
                return "it does not name the other end of the flow"
            return BlockFlow(
                Selection((target,)),
                Selection((signal.peer,)),
                direction=ordering.direction,
                exceptions=spared,
            )
    if len(customers) != 1:
        return "its target does not belong to exactly one customer"
    (customer,) = customers
    if ordering.kind == "cut_feed":
        return CutFeed(customer)
    return SuspendCustomer(customer, spared, ordering.by)


def _by_port(
    ordering: Ordering, signal: Signal, target: Network, spared: Selection
) -> Demand | str:
    reported = () if signal.port is None else (PortRange(signal.port, signal.port),)
    ports = ordering.ports or reported
    protocols = ordering.protocols or (() if signal.protocol is None else (signal.protocol,))
    if not ports or not protocols:
        return "it names no port and protocol, and the rule states none"
    return BlockPort(Selection((target,)), protocols, ports, ordering.direction, exceptions=spared)


PLACES = frozenset(
    ["type", "target", "peer", "source", "format", "severity", "reporter", "id", "port", "rule"]
)
"""What a template may name, beside ``fields.NAME``."""


def places_in(template: str) -> tuple[str, ...]:
    """The names of all ``{places}`` in `template`."""
    return tuple(_PLACE.findall(template))


def filled(template: str, signal: Signal, source: str, rule: str) -> str:
    """`template` with its ``{places}`` filled, one line, at most `LONGEST_REASON` characters.

    What came from outside is text there and nothing else: no line breaks, no control characters,
    and no places of its own.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "source":
            return one_line(source)
        if name == "rule":
            return rule
        if name.startswith("fields."):
            return one_line(field_of(signal.fields, name.removeprefix("fields.")))
        return one_line(getattr(signal, name, "")) if name in PLACES else ""

    return _PLACE.sub(value, template)[:LONGEST_REASON].strip()


def one_line(value: object, longest: int = _SHOWN) -> str:
    """`value` as printable text of one line, bounded; None is empty."""
    text = "" if value is None else str(value)[: longest * 4]
    text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def field_of(fields: Mapping[str, object], dotted: str) -> object:
    """The member that `dotted` leads to, or that has this very name; None: there is none."""
    if dotted in fields:
        return fields[dotted]
    here: object = fields
    for step in dotted.split("."):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def _like(value: str, globs: tuple[str, ...]) -> bool:
    return not globs or any(fnmatchcase(value.lower(), glob) for glob in globs)


def _severe(stated: str, least: str) -> bool:
    if not least:
        return True
    return stated in SEVERITIES and SEVERITIES.index(stated) >= SEVERITIES.index(least)


def _port_in(port: int | None, ranges: tuple[PortRange, ...]) -> bool:
    return port is not None and any(r.first <= port <= r.last for r in ranges)


def _placed(network: Network | None, places: tuple[Place, ...], space: Space) -> bool:
    return not places or any(place.covers(network, space) for place in places)


def _field(fields: Mapping[str, object], name: str, like: str) -> bool:
    value = field_of(fields, name)
    if isinstance(value, list | tuple):
        return any(fnmatchcase(str(one).lower(), like) for one in value)
    return value is not None and fnmatchcase(str(value).lower(), like)


def _inside(network: Network, prefix: Network) -> bool:
    return (
        network.version == prefix.version
        and prefix.prefixlen <= network.prefixlen
        and int(network.network_address) >> (network.max_prefixlen - prefix.prefixlen)
        == int(prefix.network_address) >> (prefix.max_prefixlen - prefix.prefixlen)
    )
