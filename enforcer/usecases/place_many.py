# SPDX-License-Identifier: GPL-2.0-or-later
"""Place many orders at once: each line by itself, in few transactions, one ring."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.clock import SystemClock
from enforcer.core.orders import Order
from enforcer.errors import (
    AwaitingApproval,
    Forbidden,
    InvalidInput,
    OrderRefused,
    StorageError,
)
from enforcer.storage.errors import DuplicateKey
from enforcer.usecases.admission import Admission
from enforcer.usecases.intake import Outcome, take
from enforcer.usecases.present import Presenter
from enforcer.usecases.route_losses import RouteLosses
from enforcer.usecases.world import World

PORTION = 100
"""Orders in one transaction: other writers wait for it, so it stays well below 100 ms."""
_REST = 0.003
"""Seconds between two portions at least: other programs look so often whether they may write."""
_SHARE = 0.5
"""And so much of what a portion took: a controller that shares two processors with this program
records an intent and an outcome for each order that somebody else places meanwhile."""
_TO_THE_DISK = 20
"""After so many portions the disk is waited for, so that the log of the database stays short."""


def place_many(world: World, actor: Actor, commands: Sequence[PlaceOrder]) -> list[PlaceResult]:
    """See `Application.place_many`.

    A line that is refused or makes no sense stops no other one. After a crash whole portions
    of `PORTION` lines are placed and the rest is not; with idempotency keys the same lines can
    be placed again, and nothing is placed twice; the disk is waited for now and then, and
    with the last portion. Raises StorageError, which stops at a portion.
    """
    admission = Admission(world, swarm=True)
    losses = RouteLosses(admission)
    outcomes: list[Outcome] = []
    clock = SystemClock()
    began = clock.monotonic()
    try:
        for at, portion in enumerate(_portions(commands), 1):
            if at > 1:
                clock.sleep(max(_REST, _SHARE * (clock.monotonic() - began)))
            began = clock.monotonic()
            last = len(outcomes) + len(portion) == len(commands)
            swift = not last and at % _TO_THE_DISK > 0
            outcomes += _take(admission, actor, portion, losses, swift)
    except StorageError:
        # The last portion rings by itself; it did not come to that.
        if any(isinstance(outcome, Order) for outcome in outcomes):
            world.ring()
        raise
    # The last portion waits for the disk, unless nothing of it was stored.
    world.database.settle()
    presenter = Presenter(world)
    return [_result(line, one, presenter) for line, one in enumerate(outcomes, 1)]


def _take(
    admission: Admission,
    actor: Actor,
    portion: Sequence[PlaceOrder],
    losses: RouteLosses,
    swift: bool = False,
) -> list[Outcome]:
    """One transaction; where one line spoils it, each line gets its own."""
    try:
        return take(admission, actor, portion, losses, swift=swift)
    except (InvalidInput, DuplicateKey) as problem:
        if len(portion) > 1:
            singles = (_take(admission, actor, (command,), losses) for command in portion)
            return [one for single in singles for one in single]
        return [InvalidInput(str(problem))]


def _portions(commands: Sequence[PlaceOrder]) -> Iterator[list[PlaceOrder]]:
    remaining = iter(commands)
    while portion := list(islice(remaining, PORTION)):
        yield portion


def _result(line: int, outcome: Outcome, presenter: Presenter) -> PlaceResult:
    if isinstance(outcome, Order):
        return PlaceResult(line=line, order=presenter.order(outcome))
    proposal = outcome.proposal if isinstance(outcome, AwaitingApproval) else None
    return PlaceResult(line=line, code=_code(outcome), message=str(outcome), proposal=proposal)


def _code(error: InvalidInput | OrderRefused | AwaitingApproval | Forbidden) -> str:
    match error:
        case OrderRefused():
            return error.code
        case AwaitingApproval():
            return "awaiting-approval"
        case Forbidden():
            return "forbidden"
        case _:
            return "invalid"
