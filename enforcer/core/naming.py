# SPDX-License-Identifier: GPL-2.0-or-later
"""How a person would name a member of a rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from enforcer.core.intervals import Ranges, networks_of
from enforcer.core.orders import MAX_ORDER_NUMBER, order_id
from enforcer.core.rules import UNATTRIBUTED, InterfaceMember, Key, Members, Rule, Service
from enforcer.core.services import format_protocol


def ranges_text(family: int, first: int, last: int) -> str:
    """An address, a prefix, or ``first-last`` where the range is neither."""
    networks = list(islice(networks_of(Ranges.of([(first, last)]), family), 2))
    if len(networks) == 1:
        network = networks[0]
        return str(network.network_address) if first == last else str(network)
    ends = networks_of(Ranges.of([(first, first), (last, last)]), family)
    return "-".join(str(network.network_address) for network in ends)


def rule_text(rule: Rule) -> str:
    """The key and the service: ``source``, ``destination, tcp to port 25``.

    Of a rule about routes the neighbor: ``received from 203.0.113.1``.
    """
    if rule.key is Key.INTERFACE:
        return "interface shut down"
    if rule.key is Key.SESSION:
        return "session shut down"
    if rule.by_route:
        way = "from" if rule.key is Key.RECEIVED else "to"
        return f"{rule.key} {way} {rule.neighbor}{routes_text(rule)}"
    if rule.exports:
        return f"{rule.key}, exported to {', '.join(rule.exports)}"
    return str(rule.key) + (f", {service_text(rule.service)}" if rule.service else "")


def routes_text(rule: Rule) -> str:
    """Which routes inside the members, led by a comma: ``, /24, originated by AS64500``."""
    found = rule.routes
    if found is None:
        return ""
    if found.shortest == found.longest:
        text = f", /{found.shortest}"
    else:
        text = f", /{found.shortest} to /{found.longest}"
    if found.origin is not None:
        text += f", originated by AS{found.origin}"
    return text + (f", through AS{found.passes}" if found.passes is not None else "")


def service_text(service: Service) -> str:
    """Protocol and ports: ``tcp to port 25``."""
    text = format_protocol(service.protocol)
    for word, ports in (("from", service.source_ports), ("to", service.destination_ports)):
        if ports is not None:
            first, last = ports
            text += f" {word} port {first}" if first == last else f" {word} ports {first}-{last}"
    return text


def order_text(number: int) -> str:
    """The order's printed id, or words for a number that is none of ours."""
    return order_id(number) if 1 <= number <= MAX_ORDER_NUMBER else "no order of ours"


def member_texts(rule: Rule, members: Members, suffix: str) -> Iterator[str]:
    """One text per member: ``198.51.100.7 (source, 0001-Y) missing``; for small sets."""
    for first, last, _, order in members.rows():
        address = ranges_text(rule.family, first, last)
        yield f"{address} ({rule_text(rule)}{_of(order)}) {suffix}"


def interface_text(rule: Rule, member: InterfaceMember, suffix: str) -> str:
    """The same for an interface: ``eth1 (input-interface, IPv4, 0001-Y) missing``.

    Of one that is administratively down: ``eth1 (shut down, 0001-Y) missing``.
    """
    shut = rule.key in (Key.INTERFACE, Key.SESSION)
    key = "shut down" if shut else f"{rule.key}, IPv{rule.family}"
    return f"{member.name} ({key}{_of(member.order)}) {suffix}"


def _of(number: int) -> str:
    """Nothing for what a device cannot say whose it is."""
    return "" if number == UNATTRIBUTED else f", {order_text(number)}"
