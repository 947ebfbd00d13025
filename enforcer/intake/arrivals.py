# SPDX-License-Identifier: GPL-2.0-or-later
"""What came in, as the engine takes it, and what it answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from enforcer.application.actor import Actor
from enforcer.core.intake_rules import one_line
from enforcer.core.prefixes import format_network
from enforcer.core.signals import Signal
from enforcer.wire import JSONValue

LARGEST_RAW = 65_536
"""Bytes of what came that are kept."""
_MOST_MEMBERS = 64
_MOST_DEPTH = 6
_LONGEST_TEXT = 1000
_LARGEST_NUMBER = 2**63


@dataclass(frozen=True, slots=True)
class Arrival:
    """One signal and who sent it; `raw`: what came, where it is worth keeping.

    `trusted`: `actor` was authenticated and vouches for what the signal says.
    """

    actor: Actor
    signal: Signal
    trusted: bool
    raw: bytes | None = None


def arrivals_of(
    signals: Sequence[Signal], actor: Actor, trusted: bool, raw: bytes
) -> list[Arrival]:
    """What came as `raw`, which is kept once, with the first of its signals."""
    return [
        Arrival(actor, one, trusted, raw if number == 0 else None)
        for number, one in enumerate(signals)
    ]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival: the report's id and state, and the id of its order.

    `duplicate`: this very report was known.
    """

    id: int
    state: str
    said: str = ""
    order: str | None = None
    duplicate: bool = False


def identity(arrival: Arrival) -> str:
    """Of this very report, so that one delivered twice counts once; empty: it has none.

    What nobody vouches for has the identity that it claims only together with its words:
    else one that is forged would stand for a genuine one.
    """
    signal, raw = arrival.signal, arrival.raw
    if arrival.trusted:
        return digest(signal.id)[:16] if signal.id else ""
    if not signal.id and raw is None:
        return ""
    return digest(signal.id, hashlib.sha256(raw or b"").hexdigest())[:16]


def likeness_of(arrival: Arrival, seen: Signal) -> str:
    """The likeness of an arrival about `seen`; strangers share none with each other."""
    like = likeness(seen, arrival.actor.source, arrival.raw)
    return like if arrival.trusted else digest(like, arrival.actor.name, seen.reporter)


def likeness(signal: Signal, source: str, raw: bytes | None) -> str:
    """What repeats and resolutions of the same thing share, as a digest."""
    if signal.key:
        same: list[object] = ["key", signal.key]
    elif signal.target is not None:
        same = [signal.type, format_network(signal.target), signal.port]
    else:
        same = [signal.type, signal.id or hashlib.sha256(raw or b"").hexdigest()]
    return digest(signal.format, source, *same)


def digest(*parts: object) -> str:
    """SHA-256 of `parts`, hexadecimal."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def bounded(value: object, depth: int = _MOST_DEPTH) -> JSONValue:
    """`value` as JSON that any database holds: no control characters, nothing endless."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < _LARGEST_NUMBER:
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    if isinstance(value, Mapping) and depth:
        members = list(value.items())[:_MOST_MEMBERS]
        return {one_line(name, 100): bounded(one, depth - 1) for name, one in members}
    if isinstance(value, list | tuple) and depth:
        return [bounded(one, depth - 1) for one in value[:_MOST_MEMBERS]]
    if isinstance(value, int):
        return "a number too large to keep"
    return one_line(value if depth else type(value).__name__, _LONGEST_TEXT)
