# SPDX-License-Identifier: GPL-2.0-or-later
"""What the moment of placing says of orders: the keys, the limits of their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.core.draft import Refusal
from enforcer.core.guardrails import admission
from enforcer.core.machine_checks import too_fast
from enforcer.core.orders import Order
from enforcer.core.source_limits import limits_of
from enforcer.core.topology import Topology
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.admission import Asked, Counted, traffic


class Verdicts:
    """One after the other: what passed counts for the next."""

    def __init__(self, topology: Topology, reader: Reader, actor: Actor, now: datetime) -> None:
        self._reader = reader
        self._now = now
        self._limits = limits_of(topology, actor.source)
        self._machine = actor.rights.machine if actor.rights is not None else None
        by_minute = self._machine is not None or self._limits.per_minute is not None
        self._counted = Counted(self._limits.active is not None, by_minute)
        self._traffic = traffic(reader, actor.source, now, self._counted)
        self._keys: dict[str, Order] = {}
        self._known: dict[str, Order | None] = {}

    def expect(self, many: Iterable[Asked]) -> None:
        """These are to come: what was placed with their keys is looked up at once."""
        keys = [one.command.idempotency_key for one in many]
        missing = {key for key in keys if key is not None} - self._known.keys()
        found = self._reader.orders.by_keys(sorted(missing))
        self._known |= {key: found.get(key) for key in missing}

    def on(self, asked: Asked) -> Order | tuple[Refusal, ...]:
        """The order that was placed with the same key, or what speaks against a new one."""
        known = self._placed_before(asked.command.idempotency_key)
        if known is None:
            return (
                *asked.refusals,
                *self._of_machine(asked),
                *admission(asked.draft, self._limits, self._traffic, self._now, asked.devices),
            )
        return known if known.demand == asked.command.demand else (_key_reused(known),)

    def _of_machine(self, asked: Asked) -> Iterator[Refusal]:
        if self._machine is not None:
            last_minute = self._traffic.last_minute
            yield from too_fast(self._machine, asked.draft.source, last_minute)

    def passed(self, order: Order) -> None:
        """`order` is placed, or taken for placed."""
        if order.idempotency_key is not None:
            self._keys[order.idempotency_key] = order
        if any(self._counted):
            self._traffic = replace(
                self._traffic,
                active=self._traffic.active + 1,
                last_minute=self._traffic.last_minute + 1,
            )

    def _placed_before(self, key: str | None) -> Order | None:
        if key is None:
            return None
        if key not in self._keys and key in self._known:
            return self._known[key]
        return self._keys.get(key) or self._reader.orders.by_key(key)


def _key_reused(known: Order) -> Refusal:
    return Refusal(
        "key-reused",
        f"the idempotency key {known.idempotency_key!r} belongs to order {known.id}, which asks"
        " for something else: use a new key",
    )
