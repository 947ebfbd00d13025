# SPDX-License-Identifier: GPL-2.0-or-later
"""Which routes a neighbor and BIRD tell each other."""

from __future__ import annotations

from drivers.bird import answers
from drivers.bird.answers import keeps_filtered
from drivers.bird.control import Control
from drivers.bird.model import Protocol
from drivers.bird.names import quoted
from drivers.bird.reading import absent, look
from drivers.bird.setup import Setup
from enforcer.core.orders import Network
from enforcer.core.routes import Route
from enforcer.core.rules import Key
from enforcer.driver_api import Condition, NeighborRoutes, Sighting
from enforcer.errors import DeviceError, ParseFailed


def routes(setup: Setup, control: Control, neighbor: str, family: int, way: Key) -> NeighborRoutes:
    """What `neighbor` sends us, or what we send it, in one family.

    What we do not send is everything of the table that the export filter rejects.
    """
    some = [p for p in look(setup, control).protocols if p.neighbor == neighbor]
    if not some:
        raise DeviceError(
            setup.device,
            f"BIRD has no BGP protocol with neighbor {neighbor}: correct the inventory",
        )
    accepted: list[Route] = []
    rejected: list[Route] | None = []
    for one in some:
        chosen = (
            ("export", "noexport") if way is Key.ANNOUNCED else ("protocol", "filtered protocol")
        )
        accepted += _of(setup, control, f"{chosen[0]} {quoted(one.name)}", family)
        if way is Key.RECEIVED and not keeps_filtered(one, family):
            rejected = None
        if rejected is not None:
            rejected += _of(setup, control, f"{chosen[1]} {quoted(one.name)}", family)
    return NeighborRoutes(
        neighbor,
        family,
        _condition(some),
        tuple(accepted),
        None if rejected is None else tuple(rejected),
    )


def _condition(some: list[Protocol]) -> Condition:
    if any(one.established for one in some):
        return Condition.UP
    return Condition.SHUT if all(one.down for one in some) else Condition.DOWN


def _of(setup: Setup, control: Control, which: str, family: int) -> list[Route]:
    found = _asked(setup, control, f"show route {which} all")
    return [route for _, route in found if route.prefix.version == family]


def _asked(setup: Setup, control: Control, command: str) -> tuple[tuple[str, Route], ...]:
    reply = control.ask(command)
    if reply.refusal:
        if absent(reply.refusal):
            return ()
        raise ParseFailed(setup.device, f"`{command}` was refused: {reply.refusal}")
    return answers.routes(setup.device, reply)


def sightings(setup: Setup, control: Control, prefix: Network) -> tuple[tuple[Sighting, ...], bool]:
    """Every neighbor's route for exactly `prefix`, and whether the routing table has one."""
    names = {one.name: one.neighbor for one in look(setup, control).protocols}
    passing = _asked(setup, control, f"show route {prefix} all")
    dropped = _asked(setup, control, f"show route filtered {prefix} all")
    found = tuple(
        Sighting(names[name], route, accepted)
        for accepted, some in ((True, passing), (False, dropped))
        for name, route in some
        if name in names and route.prefix == prefix
    )
    return found, any(route.prefix == prefix for _, route in passing)
