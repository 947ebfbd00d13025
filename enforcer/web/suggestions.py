# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody may have meant who typed something that is no address: offered, never taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_interface, summarize_address_range
from itertools import islice

from enforcer.core.prefixes import format_network, parse_network
from enforcer.errors import InvalidInput

_MOST = 8
_WRAPPED = re.compile(
    r"^(?:[a-z]+://)?\[?([0-9a-fA-F:.]+)\]?(?::\d+)?(?:/[^0-9].*)?$", re.IGNORECASE
)
_PORT = re.compile(r"^(\d+\.\d+\.\d+\.\d+):\d+$")
_RANGE = re.compile(r"^([0-9a-fA-F.:]+)\s*[-–]\s*([0-9a-fA-F.:]+)$")


def suggestions(text: str) -> list[str]:
    """Addresses and prefixes that `text` may stand for, the likeliest first; none where it is one.

    >>> suggestions("192.0.2.5/24")
    ['192.0.2.5', '192.0.2.0/24']
    """
    stated = text.strip()
    if not stated or normal(stated) is not None:
        return []
    found = (normal(one) for one in _candidates(stated) if one != stated)
    return list(dict.fromkeys(one for one in found if one is not None))[:_MOST]


def normal(text: str) -> str | None:
    """`text` as it will be stored; None where it is no address or prefix."""
    try:
        return format_network(parse_network(text))
    except InvalidInput:
        return None


def _candidates(text: str) -> Iterator[str]:
    plain = _refanged(text)
    yield plain
    yield from _host_and_network(plain)
    if matched := _PORT.match(plain):
        yield matched[1]
    if matched := _WRAPPED.match(plain):
        yield matched[1]
    if matched := _RANGE.match(plain):
        yield from _covering(matched[1], matched[2])
    yield plain.partition("%")[0]
    try:
        mapped = getattr(ip_address(plain), "ipv4_mapped", None)
    except ValueError:
        return
    if mapped is not None:
        yield str(mapped)


def _refanged(text: str) -> str:
    """As it was before somebody made it harmless to click on, or slipped beside the dot."""
    plain = re.sub(r"\[\.\]|\(\.\)|\{\.\}|\s*\.\s*|\.\.+", ".", text)
    plain = plain.replace("[:]", ":").replace("hxxp", "http").strip(" .,;\"'<>")
    return re.sub(r"(?<=\d),(?=\d)", ".", plain)


def _host_and_network(text: str) -> Iterator[str]:
    try:
        both = ip_interface(text)
    except ValueError:
        return
    yield str(both.ip)
    yield str(both.network)


def _covering(first: str, last: str) -> Iterator[str]:
    try:
        prefixes = summarize_address_range(ip_address(first), ip_address(last))
        yield from (str(prefix) for prefix in islice(prefixes, _MOST))
    except (TypeError, ValueError):
        return
