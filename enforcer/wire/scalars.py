# SPDX-License-Identifier: GPL-2.0-or-later
"""How single values are read: networks, ports, protocols, instants, text."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, StrictInt, StrictStr, WithJsonSchema
from pydantic_core import PydanticCustomError

from enforcer.core.orders import Network, PortRange
from enforcer.core.prefixes import parse_network
from enforcer.core.services import MAX_PROTOCOL, PROTOCOLS, parse_ports, parse_protocols
from enforcer.errors import InvalidInput


def _from_text(parse: Callable[[str], object], example: str) -> Callable[[object], object]:
    """Read strings alone, and turn a refusal into one that carries its place."""

    def read(value: object) -> object:
        if not isinstance(value, str):
            raise PydanticCustomError("wire", f"write it as a string such as {example}")
        try:
            return parse(value)
        except InvalidInput as refused:
            raise PydanticCustomError("wire", "{why}", {"why": str(refused)}) from refused

    return read


def _network(text: str) -> Network:
    return _plain_network(text) or parse_network(text)


def _plain_network(text: str) -> Network | None:
    """A prefix as this program writes it, of which an order may have 100,000; None: look closer."""
    address, _, length = text.partition("/")
    if not length.isascii() or not length.isdecimal() or length != str(int(length)):
        return None
    try:
        if ":" in address:
            number = int.from_bytes(socket.inet_pton(socket.AF_INET6, address))
            return None if number >> 32 == _MAPPED else IPv6Network((number, int(length)))
        number = int.from_bytes(socket.inet_pton(socket.AF_INET, address))
        return IPv4Network((number, int(length)))
    except (OSError, ValueError):
        return None


_MAPPED = 0xFFFF
"""The high 96 bits of an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2)."""


def _address(text: str) -> IPv4Address | IPv6Address:
    if "%" in text:
        raise InvalidInput(f"'{text}' names an interface: write the address alone")
    try:
        return ip_address(text)
    except ValueError:
        raise InvalidInput(f"'{text}' is not an address: write one such as 192.0.2.1") from None


def _ports(text: str) -> PortRange:
    if "," in text:
        raise InvalidInput(f"'{text}' is more than one range: write each as a string of its own")
    return parse_ports(text)[0]


def _protocol_name(text: str) -> int:
    if text[:1].isdecimal() or "," in text:
        raise InvalidInput(f"'{text}' is not one name: write numbers without quotes")
    return parse_protocols(text)[0]


def _protocol(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value <= MAX_PROTOCOL:
            return value
        raise PydanticCustomError("wire", f"protocol numbers go from 0 to {MAX_PROTOCOL}")
    return _from_text(_protocol_name, '"tcp"')(value)


# Orders that came together have their instants in common: one object, read once.
@lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"'{text}' is not an instant such as 2026-11-21T18:00:00Z") from None
    offset = instant.utcoffset()
    if offset is None:
        raise InvalidInput(f"'{text}' has no zone: write it in UTC, with Z at the end")
    if offset == timedelta(0):
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise InvalidInput(f"'{text}' is beyond the calendar") from None


def _storable(text: str) -> str:
    """NUL is valid JSON, but PostgreSQL's text cannot hold it."""
    if "\0" in text:
        raise PydanticCustomError("wire", "contains a NUL character: take it out")
    return text


Text = Annotated[StrictStr, AfterValidator(_storable)]
Instant = Annotated[
    datetime,
    PlainValidator(_from_text(_instant, '"2026-11-21T18:00:00Z"')),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Prefix = Annotated[
    Network,
    PlainValidator(_from_text(_network, '"192.0.2.0/24"')),
    WithJsonSchema({"type": "string", "examples": ["192.0.2.0/24", "2001:db8::/32"]}),
]
Address = Annotated[
    IPv4Address | IPv6Address,
    PlainValidator(_from_text(_address, '"192.0.2.1"')),
    WithJsonSchema({"type": "string", "examples": ["192.0.2.1", "2001:db8::1"]}),
]
Asn = Annotated[StrictInt, Field(ge=1, le=2**32 - 1)]
"""RFC 6793."""
Protocol = Annotated[
    int,
    PlainValidator(_protocol),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": sorted(PROTOCOLS)},
                {"type": "integer", "minimum": 0, "maximum": MAX_PROTOCOL},
            ]
        }
    ),
]
Ports = Annotated[
    PortRange,
    PlainValidator(_from_text(_ports, '"25" or "465-587"')),
    WithJsonSchema({"type": "string", "examples": ["25", "465-587"]}),
]
