# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses and prefixes as people type them, read strictly.

A target that is read wrongly blocks the wrong people, so nothing is guessed: what could
mean two things is refused with both of them.
"""

from __future__ import annotations

import re
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from enforcer.core.orders import Network
from enforcer.errors import InvalidInput

Address = IPv4Address | IPv6Address

MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2): never seen on the wire."""

_SHOWN = 60
_LENGTH = re.compile(r"0|[1-9][0-9]{0,2}")
_HOST_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_-]+(\.[a-z0-9_-]+)+\.?", re.IGNORECASE)


def parse_network(text: str) -> Network:
    """An address (as /32 or /128) or a prefix such as ``192.0.2.0/24``.

    Raises InvalidInput: host bits set (naming the host and the network), IPv4-mapped IPv6
    (naming the IPv4 form), scope ids, netmasks, host names, everything else.
    """
    stated = text.strip()
    address_text, slash, length_text = stated.partition("/")
    address = _address(address_text, stated)
    length = _length(length_text, address, stated) if slash else address.max_prefixlen
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise InvalidInput(_mapped_refusal(address.ipv4_mapped, length, stated))
    network = _around(address, length)
    if network.network_address != address:
        host = format_network(_around(address, address.max_prefixlen))
        raise InvalidInput(
            f"'{shown(stated)}' has host bits set: write {host} for the one host"
            f" or {network} for the whole network"
        )
    return network


def format_network(network: Network) -> str:
    """As `parse_network` reads it; a single address without its length."""
    if network.prefixlen == network.max_prefixlen:
        return str(network.network_address)
    return str(network)


def shown(text: str) -> str:
    """`text` fit for a message: printable and not endless."""
    printable = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return printable if len(printable) <= _SHOWN else printable[: _SHOWN - 1] + "…"


def _around(address: Address, length: int) -> Network:
    # As numbers: an address object would be written out and read again.
    if isinstance(address, IPv4Address):
        return IPv4Network((int(address), length), strict=False)
    return IPv6Network((int(address), length), strict=False)


def _address(text: str, stated: str) -> Address:
    if "%" in text:
        plain = text.partition("%")[0]
        raise InvalidInput(
            f"'{shown(stated)}' carries a scope id, which means nothing on another device:"
            f" write {shown(plain)} without it"
        )
    try:
        return ip_address(text)
    except ValueError:
        raise InvalidInput(f"'{shown(stated)}' {_why_not(text)}") from None


def _why_not(text: str) -> str:
    if not text:
        return "is not an address: write one such as 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32"
    if _HOST_NAME.fullmatch(text):
        return "is a name; names change and are not resolved: write its address"
    if re.fullmatch(r"[0-9.]+:[0-9]+|\[.*\](:[0-9]+)?", text):
        return "carries a port or brackets: write the bare address and give ports separately"
    if re.fullmatch(r"[0-9a-fA-F.:]+\s*-\s*[0-9a-fA-F.:]+", text):
        return "is a range: write it as one or more prefixes"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){0,2}", text):
        return "is an incomplete IPv4 address: write all four numbers"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){3}", text):
        return "is not an IPv4 address: four numbers from 0 to 255 without leading zeros"
    return "is not an IPv4 or IPv6 address: write one such as 192.0.2.1 or 2001:db8::1"


def _length(text: str, address: Address, stated: str) -> int:
    if "." in text or ":" in text:
        raise InvalidInput(_netmask_refusal(text, address, stated))
    if not _LENGTH.fullmatch(text) or int(text) > address.max_prefixlen:
        raise InvalidInput(
            f"'{shown(stated)}' has no valid prefix length: write a number"
            f" from 0 to {address.max_prefixlen} after the slash"
        )
    return int(text)


def _netmask_refusal(text: str, address: Address, stated: str) -> str:
    length = "LENGTH"
    if isinstance(address, IPv4Address):
        try:
            length = str(IPv4Network(f"0.0.0.0/{text}").prefixlen)
        except ValueError:
            length = "LENGTH"
    return f"'{shown(stated)}' has a netmask: write the prefix length, {address}/{length}"


def _mapped_refusal(inner: IPv4Address, length: int, stated: str) -> str:
    plain = format_network(_around(inner, max(length - 96, 0)))
    return (
        f"'{shown(stated)}' is an IPv4-mapped IPv6 address, which no packet carries:"
        f" write the IPv4 form {plain}"
    )
