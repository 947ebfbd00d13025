# SPDX-License-Identifier: GPL-2.0-or-later
"""Address space that is nobody's to block (IANA special-purpose address registries)."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from enforcer.core.intervals import ends_of
from enforcer.core.orders import Network

_NEVER = (
    ("0.0.0.0/8", "unspecified, RFC 1122 section 3.2.1.3"),
    ("127.0.0.0/8", "loopback, RFC 1122 section 3.2.1.3"),
    ("169.254.0.0/16", "link-local, RFC 3927"),
    ("224.0.0.0/4", "multicast, RFC 5771"),
    ("255.255.255.255/32", "limited broadcast, RFC 919"),
    ("::/128", "unspecified, RFC 4291 section 2.5.2"),
    ("::1/128", "loopback, RFC 4291 section 2.5.3"),
    ("::ffff:0:0/96", "IPv4-mapped, RFC 4291 section 2.5.5.2"),
    ("100::/64", "discard-only, RFC 6666"),
    ("fe80::/10", "link-local, RFC 4291 section 2.5.6"),
    ("ff00::/8", "multicast, RFC 4291 section 2.7"),
)
_DOCUMENTATION = (
    ("192.0.2.0/24", "documentation, RFC 5737"),
    ("198.51.100.0/24", "documentation, RFC 5737"),
    ("203.0.113.0/24", "documentation, RFC 5737"),
    ("2001:db8::/32", "documentation, RFC 3849"),
    ("3fff::/20", "documentation, RFC 9637"),
)

SpecialPurpose = tuple[tuple[Network, str], ...]

NEVER: SpecialPurpose = tuple((ip_network(text), why) for text, why in _NEVER)
DOCUMENTATION: SpecialPurpose = tuple((ip_network(text), why) for text, why in _DOCUMENTATION)
_Row = tuple[int, int, int, Network, str]
"""Family, first and last address as integers, the space, and what it is for."""
_NEVER_ROWS: tuple[_Row, ...] = tuple((n.version, *ends_of(n), n, why) for n, why in NEVER)
_ROWS: tuple[_Row, ...] = (
    *_NEVER_ROWS,
    *((n.version, *ends_of(n), n, why) for n, why in DOCUMENTATION),
)


def special_purpose(network: Network, documentation_space: bool) -> tuple[Network, str] | None:
    """The special-purpose space that `network` touches or covers, and what it is for.

    `documentation_space`: documentation prefixes count as ordinary (labs).
    """
    first, last = ends_of(network)
    version = network.version
    for family, low, high, found, why in _NEVER_ROWS if documentation_space else _ROWS:
        if family == version and first <= high and low <= last:
            return found, why
    return None


def overlap(a: Network, b: Network) -> bool:
    """Whether two networks share an address; of different families never."""
    if isinstance(a, IPv4Network):
        return isinstance(b, IPv4Network) and a.overlaps(b)
    return isinstance(b, IPv6Network) and a.overlaps(b)
