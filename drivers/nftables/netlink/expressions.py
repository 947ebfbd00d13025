# SPDX-License-Identifier: GPL-2.0-or-later
"""Rule expressions, as written and as read back: pure, and equal when they mean the same.

An expression is a name and its attributes as bytes, nested ones as tuples. Attributes that some
kernels add on their own (a flag word of zero, a counter's state) are left out on both sides.
Layouts: Linux ``include/uapi/linux/netfilter/nf_tables.h``, enumerations ``nft_*_attributes``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from drivers.nftables.netlink.attributes import attribute, attributes
from drivers.nftables.netlink.constants import (
    NFT_REG_1,
    NFT_REG_VERDICT,
    NFTA_DATA_VALUE,
    NFTA_DATA_VERDICT,
    NFTA_EXPR_DATA,
    NFTA_EXPR_NAME,
    NFTA_LIST_ELEM,
    NFTA_VERDICT_CHAIN,
    NFTA_VERDICT_CODE,
)
from drivers.nftables.netlink.errors import MalformedReply

Value: TypeAlias = "bytes | tuple[tuple[int, Value], ...]"

NETWORK_HEADER = 1
TRANSPORT_HEADER = 2
META_L4PROTO = 16
META_NFPROTO = 15
META_IIFNAME = 6
META_OIFNAME = 7
CMP_EQ = 0
CMP_LTE = 3
CMP_GTE = 5

_NESTED = {
    ("cmp", 3),
    ("immediate", 2),
    ("immediate", 2, 2),
    ("bitwise", 4),
    ("bitwise", 5),
    ("range", 3),
    ("range", 4),
}
_SILENT = {("lookup", 5), ("bitwise", 6)}
"""Words that are left out when zero: kernels differ in whether they tell them."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One expression: `attributes` are (type, value), ascending by type."""

    name: str
    attributes: tuple[tuple[int, Value], ...] = ()

    def encoded(self) -> bytes:
        """As an element of a rule's expression list (or a set's statement, without the list)."""
        return attribute(NFTA_LIST_ELEM, expression_body(self), nested=True)

    def texts(self, kind: int) -> str:
        """A string attribute's text, "" when absent."""
        for found, value in self.attributes:
            if found == kind and isinstance(value, bytes):
                return value.rstrip(b"\0").decode("ascii", errors="backslashreplace")
        return ""

    def target(self) -> str:
        """The chain that a verdict jumps or goes to, "" for any other expression."""
        if self.name != "immediate":
            return ""
        return verdict_target(dict(self.attributes).get(2, b""))[1]


def expression_body(expression: Expression) -> bytes:
    """The name and the state of an expression, without a header around both."""
    state = _pack(expression.attributes)
    return attribute(NFTA_EXPR_NAME, expression.name.encode() + b"\0") + attribute(
        NFTA_EXPR_DATA, state, nested=True
    )


def _pack(values: Iterable[tuple[int, Value]]) -> bytes:
    return b"".join(
        attribute(kind, value)
        if isinstance(value, bytes)
        else attribute(kind, _pack(value), nested=True)
        for kind, value in values
    )


def read_expression(buffer: bytes, start: int, stop: int) -> Expression:
    """Decode what `expression_body` makes. Raises MalformedReply."""
    return _read(_COUNTER if buffer.startswith(_COUNTER, start) else buffer[start:stop])


_COUNTER = attribute(NFTA_EXPR_NAME, b"counter\0")
"""How every counter begins; what follows is its state."""


@lru_cache(maxsize=1 << 14)
def _read(buffer: bytes) -> Expression:
    """A ruleset holds few different expressions many times, and is read many times."""
    start, stop = 0, len(buffer)
    found = {a.kind: a for a in attributes(buffer, start, stop)}
    name = found.get(NFTA_EXPR_NAME)
    if name is None:
        raise MalformedReply(
            "a rule holds an expression without a name; nothing was assumed, read again"
        )
    called = buffer[name.start : name.stop].rstrip(b"\0").decode("ascii", "backslashreplace")
    state = found.get(NFTA_EXPR_DATA)
    if state is None or called == "counter":
        return Expression(called)
    values = _unpack(buffer, state.start, state.stop, (called,))
    return Expression(called, tuple(v for v in values if not _is_silent(called, v)))


def _unpack(
    buffer: bytes, start: int, stop: int, path: tuple[str | int, ...]
) -> tuple[tuple[int, Value], ...]:
    values: list[tuple[int, Value]] = []
    for found in attributes(buffer, start, stop):
        here = (*path, found.kind)
        value: Value = buffer[found.start : found.stop]
        if here in _NESTED:
            value = _unpack(buffer, found.start, found.stop, here)
        values.append((found.kind, value))
    return tuple(sorted(values, key=lambda v: v[0]))


def _is_silent(name: str, value: tuple[int, Value]) -> bool:
    return (name, value[0]) in _SILENT and value[1] == bytes(4)


def be32(number: int) -> bytes:
    """A word in network order."""
    return (number & 0xFFFFFFFF).to_bytes(4, "big")


def meta(key: int) -> Expression:
    """Load a property of the packet."""
    return Expression("meta", ((1, be32(NFT_REG_1)), (2, be32(key))))


def payload(base: int, offset: int, length: int) -> Expression:
    """Load `length` bytes at `offset` of a header."""
    return Expression(
        "payload",
        ((1, be32(NFT_REG_1)), (2, be32(base)), (3, be32(offset)), (4, be32(length))),
    )


def compare(operator: int, value: bytes) -> Expression:
    """Go on with this rule only if what was loaded compares so."""
    wanted = ((NFTA_DATA_VALUE, value),)
    return Expression("cmp", ((1, be32(NFT_REG_1)), (2, be32(operator)), (3, wanted)))


def mask(value: bytes) -> Expression:
    """Keep the bits of `value`."""
    size, register = be32(len(value)), be32(NFT_REG_1)
    kept, flipped = ((NFTA_DATA_VALUE, value),), ((NFTA_DATA_VALUE, bytes(len(value))),)
    return Expression("bitwise", ((1, register), (2, register), (3, size), (4, kept), (5, flipped)))


def lookup(name: str) -> Expression:
    """Go on with this rule only if what was loaded is in the set."""
    return Expression("lookup", ((1, name.encode() + b"\0"), (2, be32(NFT_REG_1))))


def dispatch(name: str) -> Expression:
    """Do what the verdict map says about what was loaded."""
    return Expression(
        "lookup", ((1, name.encode() + b"\0"), (2, be32(NFT_REG_1)), (3, be32(NFT_REG_VERDICT)))
    )


def counter() -> Expression:
    """Count packets and bytes."""
    return Expression("counter")


def verdict(code: int, chain: str = "") -> Expression:
    """End with a verdict; `chain` for jumps."""
    return Expression(
        "immediate",
        ((1, be32(NFT_REG_VERDICT)), (2, ((NFTA_DATA_VERDICT, verdict_value(code, chain)),))),
    )


def verdict_value(code: int, chain: str) -> tuple[tuple[int, Value], ...]:
    """What stands in NFTA_DATA_VERDICT."""
    to = ((NFTA_VERDICT_CHAIN, chain.encode() + b"\0"),) if chain else ()
    return ((NFTA_VERDICT_CODE, be32(code)), *to)


def verdict_data(code: int, chain: str) -> bytes:
    """A verdict as the payload of a map element's data attribute."""
    return _pack(((NFTA_DATA_VERDICT, verdict_value(code, chain)),))


def read_verdict_data(buffer: bytes, start: int, stop: int) -> tuple[int, str]:
    """Code and chain of a map element's data. Raises MalformedReply."""
    return verdict_target(_unpack(buffer, start, stop, ("immediate", 2)))


def verdict_target(value: Value) -> tuple[int, str]:
    """Code and chain of the verdict in a data attribute; (0, "") where there is none."""
    inner = dict(value).get(NFTA_DATA_VERDICT, ()) if isinstance(value, tuple) else ()
    parts = dict(inner) if isinstance(inner, tuple) else {}
    code, chain = parts.get(NFTA_VERDICT_CODE, b""), parts.get(NFTA_VERDICT_CHAIN, b"")
    if not isinstance(code, bytes) or not isinstance(chain, bytes):
        return 0, ""
    text = chain.rstrip(b"\0").decode("ascii", errors="backslashreplace")
    return int.from_bytes(code, "big", signed=True), text
