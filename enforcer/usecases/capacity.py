# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the devices have room for one more order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from enforcer.control.book import OrderBook
from enforcer.control.desired_state import DesiredState
from enforcer.control.filling import fill, new_lists
from enforcer.core.contributions import contributions
from enforcer.core.draft import Draft, Refusal
from enforcer.core.plan import Capability
from enforcer.usecases.world import World


def over_capacity(
    world: World, draft: Draft, capabilities: Mapping[str, Capability]
) -> Iterator[Refusal]:
    """Code over-capacity: what is desired now and `draft` are more than a device can hold.

    Costs nothing where no device has a capacity; else the desired state of those that have
    one and would hold the order is compiled.
    """
    limits = {n: c.capacity for n, c in capabilities.items() if c.capacity is not None}
    if not limits:
        return
    now = world.clock.now()
    book = OrderBook(world.topology)
    head = fill(book, world.database, now)
    order = replace(draft.order(), number=head + 1, changed=head + 1)
    with world.database.read() as reader:
        lists = {**book.lists(), **new_lists(book, reader.lists, [order])}
    asks = contributions(order, world.topology, lists, world.owners)
    for name in asks.devices:
        if name not in limits:
            continue
        state = DesiredState(name, book)
        state.advance(now)
        before, after = len(state.desired), len(state.imagine(asks)[0])
        if after > limits[name] and after > before:
            yield Refusal(
                "over-capacity",
                f"{name} would have to hold {after} entries (now {before}) and can hold"
                f" {limits[name]}: lift or narrow something, or name another scope",
            )
