# SPDX-License-Identifier: GPL-2.0-or-later
"""What bgpd says of its neighbors and routes, in JSON. Pure; unknown shapes are refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from enforcer.core.orders import Network
from enforcer.core.routes import Route
from enforcer.driver_api import Condition
from enforcer.errors import ParseFailed

_NUMBER = re.compile(r"\d{1,10}")
_UNICAST = {4: "ipv4Unicast", 6: "ipv6Unicast"}
_PENDING = re.compile(r'"processedChange"\s*:\s*true')
_UNUSED = re.compile(r"^route-map: (\S+) ", re.M)
_SHOWN = re.compile(r"\S")
_NO_SOFT = "soft reconfiguration not enabled"


@dataclass(frozen=True)
class Session:
    """One neighbor's session. By family: `soft` (its routes are kept as received), `accepted`.

    `refresh`: both ends can do route refresh (RFC 2918). `role`: RFC 9234, ours and theirs.
    """

    condition: Condition
    refresh: bool
    soft: frozenset[int]
    accepted: Mapping[int, int]
    role: tuple[str, str]


def sessions(device: str, text: str) -> dict[str, Session]:
    """``show bgp neighbors json``. Raises ParseFailed."""
    try:
        found = _object(text)
        return {
            str(ip_address(name)): _session(said)
            for name, said in found.items()
            if isinstance(said, dict) and "bgpState" in said and _is_address(name)
        }
    except _WRONG as error:
        raise _failed(device, "its neighbors", error) from None


def pending(text: str) -> bool:
    """Whether bgpd has still to see to a change of one of the route-maps that it shows.

    ``show route-map NAME json``, one or several; releases that do not say so have not.
    """
    return _PENDING.search(text) is not None


def unused(text: str) -> frozenset[str]:
    """The route-maps that nobody was given since they were made: ``show route-map-unused``."""
    return frozenset(_UNUSED.findall(text))


def _session(said: Mapping[str, Any]) -> Session:
    up = said["bgpState"] == "Established"
    shut = bool(said.get("adminShutDown", False))
    families = said.get("addressFamilyInfo", {})
    by_family = {f: families[word] for f, word in _UNICAST.items() if word in families}
    can = str(said.get("neighborCapabilities", {}).get("routeRefresh", ""))
    return Session(
        Condition.UP if up else Condition.SHUT if shut else Condition.DOWN,
        can.startswith("advertisedAndReceived"),
        frozenset(f for f, one in by_family.items() if one.get("inboundSoftConfigPermit")),
        {f: int(one.get("acceptedPrefixCounter", 0)) for f, one in by_family.items()},
        (str(said.get("localRole", "undefined")), str(said.get("remoteRole", "undefined"))),
    )


def routes_of_all(device: str, text: str, number: int) -> list[tuple[Route, ...] | None]:
    """`number` answers of the kind of `routes`, one after the other. Raises ParseFailed."""
    decoder, found = json.JSONDecoder(), []
    at = _SHOWN.search(text)
    try:
        while at is not None:
            said, end = decoder.raw_decode(text, at.start())
            found.append(_answer(device, said))
            at = _SHOWN.search(text, end)
    except _WRONG as error:
        raise _failed(device, "its routes", error) from None
    if len(found) != number:
        raise ParseFailed(device, f"bgpd gave {len(found)} answers to {number} questions")
    return found


def routes(device: str, text: str) -> tuple[Route, ...] | None:
    """``... neighbors X routes|advertised-routes|received-routes json``; None: it keeps none.

    Raises ParseFailed.
    """
    return routes_of_all(device, text, 1)[0]


def _answer(device: str, found: Mapping[str, Any]) -> tuple[Route, ...] | None:
    try:
        warning = found.get("warning")
        if warning is not None:
            if _NO_SOFT in str(warning):
                return None
            raise ValueError(str(warning))
        table = next(found[k] for k in _TABLES if k in found)
        return tuple(_routes(table))
    except _WRONG as error:
        raise _failed(device, "its routes", error) from None


_TABLES = ("routes", "advertisedRoutes", "receivedRoutes")
_WRONG = (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError)


def _routes(table: Mapping[str, Any]) -> Iterator[Route]:
    for prefix, said in table.items():
        network = ip_network(prefix)
        for one in said if isinstance(said, list) else [said]:
            yield Route(network, as_path(one["path"]))


def as_path(text: str) -> tuple[int, ...]:
    """The numbers of a path, sets flattened."""
    return tuple(map(int, _NUMBER.findall(text)))


def paths(device: str, text: str) -> list[tuple[str, tuple[int, ...]]]:
    """``show bgp ipvN unicast PREFIX json``: (neighbor, AS path) of each path.

    Raises ParseFailed.
    """
    try:
        found = _object(text)
        return [
            (str(ip_address(one["peer"]["peerId"])), as_path(one["aspath"]["string"]))
            for one in found.get("paths", ())
        ]
    except _WRONG as error:
        raise _failed(device, "one route", error) from None


def selected(device: str, text: str, prefix: Network) -> bool:
    """``show ip route PREFIX json``: whether a route to exactly `prefix` is in use.

    Raises ParseFailed.
    """
    try:
        some = _object(text).get(str(prefix), ())
        return any(bool(one.get("selected", False)) for one in some)
    except _WRONG as error:
        raise _failed(device, "one route of the kernel", error) from None


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _failed(device: str, what: str, error: Exception) -> ParseFailed:
    return ParseFailed(device, f"cannot understand what bgpd says of {what}: {error}")
