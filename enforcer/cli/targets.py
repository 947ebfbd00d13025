# SPDX-License-Identifier: GPL-2.0-or-later
"""Targets as typed: prefixes, ``customer:NAME``, ``service:NAME`` and bare names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from enforcer.core.orders import Network, PortRange, Selection
from enforcer.core.prefixes import parse_network, shown
from enforcer.core.services import (
    WITH_PORTS,
    format_protocols,
    join_ports,
    parse_ports,
    parse_protocols,
)
from enforcer.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from enforcer.cli.session import Names

Kind = Literal["customer", "service"]
Resolver = Callable[[str], Kind]
"""Says what a bare name is; raises InvalidInput or NotFound when that cannot be said."""

# As the inventory names things, and with a letter, or it would be a mistyped address.
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_KINDS: dict[str, Kind] = {"customer": "customer", "service": "service"}


def select(texts: Iterable[str], bare: Resolver) -> Selection:
    """The union of what `texts` name; `bare` decides names without a ``kind:``.

    Raises InvalidInput for what is neither a prefix nor a name.
    """
    prefixes: list[Network] = []
    names: dict[Kind, list[str]] = {"customer": [], "service": []}
    for text in texts:
        scheme, colon, rest = text.partition(":")
        if colon and scheme in _KINDS:
            names[_KINDS[scheme]].append(_name(rest, text))
        elif _NAME.fullmatch(text):
            names[bare(text)].append(text)
        else:
            prefixes.append(parse_network(text))
    return Selection(tuple(prefixes), tuple(names["customer"]), tuple(names["service"]))


def always(kind: Kind) -> Resolver:
    """A bare name is always a `kind` here."""
    return lambda name: kind


def looked_up(topology: Callable[[], Names]) -> Resolver:
    """A bare name is what the inventory calls so; `topology` is asked only when needed."""

    def resolve(name: str) -> Kind:
        known = topology()
        if name in known.customers and name in known.service_sets:
            raise InvalidInput(
                f"'{name}' is a customer and a service set: write customer:{name} or service:{name}"
            )
        if name in known.customers:
            return "customer"
        if name in known.service_sets:
            return "service"
        raise NotFound(
            f"'{name}' is neither a customer nor a service set of the inventory:"
            " correct the name, or add it"
        )

    return resolve


def prefix_only(text: str) -> Network:
    """A prefix; a name gets the command that takes names. Raises InvalidInput."""
    try:
        return parse_network(text)
    except InvalidInput:
        if text.startswith(("customer:", "service:")) or (
            _NAME.fullmatch(text) and "." not in text
        ):
            raise InvalidInput(
                f"'{shown(text)}' is no prefix: to block all of a customer use"
                " 'enforcer order suspend-customer'"
            ) from None
        raise


def protocols_of(texts: Iterable[str]) -> tuple[int, ...]:
    """Protocol numbers of all ``--protocol``; none: empty."""
    return tuple(sorted({number for text in texts for number in parse_protocols(text)}))


def ports_of(texts: Iterable[str]) -> tuple[PortRange, ...]:
    """Port ranges of all ``--port``; none: empty."""
    return join_ports(one for text in texts for one in parse_ports(text))


def service(
    protocols: Iterable[str], ports: Iterable[str]
) -> tuple[tuple[int, ...], tuple[PortRange, ...]]:
    """Protocols and ports that fit together: ports need protocols that have them.

    Raises InvalidInput, naming the protocols.
    """
    numbers, ranges = protocols_of(protocols), ports_of(ports)
    portless = [number for number in numbers if number not in WITH_PORTS]
    if ranges and not numbers:
        raise InvalidInput("--port needs a protocol: add --protocol tcp, udp or both")
    if ranges and portless:
        raise InvalidInput(
            f"{format_protocols(portless)} has no ports: leave --port out,"
            " or place a second order for it"
        )
    return numbers, ranges


def _name(name: str, stated: str) -> str:
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"'{shown(stated)}' names nothing: write it like customer:NAME")
    return name
