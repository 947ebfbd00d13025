# SPDX-License-Identifier: GPL-2.0-or-later
"""What would become of many orders: the same checks as placing them, and nothing is stored.

A verdict is light: no native commands, and devices are asked for their routes alone, where a
line is about BGP sessions; see `preview` for one order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.lists import ListContent
from enforcer.core.naming import ranges_text
from enforcer.core.orders import BlockList, Order
from enforcer.errors import InvalidInput
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.admission import Admission, Asked
from enforcer.usecases.circumstances import Circumstances
from enforcer.usecases.intake import ask_all, refused
from enforcer.usecases.present import Presenter, target_text
from enforcer.usecases.route_losses import RouteLosses
from enforcer.usecases.verdicts import Verdicts
from enforcer.usecases.why import CurrentLists
from enforcer.usecases.world import World

_SHOWN = 10
_DONE = {"drop_routes": "rejected", "shutdown_session": "shut down", "blackhole": "blackholed"}


def check_many(world: World, actor: Actor, commands: Sequence[PlaceOrder]) -> list[PlaceResult]:
    """See `Application.check_many`. Raises StorageError, ConfigurationInvalid."""
    admission = Admission(world, swarm=True)
    asked = ask_all(admission, actor, commands, RouteLosses(admission))
    with world.database.read() as reader:
        portion = _Checked(admission, actor, reader)
        portion.expect([one for one in asked if isinstance(one, Asked)])
        outcomes = [portion.outcome(one) for one in asked]
    presenter = Presenter(world) if any(isinstance(one, Order) for one in outcomes) else None
    return [_result(line, one, presenter) for line, one in enumerate(outcomes, 1)]


_Verdict = tuple[str | None, str]
"""The code of what speaks against it (None: nothing), and the sentence."""


def _result(line: int, outcome: Order | _Verdict, presenter: Presenter | None) -> PlaceResult:
    if isinstance(outcome, Order):
        view = presenter.order(outcome) if presenter is not None else None
        return PlaceResult(line=line, order=view, message="was placed before")
    return PlaceResult(line=line, code=outcome[0], message=outcome[1])


class _Checked:
    """Some orders in one snapshot; each that would pass counts for the next ones."""

    def __init__(self, admission: Admission, actor: Actor, reader: Reader) -> None:
        world = admission.world
        self._admission = admission
        self._number = self._first = reader.audit.head()[0]
        self._verdicts = Verdicts(admission.topology, reader, actor, world.clock.now())
        self._circumstances = Circumstances(world, admission.topology)
        self._lists = CurrentLists(reader)
        self._said: set[str] = set()

    def expect(self, asked: Sequence[Asked]) -> None:
        """See `Verdicts.expect`."""
        self._verdicts.expect(asked)

    def outcome(self, asked: Asked | InvalidInput) -> Order | _Verdict:
        """The order of the same key, if it is stored; else the verdict."""
        if isinstance(asked, InvalidInput):
            return "invalid", str(asked)
        verdict = self._verdicts.on(asked)
        if isinstance(verdict, Order):
            again = verdict.number > self._first
            return (None, "is the same as a line before: its key is") if again else verdict
        if verdict:
            error = refused(verdict)
            return error.code, str(error)
        return None, self._take(asked)

    def _take(self, asked: Asked) -> str:
        """What the order would do; it counts from now on."""
        self._number += 1
        key = asked.command.idempotency_key
        order = replace(
            asked.draft.order(), number=self._number, changed=self._number, idempotency_key=key
        )
        self._verdicts.passed(order)
        asks = contributions(
            order, self._admission.topology, self._content(order), self._admission.owners
        )
        return "; ".join(self._words(asked, asks))

    def _content(self, order: Order) -> dict[str, ListContent]:
        if not isinstance(order.demand, BlockList):
            return {}
        name = order.demand.list_name
        content = self._lists.get(name)
        return {} if content is None else {name: content}

    def _words(self, asked: Asked, asks: Contributions) -> Iterator[str]:
        """A warning is said once: most hold for all lines."""
        devices = ", ".join(asks.devices) or "no device"
        demand = asked.draft.demand
        yield f"{target_text(demand)} would be {_DONE.get(demand.kind, 'blocked')} on {devices}"
        if asked.hit.names:
            yield f"hits {_some(asked.hit.names)}"
        yield from (f"also hits {one}" for one in (*asked.hit.needs, *asked.hit.knowingly))
        withheld = [ranges_text(w.family, w.first, w.last) for w in asks.withheld]
        if withheld:
            yield f"withheld, because it is protected: {_some(withheld)}"
        if asked.approval:
            yield f"waits for a second person: {'; '.join(asked.approval)}"
        for warning in self._circumstances.warnings(asks, asked.draft):
            if warning not in self._said:
                self._said.add(warning)
                yield warning


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
