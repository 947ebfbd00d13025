# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation with one FRR: read, write one batch, see that it took effect, save."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drivers._daemon.shell import Shell
from drivers._router.region import part
from drivers.frr.effect import passing
from drivers.frr.identify import filters, read_filter
from drivers.frr.model import WAYS, Binding, Config, Native
from drivers.frr.names import ours
from drivers.frr.options import Options
from drivers.frr.parse import parse
from drivers.frr.parse_bgp import Session as Told
from drivers.frr.parse_bgp import (
    paths,
    pending,
    routes,
    routes_of_all,
    selected,
    sessions,
    unused,
)
from drivers.frr.planning import Setup
from drivers.frr.reading import SAVED, others_of, ours_in, reading, token_of
from drivers.frr.talk import Vtysh
from drivers.frr.texts import Payload, clear
from enforcer.clock import Clock
from enforcer.core.orders import Network
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.routes import Route
from enforcer.core.rules import Actual, Key
from enforcer.driver_api import Applied, Condition, Fingerprint, NeighborRoutes, Sighting
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError, StaleState

PATIENCE = 30.0
"""Seconds that bgpd may take to judge all routes anew; a hundred thousand take a few. What passes
later still is a finding."""
FORGETS = 10.0
"""Seconds that bgpd may take to forget a route-map that was deleted; 5 by default."""
_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
_AT_ONCE = "\n bgp route-map delay-timer 0\n"
_PASSED = {"in": "routes", "out": "advertised-routes"}


class FrrSession:
    """One open conversation; used by one thread."""

    def __init__(self, shell: Shell, setup: Setup, options: Options, clock: Clock) -> None:
        self.vtysh = Vtysh(shell, options)
        self.options = options
        self.clock = clock
        self._shell = shell
        self._setup = setup
        self._device = setup.device.name
        self._token: str | None = None

    def close(self) -> None:
        """End the conversation."""
        self._shell.close()

    def transcript(self) -> str:
        """What was run and answered since this was last asked."""
        return self._shell.said()

    # -- reading -------------------------------------------------------------------------

    def fingerprint(self) -> Fingerprint:
        """A digest of bgpd's running configuration."""
        return Fingerprint(token_of(self.vtysh.running()))

    def read_state(self, region: Region = ALL) -> Actual:
        """All of ours, or what is there of the members of `region`.

        With everything, the routes that pass our filters are read as well.
        """
        at = self.clock.now()
        text = self.vtysh.running()
        config = parse(self._device, text)
        carried: dict[Binding, tuple[Route, ...]] = {}
        if region.delta is None:
            carried = self._carried([b for b in filters(config) if b.neighbor in config.peers])
        self._token = token_of(text)
        native = Native(config, carried)
        actual = reading(self._device, native, self._setup.known, at, self._token)
        return actual if region.delta is None else replace(part(actual, region), hold=False)

    def _carried(self, bindings: Sequence[Binding]) -> dict[Binding, tuple[Route, ...]]:
        """The routes that pass all filters."""
        if not bindings:
            return {}
        said = self.vtysh.ask_all([_question(b, _PASSED[b.way]) for b in bindings])
        found = routes_of_all(self._device, said, len(bindings))
        return {b: some or () for b, some in zip(bindings, found, strict=True)}

    # -- writing -------------------------------------------------------------------------

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """Write one batch."""
        payload = batch.payload
        if not isinstance(payload, Payload):
            raise ValueError(f"a batch for {self._device} was not made by the frr driver")
        before = self.vtysh.running()
        if guarded and token_of(before) != self._token:
            raise StaleState(self._device, "changed since it was last read; nothing was written")
        if not guarded and parse(self._device, before).hold:
            raise StaleState(self._device, "somebody put a marker there; read it again")
        self._intact(payload, parse(self._device, before))
        self._token = None
        self._forgotten(payload, before)
        self.vtysh.configure(payload.lines)
        if payload.moves:
            self._attached(payload)
        self.vtysh.remove(payload.remove)
        for binding in payload.refresh:
            self.vtysh.ask(clear(binding))
        after = self.vtysh.running()
        # Where somebody else changed something meanwhile, the next batch must not go on.
        told = payload.moves, payload.lines
        if others_of(before, *told) == others_of(after, *told):
            self._token = token_of(after)
        return Staged(self, payload, self._token or "", ours_in(after))

    def _intact(self, payload: Payload, config: Config) -> None:
        """Nothing is attached that is not there as it was made."""
        for binding, _, name in payload.moves:
            found = read_filter(config, binding, name) if ours(name) else None
            if found is not None and (found.wrong or any(part.wrong for part in found.parts)):
                raise StaleState(self._device, f"route-map {name} is not as it was made")

    def _forgotten(self, payload: Payload, before: str) -> None:
        """Wait until bgpd has seen to the route-maps of the operator that neighbors have until now.

        Where one was deleted and made again since it last did, it writes into freed memory as
        soon as its neighbor gets another one (FRR 8.4, pull request 14017). Such a one was given
        to nobody. With a timer of 0 bgpd sees to them at once, and never says so.
        """
        config = parse(self._device, before)
        names = {was or config.inherited(binding) for binding, was, _ in payload.moves}
        names = {name for name in names if name and not ours(name)}
        if not names or _AT_ONCE in before:
            return
        deadline = self.clock.monotonic() + FORGETS
        while again := self._made_again(names):
            if self.clock.monotonic() > deadline:
                raise DeviceBusy(
                    self._device,
                    f"route-map {', '.join(again)} was deleted and made again, and bgpd has not"
                    " seen to it yet (bgp route-map delay-timer): attaching another one now would"
                    " end bgpd; nothing was attached, and it is tried again",
                )
            self.clock.sleep(_PAUSE)

    def _made_again(self, names: Iterable[str]) -> list[str]:
        shown = self.vtysh.ask_all([f"show route-map {name} json" for name in sorted(names)])
        if not pending(shown):
            return []
        return sorted(unused(self.vtysh.ask("show route-map-unused")) & set(names))

    def _attached(self, payload: Payload) -> None:
        """The old objects go only where nobody needs them any more."""
        config = parse(self._device, self.vtysh.running())
        for binding, _, name in payload.moves:
            found = config.bound.get(binding, "")
            if found != name:
                raise DeviceError(
                    self._device,
                    f"{binding.text} has {found or 'no route-map'} after it was given"
                    f" {name or 'none'}; nothing was removed, and it is read anew",
                )

    def settle(self, payload: Payload) -> None:
        """Wait until nothing passes that must not; what goes on passing is found by reading."""
        deadline = self.clock.monotonic() + PATIENCE
        pause, left = _PAUSE, [b for b, rules in payload.proofs.items() if rules]
        while True:
            carried = self._carried(left)
            left = [b for b in left if passing(payload.proofs[b], carried[b])]
            if not left or self.clock.monotonic() > deadline or not self._judged_anew(left):
                return
            self.clock.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _judged_anew(self, bindings: list[Binding]) -> bool:
        """Whether bgpd can do it at all: by kept routes, or by asking the neighbor again."""
        told = self.told()
        return any(
            b.way == "out"
            or (
                b.neighbor in told
                and (told[b.neighbor].refresh or b.family in told[b.neighbor].soft)
            )
            for b in bindings
        )

    # -- routes --------------------------------------------------------------------------

    def told(self) -> dict[str, Told]:
        """What bgpd says of each neighbor's session."""
        return sessions(self._device, self.vtysh.ask("show bgp neighbors json"))

    def routes(self, neighbor: str, family: int, way: Key) -> NeighborRoutes:
        """See `RoutingSession`."""
        told = self.told().get(neighbor)
        if told is None:
            raise CommandRejected(
                self._device,
                f"has no BGP neighbor {neighbor}: configure it, or correct the inventory",
            )
        binding = Binding(neighbor, family, WAYS[way])
        if told.condition is not Condition.UP:
            return NeighborRoutes(neighbor, family, told.condition, (), None)
        rejected = None
        if binding.way == "in":
            rejected = self._filtered(binding)
        return NeighborRoutes(neighbor, family, told.condition, self._passed(binding), rejected)

    def _passed(self, binding: Binding) -> tuple[Route, ...]:
        return self._carried([binding])[binding]

    def _filtered(self, binding: Binding) -> tuple[Route, ...] | None:
        """What was received and does not pass; None: bgpd does not keep it."""
        said = self.vtysh.ask(_question(binding, "received-routes"))
        received = routes(self._device, said)
        if received is None:
            return None
        passed = {route.prefix for route in self._passed(binding)}
        return tuple(route for route in received if route.prefix not in passed)

    def sightings(self, prefix: Network) -> tuple[tuple[Sighting, ...], bool]:
        """See `RoutingSession`."""
        family = prefix.version
        said = self.vtysh.ask(f"show bgp ipv{family} unicast {prefix} json")
        known = paths(self._device, said)
        found = [Sighting(name, Route(prefix, path), True) for name, path in known]
        accepted = {name for name, _ in known}
        for name, told in sorted(self.told().items()):
            if name in accepted or told.condition is not Condition.UP or family not in told.soft:
                continue
            rejected = self._filtered(Binding(name, family, "in")) or ()
            found += [Sighting(name, route, False) for route in rejected if route.prefix == prefix]
        return tuple(found), bool(known) and self._forwarded(prefix)

    def _forwarded(self, prefix: Network) -> bool:
        """Whether zebra has selected a route to exactly this prefix."""
        word = "ip" if prefix.version == 4 else "ipv6"
        said = self.vtysh.ask_zebra(f"show {word} route {prefix} json")
        return selected(self._device, said, prefix)


@dataclass(frozen=True)
class Staged:
    """A batch that stands."""

    session: FrrSession
    payload: Payload
    token: str
    entries: int

    def confirm(self) -> Applied:
        """See that it took effect, and save it where that is wanted."""
        self.session.settle(self.payload)
        saved = self.session.options.save and self.entries <= SAVED
        if self.payload.last and saved:
            self.session.vtysh.save()
        return Applied.APPLIED

    def abandon(self) -> Applied:
        """It stands; what is wrong with it the next reading tells."""
        return Applied.UNKNOWN


def _question(binding: Binding, what: str) -> str:
    family, neighbor = binding.family, binding.neighbor
    return f"show bgp ipv{family} unicast neighbors {neighbor} {what} json"
