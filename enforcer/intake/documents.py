# SPDX-License-Identifier: GPL-2.0-or-later
"""Read what others wrote: JSON without surprises, and the values that reports have in common.

Documents are strict: what is no JSON object, or too deep, raises InvalidInput. Values are
lenient: what makes no sense is None, and the adapter warns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import IPv6Network
from typing import Any, NoReturn

from enforcer.core.orders import Network
from enforcer.core.prefixes import MAPPED, parse_network
from enforcer.core.services import MAX_PORT, parse_protocols
from enforcer.core.signals import SEVERITIES, Evidence
from enforcer.errors import InvalidInput

DEEPEST = 32
MOST_SIGNALS = 1000
"""In one request: more are sent in several."""
_WORD = re.compile(r"[^a-z0-9]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_EVIDENCE = {17: Evidence.UDP, 1: Evidence.ICMP, 58: Evidence.ICMP}
_SEVERITIES = {
    "informational": "info",
    "information": "info",
    "notice": "info",
    "minor": "low",
    "warning": "medium",
    "warn": "medium",
    "moderate": "medium",
    "middle": "medium",
    "error": "high",
    "major": "high",
    "severe": "high",
    "page": "critical",
    "emergency": "critical",
    "alert": "critical",
}


def read_json(raw: bytes) -> object:
    """The JSON document in `raw` (RFC 8259: UTF-8, no NaN). Raises InvalidInput."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InvalidInput(
            f"the body is not UTF-8 (byte {problem.start}): send JSON in UTF-8"
        ) from None
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidInput(f"the JSON is nested deeper than {DEEPEST} levels") from None
    except ValueError as problem:
        raise InvalidInput(f"the body is not JSON: {problem}") from None
    if _deeper(document, DEEPEST):
        raise InvalidInput(f"the JSON is nested deeper than {DEEPEST} levels")
    return document


def read_object(raw: bytes) -> dict[str, Any]:
    """As `read_json`, for a document that must be an object."""
    document = read_json(raw)
    if not isinstance(document, dict):
        raise InvalidInput('the JSON is not an object: send { "...": ... }')
    return document


def read_objects(raw: bytes) -> list[dict[str, Any]]:
    """One object, or a list of at most `MOST_SIGNALS` of them."""
    document = read_json(raw)
    several = document if isinstance(document, list) else [document]
    if len(several) > MOST_SIGNALS:
        raise InvalidInput(f"more than {MOST_SIGNALS} reports at once: send them in parts")
    objects = [one for one in several if isinstance(one, dict)]
    if not objects or len(objects) < len(several):
        raise InvalidInput("the JSON is neither an object nor a list of objects")
    return objects


def member(document: object, *path: str) -> object:
    """What `path` leads to; None where there is nothing."""
    for step in path:
        if not isinstance(document, Mapping):
            return None
        document = document.get(step)
    return document


def text_of(value: object) -> str:
    """`value` if it is text or a number, as text; else empty."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value).strip()


def word_of(value: object) -> str:
    """A lower-case word of letters, digits and ``_``: PortScan, port-scan are port_scan."""
    humps = _HUMP.sub("_", text_of(value)[:200])
    return _WORD.sub("_", humps.lower()).strip("_")[:80]


def network_of(value: object) -> Network | None:
    """An address or a prefix; one with brackets or an IPv4-mapped one is understood too."""
    text = text_of(value).strip("[]")
    if not text or len(text) > 64:
        return None
    try:
        if text.lower().startswith("::ffff:"):
            mapped = IPv6Network(text)
            if mapped.subnet_of(MAPPED) and mapped.network_address.ipv4_mapped is not None:
                return parse_network(
                    f"{mapped.network_address.ipv4_mapped}/{mapped.prefixlen - 96}"
                )
        return parse_network(text)
    except (InvalidInput, ValueError):
        return None


def port_of(value: object) -> int | None:
    """A port, 1..65535."""
    text = text_of(value)
    if not text.isdecimal() or not text.isascii() or len(text) > 5:
        return None
    return int(text) if 0 < int(text) <= MAX_PORT else None


def protocol_of(value: object) -> int | None:
    """An IANA protocol number, from a name or a number."""
    text = text_of(value)
    if not text or "," in text or len(text) > 20:
        return None
    try:
        return parse_protocols(text)[0]
    except InvalidInput:
        return None


def instant_of(value: object) -> datetime | None:
    """An instant, aware, from ISO 8601, RFC 5322 or seconds since 1970; no zone means UTC."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        text = text_of(value)[:64]
        if not text:
            return None
        found = _parsed(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def severity_of(value: object) -> str:
    """One of `SEVERITIES`, or empty."""
    word = word_of(value)
    word = _SEVERITIES.get(word, word)
    return word if word in SEVERITIES else ""


def evidence_of(value: object) -> Evidence:
    """The evidence that a document states by its name here, or by a protocol without one."""
    text = text_of(value).lower()
    if text in ("established", "tcp_established"):
        return Evidence.ESTABLISHED
    try:
        return Evidence(text)
    except ValueError:
        return transport_evidence(protocol_of(text))


def transport_evidence(protocol: int | None) -> Evidence:
    """What a protocol alone proves: TCP may be a finished handshake, or may be not."""
    return _EVIDENCE.get(protocol or 0, Evidence.UNKNOWN)


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON (RFC 8259, section 6)")


def _deeper(document: object, levels: int) -> bool:
    layer: list[object] = [document]
    for _ in range(levels):
        layer = [inner for one in layer for inner in _inside(one)]
        if not layer:
            return False
    return True


def _inside(one: object) -> Iterator[object]:
    if isinstance(one, dict):
        yield from (inner for inner in one.values() if isinstance(inner, dict | list))
    elif isinstance(one, list):
        yield from (inner for inner in one if isinstance(inner, dict | list))
