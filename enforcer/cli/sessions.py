# SPDX-License-Identifier: GPL-2.0-or-later
"""BGP sessions and routes as typed: AS numbers, neighbors, files of prefixes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from enforcer.core.orders import MOST_ROUTES, Network, Sessions
from enforcer.core.prefixes import parse_network, shown
from enforcer.errors import InvalidInput

_ASN = re.compile(r"(?:AS)?([0-9]{1,10})", re.IGNORECASE)
_LAST_ASN = 2**32 - 2
"""RFC 7300: the last one is reserved."""


def parse_asn(text: str) -> int:
    """``64500`` or ``AS64500``. Raises InvalidInput."""
    found = _ASN.fullmatch(text.strip())
    if found is None or not 1 <= int(found[1]) <= _LAST_ASN:
        raise InvalidInput(
            f"'{shown(text)}' is no AS number: write it like AS64500, from 1 to {_LAST_ASN}"
        )
    return int(found[1])


def sessions(
    customers: Iterable[str], asns: Iterable[str], neighbors: Iterable[str], scoped: bool
) -> Sessions:
    """The sessions that the options name. `scoped`: a device, role or site is named.

    Raises InvalidInput for what is no AS number or no address, and where nothing is named.
    """
    found = Sessions(
        tuple(customers),
        tuple(parse_asn(text) for text in asns),
        tuple(_address(text) for text in neighbors),
    )
    if not found and not scoped:
        raise InvalidInput(
            "say with whom the sessions are: --customer, --asn or --neighbor; or name a --device"
            " whose sessions with everybody outside are meant"
        )
    return found


def prefixes_of(texts: Sequence[str], file: Path | None, or_longer: bool) -> tuple[Network, ...]:
    """The prefixes that were typed, and those in `file`, each once. Raises InvalidInput."""
    found = [parse_network(text) for text in texts]
    if file is not None:
        found += from_file(file, or_longer)
    prefixes = tuple(dict.fromkeys(found))
    if len(prefixes) > MOST_ROUTES:
        raise InvalidInput(
            f"{len(prefixes):,} prefixes, and an order takes {MOST_ROUTES:,}: split them, or"
            " reject routes by what they have in common (--or-longer, --path-as)"
        )
    return prefixes


def from_file(file: Path, or_longer: bool) -> tuple[Network, ...]:
    """The prefixes in a file. Raises InvalidInput naming file and line."""
    from enforcer.cli.texts import read_text
    from inventory.route_lists import covering_routes, exact_routes

    text = read_text(file)
    try:
        return covering_routes(text) if or_longer else exact_routes(text)
    except InvalidInput as problem:
        raise InvalidInput(f"{file}: {problem}") from None


def _address(text: str) -> IPv4Address | IPv6Address:
    network = parse_network(text)
    if network.prefixlen != network.max_prefixlen:
        raise InvalidInput(f"'{shown(text)}' is no neighbor: give the address of one")
    return network.network_address
