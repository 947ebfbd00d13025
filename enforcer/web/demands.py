# SPDX-License-Identifier: GPL-2.0-or-later
"""From the fields of a form to what an order asks for, kind by kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, TypeVar

from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    PortRange,
    RouteChoice,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendBy,
    SuspendCustomer,
)
from enforcer.core.prefixes import parse_network, shown
from enforcer.core.services import WITH_PORTS, format_protocols, parse_ports, parse_protocols
from enforcer.errors import InvalidInput
from enforcer.web.form_fields import Fields

_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ASN = re.compile(r"(?:AS)?([0-9]{1,10})", re.IGNORECASE)
_LAST_ASN = 2**32 - 2
_Word = TypeVar("_Word", bound=str)


def demand_of(fields: Fields) -> Demand | None:
    """What the form asks for; None where a field is wrong, which `fields.problems` says."""
    kind = fields.get("kind", "block_address")
    build = _BUILD.get(kind)
    if build is None:
        raise InvalidInput(f"'{shown(kind)}' is no kind of order: choose one of the list")
    return build(fields)


def selection(fields: Fields, name: str, needed: str = "", bare: str = "customer") -> Selection:
    """Prefixes, ``customer:NAME``, ``service:NAME``; a bare name is a `bare`."""
    read = fields.read_several(name, lambda text: _part(text, bare), needed)
    return Selection(
        tuple(p for part in read for p in part.prefixes),
        tuple(c for part in read for c in part.customers),
        tuple(s for part in read for s in part.service_sets),
    )


def _part(text: str, bare: str) -> Selection:
    scheme, colon, rest = text.partition(":")
    if not (colon and scheme in {"customer", "service"}):
        scheme, rest = bare, text
        if not _NAME.fullmatch(text) or _is_address(text):
            return Selection((parse_network(text),))
    if not _NAME.fullmatch(rest):
        raise InvalidInput(f"'{shown(text)}' names nothing: write it like customer:NAME")
    return Selection((), (rest,)) if scheme == "customer" else Selection((), (), (rest,))


def _is_address(text: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F.:/]+", text) is not None and ("." in text or ":" in text)


def parse_asn(text: str) -> int:
    """``64500`` or ``AS64500``. Raises InvalidInput."""
    found = _ASN.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= _LAST_ASN:
        raise InvalidInput(f"'{shown(text)}' is no AS number: write it like AS64500")
    return int(found[1])


def _neighbor(text: str) -> IPv4Address | IPv6Address:
    network = parse_network(text)
    if network.prefixlen != network.max_prefixlen:
        raise InvalidInput(f"'{shown(text)}' is no neighbor: give the address of one")
    return network.network_address


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise InvalidInput(f"'{shown(text)}' is no name: letters, digits, dots and dashes")
    return text


def _direction(fields: Fields, otherwise: Direction) -> Direction:
    stated = fields.get("direction")
    return Direction(stated) if stated in list(Direction) else otherwise


def _choice(fields: Fields, name: str, words: dict[str, _Word], otherwise: _Word) -> _Word:
    return words.get(fields.get(name), otherwise)


def _spared(fields: Fields) -> Selection:
    return selection(fields, "exceptions", bare="service")


def _service(fields: Fields, needed: str = "") -> tuple[tuple[int, ...], tuple[PortRange, ...]]:
    protocols = fields.read("protocols", parse_protocols, needed) or ()
    ports = fields.read("ports", parse_ports) or ()
    portless = [number for number in protocols if number not in WITH_PORTS]
    if ports and portless:
        fields.problems.setdefault(
            "ports", f"{format_protocols(portless)} has no ports: place a second order for it"
        )
    if ports and not protocols:
        fields.problems.setdefault("protocols", "ports need a protocol: tcp, udp or both")
    return protocols, ports


def _address(fields: Fields) -> Demand | None:
    prefix = fields.read("prefix", parse_network, "say which address or prefix")
    spared = _spared(fields)
    if prefix is None or fields.problems:
        return None
    return BlockAddress(prefix, _direction(fields, Direction.BOTH), exceptions=spared)


def _port(fields: Fields) -> Demand | None:
    target = selection(fields, "target", "say whose ports: a prefix or a customer")
    protocols, ports = _service(fields, "say which protocols, such as tcp")
    spared = _spared(fields)
    if fields.problems:
        return None
    return BlockPort(
        target, protocols, ports, _direction(fields, Direction.FROM), exceptions=spared
    )


def _flow(fields: Fields) -> Demand | None:
    source = selection(fields, "source", "say from where")
    destination = selection(fields, "destination", "say to where", "service")
    protocols, ports = _service(fields)
    spared = _spared(fields)
    if fields.problems:
        return None
    way = _direction(fields, Direction.FROM)
    return BlockFlow(source, destination, protocols, ports, way, exceptions=spared)


def _list(fields: Fields) -> Demand | None:
    name = fields.read("list_name", str, "say which list")
    spared = _spared(fields)
    if name is None or fields.problems:
        return None
    return BlockList(name, _direction(fields, Direction.BOTH), exceptions=spared)


def _suspend(fields: Fields) -> Demand | None:
    customer = fields.read("customer", _name, "say which customer")
    spared = _spared(fields)
    if customer is None or fields.problems:
        return None
    return SuspendCustomer(customer, spared, _choice(fields, "by", BY, "prefixes"))


def _cut(fields: Fields) -> Demand | None:
    customer = fields.read("customer", _name, "say which customer")
    spared = _spared(fields)
    if customer is None or fields.problems:
        return None
    return CutFeed(customer, fields.get("news_servers") or "news", exceptions=spared)


def _sessions(fields: Fields) -> Sessions:
    found = Sessions(
        fields.read_several("customers", _name),
        fields.read_several("asns", parse_asn),
        fields.read_several("neighbors", _neighbor),
    )
    scoped = any(fields.get(name) for name in ("devices", "roles", "sites"))
    if not found and not scoped and not fields.problems:
        fields.problems["customers"] = (
            "say with whom the sessions are: a customer, an AS number or a neighbor; or name"
            " devices below, whose sessions with everybody outside are meant"
        )
    return found


def _length(longest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and int(text) <= longest):
            raise InvalidInput(f"'{shown(text)}' is no prefix length: write 0 to {longest}")
        return int(text)

    return read


def _routes(fields: Fields) -> Demand | None:
    sessions = _sessions(fields)
    demand = DropRoutes(
        sessions,
        fields.read_several("prefixes", parse_network),
        _choice(fields, "choice", CHOICES, "listed"),
        fields.on("or_longer"),
        fields.read("origin_as", parse_asn),
        fields.read("path_as", parse_asn),
        fields.read("longer_than4", _length(31)),
        fields.read("longer_than6", _length(127)),
        _choice(fields, "way", WAYS, "in"),
        exceptions=_spared(fields),
    )
    if demand.choice == "listed" and not demand.prefixes:
        fields.problems.setdefault("prefixes", "say which routes, or choose all of them")
    return None if fields.problems else demand


def _blackhole(fields: Fields) -> Demand | None:
    prefix = fields.read("prefix", parse_network, "say which address is given up")
    exports = fields.read_several("exports", _name)
    spared = _spared(fields)
    if prefix is None or fields.problems:
        return None
    way = _direction(fields, Direction.TO)
    return Blackhole(prefix, way, exports, exceptions=spared)


def _shutdown(fields: Fields) -> Demand | None:
    demand = ShutdownSession(_sessions(fields), exceptions=_spared(fields))
    return None if fields.problems else demand


BY: dict[str, SuspendBy] = {
    "prefixes": "prefixes",
    "interface": "interface",
    "shutdown": "shutdown",
    "session": "session",
}
CHOICES: dict[str, RouteChoice] = {
    "listed": "listed",
    "unregistered": "unregistered",
    "every": "every",
}
WAYS: dict[str, Literal["in", "out"]] = {"in": "in", "out": "out"}
_BUILD: dict[str, Callable[[Fields], Demand | None]] = {
    "block_address": _address,
    "block_port": _port,
    "block_flow": _flow,
    "block_list": _list,
    "suspend_customer": _suspend,
    "cut_feed": _cut,
    "drop_routes": _routes,
    "blackhole": _blackhole,
    "shutdown_session": _shutdown,
}
