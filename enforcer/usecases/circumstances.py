# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person should know beside an order: what it waits for, what is not written to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from enforcer.core.brake import PauseState
from enforcer.core.contributions import Contributions
from enforcer.core.device_control import DeviceControl
from enforcer.core.draft import Draft, target_of
from enforcer.core.proof_sentences import MARKER_WORDS
from enforcer.core.topology import Leaving, Mode, Topology
from enforcer.usecases.session_warnings import session_warnings
from enforcer.usecases.world import World


class Circumstances:
    """Read once, for any number of orders."""

    def __init__(self, world: World, topology: Topology) -> None:
        self._world = world
        self._topology = topology

    def warnings(self, asks: Contributions, draft: Draft) -> Iterator[str]:
        """About one order that asks for `asks`.

        What starts now is refused while nothing takes it: it does not wait, so that is not told.
        """
        topology = self._topology
        pause = self._pause
        later = draft.start > self._world.clock.now()
        if pause is not PauseState.RUNNING and later:
            yield f"the controller is {pause}: the order waits until `enforcer resume`"
        paused = {name for name in asks.devices if self._control(name).paused}
        for name in sorted(asks.devices):
            if name in paused and (later or paused != set(asks.devices)):
                yield self._paused(name)
            yield from self._of_device(name)
        observed = [n for n in asks.devices if topology.devices[n].mode is Mode.OBSERVE]
        if observed:
            yield f"only observed, nothing will be written: {', '.join(observed)}"
        for name in target_of(draft.demand).customers:
            if topology.customers[name].leaving is not Leaving.NO:
                yield (
                    f"customer {name} left the inventory's files: the order is placed with what was"
                    f" known of it last, and ends with `enforcer customer confirm-gone {name}`"
                )
        retired = sorted(topology.draining().intersection(draft.scope.devices))
        if retired:
            yield f"being retired, nothing new is placed there: {', '.join(retired)}"
        yield from session_warnings(draft, topology)
        if not self._led:
            yield "no controller is running: the order waits for `enforcer run`"
        if not asks.devices:
            yield "no device would hold this order: see its scope and the inventory"

    def _of_device(self, name: str) -> Iterator[str]:
        """Why nothing new is written to one device."""
        control = self._control(name)
        if control.hold is not None and control.hold.all:
            yield (
                f"the brake holds everything on {name} ({control.hold.why}): there the order"
                f" waits for `enforcer device release {name}`"
            )
        if name in self._marked:
            yield f"{name} is {MARKER_WORDS}"

    def _paused(self, name: str) -> str:
        control = self._control(name)
        said = f"{control.paused_by} ({control.paused_why})"
        return f"{name} is paused by {said}: there the order waits until it is resumed"

    def _control(self, name: str) -> DeviceControl:
        return self._decided.get(name, DeviceControl())

    @cached_property
    def _pause(self) -> PauseState:
        return self._world.pause()

    @cached_property
    def _decided(self) -> Mapping[str, DeviceControl]:
        with self._world.database.read() as reader:
            return reader.device_controls.all()

    @cached_property
    def _marked(self) -> frozenset[str]:
        """Devices that somebody put a marker on, as the last look found them."""
        with self._world.database.read() as reader:
            facts = reader.devices.all_facts()
        return frozenset(name for name, known in facts.items() if known.marker)

    @cached_property
    def _led(self) -> bool:
        return self._world.led()
