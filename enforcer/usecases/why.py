# SPDX-License-Identifier: GPL-2.0-or-later
"""Why is this address blocked? By which orders, where, since when, until when, really?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from enforcer.application.views import OrderView, WhyOrder, WhyView
from enforcer.control.book import Basis
from enforcer.control.evidence import proves
from enforcer.control.filling import holds_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import Network, in_force, is_over
from enforcer.core.prefixes import parse_network
from enforcer.core.rules import Key
from enforcer.core.status import DeviceFacts, Status
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.candidates import candidates, names_around
from enforcer.usecases.dropped import dropped_by
from enforcer.usecases.present import Presenter
from enforcer.usecases.surroundings import customer_of, protected_in, shared_in, tenants_in
from enforcer.usecases.touching import Touching, about, behind_any, holders, summary, touching
from enforcer.usecases.world import World

_PROVED = frozenset({Status.ENFORCED, Status.UNVERIFIED, Status.PARTIAL})
"""What blocks; what is only asked for, or differs on the device, is listed and blocks nothing."""
_CLOCK_SLACK = timedelta(days=1)
"""Orders that a clock ahead of ours made are orders, too."""


def why(world: World, address: str, at: datetime | None = None) -> WhyView:
    """Orders that touch `address` (or a prefix) now, or did `at`. Raises InvalidInput."""
    asked = parse_network(address)
    if at is not None:
        # The past loads more than most questions need.
        from enforcer.usecases.past import why_at

        return why_at(world, asked, at)
    now = world.clock.now()
    inventory = world.in_force()
    topology = inventory.topology
    with world.database.read() as reader:
        lists = CurrentLists(reader)
        holds = holds_of(reader.device_controls.all(), reader.inventories)
        names = names_by(Basis(topology, holds, inventory.owners), asked)
        targets = reader.order_targets.lines(now, now + _CLOCK_SLACK)
        numbers = candidates(targets, asked, names, lists.get)
        orders = reader.orders.search(numbers=numbers, limit=max(len(numbers), 1))
        open_orders = [order for order in orders if not is_over(order, now)]
        found = touching(open_orders, asked, topology, inventory.owners, lists.get, holds)
        facts = reader.devices.all_facts()
    presenter = Presenter(world)
    shown = [(one, presenter.order(one.order, one.entry)) for one in found]
    blocking = [one for one, view in shown if _blocks(one, view, now)]
    drops = dropped_by(world, [one.asks for one in blocking], asked)
    counted = dict(zip((one.order.number for one in blocking), drops, strict=True))
    sure = _settled(shown)
    if not shown:
        concerned = holders(asked, topology, inventory.owners)
        fresh = (_fresh(facts.get(name), now, world.stale_after) for name in concerned)
        sure = bool(concerned) and all(fresh)
    return WhyView(
        address=str(asked),
        at=now,
        blocked_from=summary(asked, blocking, Key.SOURCE),
        blocked_to=summary(asked, blocking, Key.DESTINATION),
        orders=sorted(
            (_order(view, one, counted.get(one.order.number)) for one, view in shown),
            key=lambda o: o.since,
        ),
        protected=protected_in(topology, asked),
        customer=customer_of(topology, asked),
        certainty="verified" if sure else "assumed",
        tenants=tenants_in(topology, asked),
        shared=shared_in(topology, asked),
    )


def names_by(basis: Basis, asked: Network) -> set[str]:
    """What orders that touch `asked` may name, by the inventories that count somewhere."""
    behind = behind_any(basis.topologies, asked)
    found = (names_around(topology, asked, behind) for topology in basis.topologies)
    return {name for names in found for name in names}


def _blocks(one: Touching, view: OrderView, now: datetime) -> bool:
    return one.stands and in_force(one.order, now) and view.status in _PROVED


class CurrentLists:
    """The newest version of lists, each read once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: dict[str, ListContent | None] = {}

    def get(self, name: str) -> ListContent | None:
        """None: there is no such list."""
        if name not in self._read:
            self._read[name] = self._reader.lists.current(name)
        return self._read[name]


def _order(view: OrderView, one: Touching, dropped: int | None) -> WhyOrder:
    relation, direction, what = about(one)
    return WhyOrder(
        id=view.id,
        relation=relation,
        direction=direction,
        what=what,
        status=view.status,
        reason=view.reason,
        issuer=view.issuer,
        since=view.start,
        until=view.end,
        devices=view.devices,
        ticket=view.ticket,
        dropped=dropped,
    )


def _settled(shown: Sequence[tuple[Touching, OrderView]]) -> bool:
    """Whether every order is proved, and lately, or is not to stand yet."""
    sure = {Status.ENFORCED, Status.PARTIAL, Status.SCHEDULED, Status.WITHHELD}
    return all(view.status in sure for _, view in shown)


def _fresh(facts: DeviceFacts | None, now: datetime, stale_after: timedelta) -> bool:
    """Whether a device was lately found exactly as desired."""
    if facts is None or facts.verified_at is None or not proves(facts):
        return False
    return now - facts.verified_at <= stale_after
