# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router says of blackholes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Protocol

from enforcer.core.orders import Network

Community = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Session:
    """A BGP session of the router, in its own words `name`. `external`: with another AS.

    `local`: its own address there; "": it tells none, as of a session that is down.
    """

    name: str
    address: str
    asn: int
    external: bool
    up: bool
    local: str = ""


class Questions(Protocol):
    """What is asked of one router; raises DeviceError, ParseFailed rather than guess."""

    def sessions(self) -> tuple[Session, ...]:
        """Every BGP session of the default VRF."""
        ...

    def held(self, community: Community) -> frozenset[Network]:
        """Prefixes, of both families, whose best route came by BGP and carries `community`."""
        ...

    def advertised(
        self,
        prefixes: tuple[Network, ...],
        sessions: tuple[Session, ...],
    ) -> frozenset[tuple[Network, str]]:
        """Which of `prefixes` are sent to which of `sessions`, as pairs with its address.

        Whatever they carry here: policies may have taken our communities away.
        """
        ...

    def discarded(self, prefixes: tuple[Network, ...]) -> frozenset[Network]:
        """Those of `prefixes` whose route in force, for exactly that prefix, discards packets."""
        ...


def network(text: str) -> Network | None:
    """A prefix as a router writes it; None: it is none."""
    try:
        return ip_network(text)
    except ValueError:
        return None
