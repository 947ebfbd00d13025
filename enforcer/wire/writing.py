# SPDX-License-Identifier: GPL-2.0-or-later
"""From the core's dataclasses to JSON values; `enforcer.wire.shapes` is the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, TypeAlias

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
    Order,
    PolicyClause,
    PortRange,
    Scope,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.core.services import PROTOCOLS, format_ports
from enforcer.core.times import format_when
from enforcer.errors import InvalidInput
from enforcer.wire.canonical import JSONValue

Record: TypeAlias = Demand | Sessions | Selection | Scope | PolicyClause | Order
_Writer: TypeAlias = Callable[[Any], JSONValue]

_NAMES = {number: name for name, number in PROTOCOLS.items()}
_RECORDS = (
    BlockAddress,
    BlockPort,
    BlockFlow,
    BlockList,
    SuspendCustomer,
    CutFeed,
    DropRoutes,
    Blackhole,
    ShutdownSession,
    Sessions,
    Selection,
    Scope,
    PolicyClause,
    Order,
)


def written(value: Record) -> dict[str, JSONValue]:
    """Every field of `value` by name. Raises InvalidInput for a time without a zone."""
    found: dict[str, JSONValue] = {}
    for name, write in _FIELDS[type(value)]:
        part = getattr(value, name)
        # Most are as they are; a hundred thousand orders have a few million of them.
        plain = write is None and type(part) in _PLAIN
        found[name] = part if plain else (write or _BY_TYPE[type(part)])(part)
    return found


# Orders that came together have their instants in common.
@lru_cache(maxsize=1024)
def _instant(value: datetime) -> str:
    if value.utcoffset() is None:
        raise InvalidInput(f"the time {value.isoformat()} has no zone: give it in UTC")
    return format_when(value)


def _protocols(numbers: tuple[int, ...]) -> list[JSONValue]:
    return [_NAMES.get(number, number) for number in numbers]


def _array(parts: tuple[object, ...]) -> list[JSONValue]:
    return [_BY_TYPE[type(part)](part) for part in parts] if parts else []


def _itself(value: str | int | None) -> JSONValue:
    return value


_PLAIN = frozenset((type(None), int, str, bool))
_BY_TYPE: dict[type, _Writer] = {
    **dict.fromkeys(_PLAIN, _itself),
    Direction: str,
    datetime: _instant,
    IPv4Address: str,
    IPv6Address: str,
    IPv4Network: str,
    IPv6Network: str,
    PortRange: lambda ports: format_ports((ports,)),
    tuple: _array,
    **dict.fromkeys(_RECORDS, written),
}
_BY_NAME: dict[str, _Writer] = {"protocols": _protocols}
_FIELDS = {
    record: tuple((f.name, _BY_NAME.get(f.name)) for f in fields(record)) for record in _RECORDS
}
