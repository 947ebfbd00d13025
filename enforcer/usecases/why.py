# SPDX-License-Identifier: GPL-2.0-or-later
"""Why is this address blocked? By which orders, where, since when, until when, really?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from enforcer.application.views import OrderView, WhyOrder, WhyView
from enforcer.control.book import Basis
from enforcer.control.filling import holds_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Network, Order, is_over
from enforcer.core.prefixes import parse_network
from enforcer.core.rules import Key
from enforcer.core.status import DeviceFacts, Status
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.candidates import Span, candidates, names_around
from enforcer.usecases.dropped import Dropped, dropped_by
from enforcer.usecases.lingering import is_rid_of
from enforcer.usecases.present import Presenter
from enforcer.usecases.replaced_lists import ReplacedLists, either
from enforcer.usecases.surroundings import customer_of, protected_in, shared_in, tenants_in
from enforcer.usecases.touching import Touching, about, behind_any, holders, summary, touching
from enforcer.usecases.vouching import Proofs, Shown
from enforcer.usecases.world import World

_HOLDS = frozenset({Status.ENFORCED, Status.UNVERIFIED, Status.PARTIAL, Status.REMOVING})
"""On a device: what blocks there, or may do so until a proof says that it is gone. What is only
asked for, or differs on the device, is listed and blocks nothing."""
_NOT_THERE = frozenset({Status.SCHEDULED, Status.WITHHELD, Status.LIFTED, Status.EXPIRED})
_CLOCK_SLACK = timedelta(days=1)
"""Orders that a clock ahead of ours made are orders, too."""
_LATE = timedelta(hours=1)
"""An order may be lifted with an instant that a look, which did not know of it, was for."""
_LONGEST = timedelta(days=31)
"""A device that was not proved for longer makes no answer slower than that."""


def why(world: World, address: str, at: datetime | None = None) -> WhyView:
    """Orders that touch `address` (or a prefix) now, or did `at`. Raises InvalidInput."""
    asked = parse_network(address)
    if at is not None:
        # The past loads more than most questions need.
        from enforcer.usecases.past import why_at

        return why_at(world, asked, at)
    return _Now(world, asked).answer()


class _Now:
    """One question about the present, in one snapshot of the database."""

    def __init__(self, world: World, asked: Network) -> None:
        self._world = world
        self._asked = asked
        self._now = world.clock.now()
        self._inventory = world.in_force()

    def answer(self) -> WhyView:
        """Everything about the address."""
        asked, topology = self._asked, self._inventory.topology
        shown, proofs = self._read()
        blocking = [(one, limited) for one in shown if (limited := _blocks(one)) is not None]
        ways = [_limited(one.one) if limited else one.one for one, limited in blocking]
        drops = dropped_by(self._world, [one.asks for one in ways], asked)
        counted = dict(zip((one.order.number for one in ways), drops, strict=True))
        words = [summary(asked, ways, key) for key in (Key.SOURCE, Key.DESTINATION)]
        missing = proofs.missing(shown, self._concerned(shown, words))
        return WhyView(
            address=str(asked),
            at=self._now,
            blocked_from=words[0],
            blocked_to=words[1],
            orders=sorted(
                (_order(one, counted.get(one.one.order.number)) for one in shown),
                key=lambda o: o.since,
            ),
            protected=protected_in(topology, asked),
            customer=customer_of(topology, asked),
            certainty="assumed" if missing else "verified",
            tenants=tenants_in(topology, asked),
            shared=shared_in(topology, asked),
            missing=missing,
        )

    def _read(self) -> tuple[list[Shown], Proofs]:
        """The orders that stand or may still stand, and what is known of the devices."""
        world, now, asked = self._world, self._now, self._asked
        topology = self._inventory.topology
        with world.database.read() as reader:
            holds = holds_of(reader.device_controls.all(), reader.inventories)
            basis = Basis(topology, holds, self._inventory.owners)
            facts = reader.devices.all_facts()
            known = [facts.get(name, DeviceFacts()) for name in topology.devices]
            lists = ListsAround(reader, asked)
            replaced = ReplacedLists(reader, asked, {one.verified_seq for one in known})
            sieved = either(lists.get, replaced.get, asked)
            span = Span(_since(known, now), now + _CLOCK_SLACK)
            names = names_by(basis, asked)
            numbers = candidates(reader.order_targets, asked, names, sieved, span)
            orders = reader.orders.search(numbers=numbers, limit=max(len(numbers), 1))
            orders = [order for order in orders if not is_over(order, now) or _left(order, known)]
            owners = self._inventory.owners
            found = touching(orders, asked, topology, owners, lists.get, holds)
            met = {one.order.number for one in found}
            rest = [o for o in orders if o.number not in met and isinstance(o.demand, BlockList)]
            gone = touching(rest, asked, topology, owners, replaced.get, holds)
            seqs = {one.order.number: _change(one.order, replaced) for one in (*found, *gone)}
        presenter = Presenter(world)
        shown = [
            Shown(one, presenter.order(one.order, one.entry), seqs[one.order.number])
            for one in found
        ]
        shown = [one for one in shown if not is_over(one.one.order, now) or _removing(one.view)]
        for one in gone:
            seq = seqs[one.order.number]
            view = _leaving(presenter.order(one.order, one.entry), seq, facts)
            if view.devices:
                shown.append(Shown(one, view, seq))
        inventories = {name: basis.older.get(name, basis.inventory) for name in topology.devices}
        return shown, Proofs(facts, inventories, now, world.stale_after)

    def _concerned(self, shown: Sequence[Shown], words: Sequence[str]) -> set[str]:
        """The devices whose proofs the answer needs: all that would hold the address, unless
        everything is blocked already."""
        devices = {device.device for one in shown for device in one.view.devices}
        if all(word == "all" for word in words):
            return devices
        return devices | holders(self._asked, self._inventory.topology, self._inventory.owners)


def _since(known: Sequence[DeviceFacts], now: datetime) -> datetime:
    """Orders that ended before this are gone from every device, or nobody will ever know."""
    proved = [facts.proved_for for facts in known]
    oldest = min((at for at in proved if at is not None), default=now)
    if None in proved:
        oldest = min(oldest, now - _CLOCK_SLACK)
    return max(min(oldest, now) - _LATE, now - _LONGEST)


def _left(order: Order, known: Sequence[DeviceFacts]) -> bool:
    """Whether some device may still hold an order that is over."""
    return not all(is_rid_of(order, facts) for facts in known)


def _change(order: Order, replaced: ReplacedLists) -> int:
    """The change that a proof must include: the order's last, or that of its list."""
    if isinstance(order.demand, BlockList):
        return max(order.changed, replaced.changed(order.demand.list_name))
    return order.changed


def _removing(view: OrderView) -> bool:
    return view.status == Status.REMOVING


def _leaving(view: OrderView, seq: int, facts: Mapping[str, DeviceFacts]) -> OrderView:
    """An order whose list lost the address: what it still is where no proof includes that."""
    removing = str(Status.REMOVING)
    waiting = [
        device.model_copy(
            update={
                "status": removing,
                "detail": f"{device.device}: not proved since the list of the order changed",
            }
        )
        for device in view.devices
        if device.status not in _NOT_THERE
        and facts.get(device.device, DeviceFacts()).verified_seq < seq
    ]
    return view.model_copy(update={"devices": waiting, "status": removing})


def names_by(basis: Basis, asked: Network) -> set[str]:
    """What orders that touch `asked` may name, by the inventories that count somewhere."""
    behind = behind_any(basis.topologies, asked)
    found = (names_around(topology, asked, behind) for topology in basis.topologies)
    return {name for names in found for name in names}


def _blocks(shown: Shown) -> bool | None:
    """Whether only some of its devices hold an order, or may; None: none of them does."""
    holding = [device.status in _HOLDS for device in shown.view.devices]
    if not shown.one.stands or not any(holding):
        return None
    return not all(holding)


def _limited(one: Touching) -> Touching:
    return replace(one, how=tuple(replace(touch, limited=True) for touch in one.how))


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


class ListsAround:
    """What the newest versions of lists hold around one prefix, each read once."""

    def __init__(self, reader: Reader, asked: Network) -> None:
        self._reader = reader.lists
        self._asked = asked
        self._read: dict[str, ListContent | None] = {}

    def get(self, name: str) -> ListContent | None:
        """None: there is no such list."""
        if name not in self._read:
            version = self._reader.current_version(name)
            self._read[name] = (
                None if version is None else self._reader.near(name, version, self._asked)
            )
        return self._read[name]


def _order(shown: Shown, dropped: Dropped | None) -> WhyOrder:
    view = shown.view
    relation, direction, what = about(shown.one)
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
        dropped=dropped.packets if dropped else None,
        dropped_shared_by=dropped.shared_by if dropped else None,
    )
