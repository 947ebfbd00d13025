# SPDX-License-Identifier: GPL-2.0-or-later
"""What routers say of their BGP routes, asked in parallel and never waited for without end."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from enforcer.core.rules import Key
from enforcer.driver_api import NeighborRoutes, RoutingSession
from enforcer.errors import DeviceError, DeviceUnreachable, EnforcerError
from enforcer.usecases.world import World

PATIENCE = 30.0
"""Seconds for which as many devices as are asked at once are waited for."""
AT_ONCE = 8
"""Devices that are asked at the same time: each answer may hold a whole routing table."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing was read, and why."""

    why: str


class Line(NamedTuple):
    """The routes of one neighbor of a device, of one family, in one way."""

    device: str
    neighbor: str
    family: int
    way: Key


def ask_each(
    world: World,
    questions: Mapping[str, Callable[[RoutingSession], Answer]],
    patience: float = PATIENCE,
) -> dict[str, Answer | Unread]:
    """The answer of each device to its question, or why there is none; nothing is written.

    A device that does not answer in time is left behind, with those that wait for its place.
    """
    todo: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[str, Answer | Unread]] = queue.SimpleQueue()
    ask = _asker(world, questions)
    for name in questions:
        todo.put(name)

    def work() -> None:
        while True:
            try:
                name = todo.get_nowait()
            except queue.Empty:
                return
            answers.put((name, ask(name)))

    for number in range(min(AT_ONCE, len(questions))):
        threading.Thread(target=work, name=f"routes {number}", daemon=True).start()
    rounds = -(-len(questions) // AT_ONCE)
    return _gathered(world, answers, questions, patience * rounds)


def _gathered(
    world: World,
    answers: queue.SimpleQueue[tuple[str, Answer | Unread]],
    names: Collection[str],
    seconds: float,
) -> dict[str, Answer | Unread]:
    late = Unread(f"did not answer within {seconds:g} s")
    found: dict[str, Answer | Unread] = {}
    until = world.clock.monotonic() + seconds
    while len(found) < len(names):
        try:
            name, answer = answers.get(timeout=max(0.0, until - world.clock.monotonic()))
        except queue.Empty:
            break
        found[name] = answer
    return {name: found.get(name, late) for name in names}


def _asker(
    world: World, questions: Mapping[str, Callable[[RoutingSession], Answer]]
) -> Callable[[str], Answer | Unread]:
    devices, owner = world.topology.devices, world.evidence.identity()

    def ask(name: str) -> Answer | Unread:
        try:
            with world.driver_for(devices[name], owner).connect() as session:
                if not isinstance(session, RoutingSession):
                    return Unread(f"a {devices[name].platform} device does not tell its routes")
                return questions[name](session)
        except EnforcerError as error:
            return Unread(str(error).removeprefix(f"{name}: "))

    return ask


class Readings:
    """What neighbors and we tell each other, each of them asked for once, outside of any
    transaction. `patience` as in `ask_each`."""

    def __init__(self, world: World, patience: float = PATIENCE) -> None:
        self._world = world
        self._patience = patience
        self._known: dict[Line, NeighborRoutes | Unread] = {}

    def get(self, lines: Iterable[Line]) -> Mapping[Line, NeighborRoutes | Unread]:
        """What was read of each, at least of `lines`."""
        wanted: dict[str, list[Line]] = {}
        for line in dict.fromkeys(lines):
            if line not in self._known:
                wanted.setdefault(line.device, []).append(line)
        questions = {name: _question(some) for name, some in wanted.items()}
        if not questions:
            return self._known
        for name, answer in ask_each(self._world, questions, self._patience).items():
            if isinstance(answer, Unread):
                self._known.update(dict.fromkeys(wanted[name], answer))
            else:
                self._known.update(answer)
        return self._known


def _question(
    lines: Collection[Line],
) -> Callable[[RoutingSession], dict[Line, NeighborRoutes | Unread]]:
    def ask(session: RoutingSession) -> dict[Line, NeighborRoutes | Unread]:
        found: dict[Line, NeighborRoutes | Unread] = {}
        for line in lines:
            try:
                found[line] = session.routes(line.neighbor, line.family, line.way)
            except DeviceUnreachable:
                raise
            except DeviceError as error:
                found[line] = Unread(str(error).removeprefix(f"{line.device}: "))
        return found

    return ask
