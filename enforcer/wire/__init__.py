# SPDX-License-Identifier: GPL-2.0-or-later
"""The stable JSON form of orders, for the database, the record and the outside world.

Names never change their meaning. A union is tagged by ``kind``; protocols are names where
they have one (``tcp``, ``udp``, ``icmp``) and IANA numbers otherwise; ports are strings
(``"25"``, ``"465-587"``); networks are strings with their length; instants are ISO 8601 in
UTC with ``Z``. Writing gives every field; reading fills in what is absent, and refuses what
it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from enforcer.core.orders import Demand, Order
from enforcer.errors import InvalidInput
from enforcer.wire.canonical import JSONValue, canonical
from enforcer.wire.shapes import DEMAND, ORDER
from enforcer.wire.writing import written

__all__ = [
    "JSONValue",
    "canonical",
    "decode_order",
    "demand_from_wire",
    "demand_schema",
    "demand_to_wire",
    "encode_order",
    "order_from_wire",
    "order_to_wire",
]

_SHOWN_PROBLEMS = 5
_Input = TypeVar("_Input")
_Result = TypeVar("_Result")


def order_to_wire(order: Order) -> dict[str, JSONValue]:
    """Every field of `order`, in wire form. Raises InvalidInput for a time without a zone."""
    return written(order)


def order_from_wire(value: Mapping[str, Any]) -> Order:
    """The order behind `order_to_wire`. Raises InvalidInput naming each bad field."""
    return _read(ORDER.validate_python, dict(value), "order")


def demand_to_wire(demand: Demand) -> dict[str, JSONValue]:
    """Every field of `demand`, in wire form."""
    return written(demand)


def demand_from_wire(value: Mapping[str, Any]) -> Demand:
    """The demand behind `demand_to_wire`. Raises InvalidInput naming each bad field."""
    return _read(DEMAND.validate_python, dict(value), "demand")


def encode_order(order: Order) -> bytes:
    """The canonical bytes of `order`; equal orders, equal bytes."""
    return canonical(written(order))


def decode_order(body: bytes | str) -> Order:
    """The order behind `encode_order`. Raises InvalidInput naming each bad field."""
    return _read(ORDER.validate_json, body, "order")


def demand_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a demand, as it is read."""
    return DEMAND.json_schema()


def _read(validate: Callable[[_Input], _Result], value: _Input, what: str) -> _Result:
    try:
        return validate(value)
    except ValidationError as failed:
        problems = failed.errors(include_url=False, include_input=False, include_context=False)
        listed = "; ".join(
            f"{'.'.join((what, *map(str, p['loc'])))}: {p['msg']}"
            for p in problems[:_SHOWN_PROBLEMS]
        )
        more = len(problems) - _SHOWN_PROBLEMS
        raise InvalidInput(listed + (f"; and {more} more" if more > 0 else "")) from failed
