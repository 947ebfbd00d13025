# SPDX-License-Identifier: GPL-2.0-or-later
"""How many packets the rules of some orders dropped, asked of the devices that count.

At least so many: a device counts from when it was given a member, and begins anew where a
member is written again or the device restarts. The members of a rule may stand there for
several orders; each of them drops those packets. Where a device counts per line, the packets of
all orders behind the line are one number, and that is said: shared by so many orders.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypeVar

from enforcer.control.book import OrderBook
from enforcer.control.filling import fill
from enforcer.core.contributions import Contributions
from enforcer.core.intervals import Ranges, inside, rows_of, union
from enforcer.core.orders import Network, in_force
from enforcer.core.plan import Trait
from enforcer.core.rules import Key, Rule
from enforcer.driver_api import Counted, CountingSession
from enforcer.errors import EnforcerError
from enforcer.usecases.world import World

EVERYTHING: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
PATIENCE = 2.0
"""Seconds for which a device is waited for: an answer without counts is better than none."""

Answer = Mapping[Rule, Counted]
_Told = TypeVar("_Told")
Line = tuple[str, Rule]
"""A rule on a device, by name."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """`packets`: at least so many. `shared_by`: of so many orders together; None: of this one."""

    packets: int
    shared_by: int | None = None


def dropped_by(
    world: World, orders: Sequence[Contributions], asked: Network, patience: float = PATIENCE
) -> list[Dropped | None]:
    """For each order the packets that its rules dropped for `asked`, at least.

    None: no device that holds it counts, or none answered in time.
    """
    wanted: dict[str, dict[Rule, Ranges]] = {}
    for asks in orders:
        for device, rules in rules_about(asks, asked).items():
            known = wanted.setdefault(device, {})
            for rule, ranges in rules.items():
                known[rule] = union((known.get(rule, Ranges.none()), ranges))
    answers = _ask(world, wanted, patience)
    shared = {
        (device, rule)
        for device, answer in answers.items()
        for rule, counted in answer.items()
        if counted.shared
    }
    behind = _behind(world, shared) if shared else {}
    return [_sum(asks.order, rules_about(asks, asked), answers, behind) for asks in orders]


def counted_for(
    world: World,
    asks: Contributions,
    own: Mapping[str, Mapping[Rule, Ranges]],
    patience: float = PATIENCE,
) -> Dropped | None:
    """What the members of one order dropped, `own` by device and rule; None as above."""
    answers = _ask(world, own, patience)
    shared = {(name, rule) for name, one in answers.items() for rule in one if one[rule].shared}
    behind = _behind(world, shared) if shared else {}
    return _sum(asks.order, own, answers, behind)


def _behind(world: World, lines: Collection[Line]) -> dict[Line, set[int]]:
    """The numbers of the orders in force behind lines that are counted as one."""
    now = world.clock.now()
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    found: dict[Line, set[int]] = {line: set() for line in lines}
    for entry in book.entries():
        if in_force(entry.order, now):
            for part in entry.standing.parts:
                if (part.device, part.rule) in found:
                    found[part.device, part.rule].add(entry.order.number)
    return found


def rules_about(asks: Contributions, asked: Network) -> dict[str, dict[Rule, Ranges]]:
    """By device and rule the members to ask for; of rules by interface all.

    An interface that is down counts nothing, routes are no packets, and who announces a blackhole
    drops nothing itself.
    Where the address is the other end of a flow, its rule counts others' packets too: not asked.
    """
    region = rows_of((asked,))
    found: dict[str, dict[Rule, Ranges]] = {}
    for part in asks.parts:
        rule = part.rule
        if rule.family != asked.version or rule.by_route or rule.key is Key.BLACKHOLE:
            continue
        here = rule.by_interface or bool(len(inside(Ranges(part.first, part.last), region).source))
        if here:
            found.setdefault(part.device, {})[rule] = Ranges.none() if rule.by_interface else region
    return found


def _sum(
    number: int,
    rules: Mapping[str, Mapping[Rule, Ranges]],
    answers: Mapping[str, Answer],
    behind: Mapping[Line, Collection[int]],
) -> Dropped | None:
    lines = [
        (device, rule)
        for device, some in rules.items()
        if device in answers
        for rule in some
        if rule in answers[device]
    ]
    if not lines:
        return None
    packets = sum(answers[device][rule].packets for device, rule in lines)
    sharing = {number}.union(*(behind.get(line, ()) for line in lines))
    return Dropped(packets, len(sharing) if len(sharing) > 1 else None)


def _ask(
    world: World, wanted: Mapping[str, Mapping[Rule, Ranges]], patience: float
) -> dict[str, Answer]:
    """What each device answers within `patience`; one that does not is left behind."""

    def ask(name: str, session: CountingSession) -> Answer:
        return session.counters(wanted[name])

    return on_each(world, list(wanted), ask, patience)


def on_each(
    world: World,
    names: Sequence[str],
    ask: Callable[[str, CountingSession], _Told],
    patience: float,
) -> dict[str, _Told]:
    """What `ask` finds on each device that counts, each in a thread of its own.

    Devices that fail, or take longer than `patience` seconds, are left out.
    """
    answers: queue.SimpleQueue[tuple[str, _Told | None]] = queue.SimpleQueue()
    asked = [name for name in names if name in world.topology.devices]
    for name in asked:
        threading.Thread(
            target=lambda name=name: answers.put((name, _counting(world, name, ask))),
            name=f"counters of {name}",
            daemon=True,
        ).start()
    found: dict[str, _Told] = {}
    until = world.clock.monotonic() + patience
    for _ in asked:
        try:
            name, answer = answers.get(timeout=max(0.0, until - world.clock.monotonic()))
        except queue.Empty:
            break
        if answer is not None:
            found[name] = answer
    return found


def _counting(
    world: World, name: str, ask: Callable[[str, CountingSession], _Told]
) -> _Told | None:
    try:
        device = world.topology.devices[name]
        driver = world.driver_for(device, world.evidence.identity())
        if Trait.COUNTING not in driver.traits:
            return None
        with driver.connect() as session:
            return ask(name, session) if isinstance(session, CountingSession) else None
    except EnforcerError:
        return None
