# SPDX-License-Identifier: GPL-2.0-or-later
"""Why was this address blocked then? From the record alone; no device is asked about the past.

Orders as they stood, the lists' versions and the inventory of that time are compiled anew, and
each device's run of proofs around the instant says how sure the answer is:

* verified: every device concerned has proofs around the instant, under that inventory, and one
  of them is known to include each order's last change, start or end before it;
* assumed: it follows from the record, and nothing proves that devices were as they should be;
* unknown: the instant is before the records began.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from enforcer.application.views import DeviceStatus, WhyOrder, WhyView
from enforcer.core.lists import ListContent
from enforcer.core.orders import BlockList, Network, Order, in_force, is_over
from enforcer.core.placement import Ownership, ownership
from enforcer.core.rules import Key
from enforcer.core.status import Status
from enforcer.core.times import say_when
from enforcer.core.topology import Topology
from enforcer.errors import InvalidInput
from enforcer.storage.order_versions import OrderVersion
from enforcer.storage.periods import LONGEST_GAP, Period
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.candidates import ListOf, Span, candidates, names_around
from enforcer.usecases.replaced_lists import either, joined
from enforcer.usecases.surroundings import customer_of, protected_in, shared_in, tenants_in
from enforcer.usecases.touch import attachments_of
from enforcer.usecases.touching import Touching, about, holders, summary, touching
from enforcer.usecases.world import World

_MOST = 4
"""Replaced versions of a list that are read."""
_NO_LOOK = "no look before that time is known to have included the last change"
VERIFIED, ASSUMED, UNKNOWN = "verified", "assumed", "unknown"


def why_at(world: World, asked: Network, at: datetime) -> WhyView:
    """Orders that touched `asked` at the instant `at`.

    Raises InvalidInput for a time without a zone, or one that is still to come.
    """
    _past(at, world.clock.now())
    with world.database.read() as reader:
        begun = reader.audit.first_instant()
        if begun is None or at < begun:
            return _unknown(asked, at)
        return _Past(reader, world, at, asked).answer()


def _past(at: datetime, now: datetime) -> None:
    if at.utcoffset() is None:
        raise InvalidInput(f"{at.isoformat()} has no time zone: write Z for UTC")
    if at > now:
        raise InvalidInput(
            f"{say_when(at)} is still to come: nobody knows what will be ordered until then;"
            " `enforcer order list --status scheduled` shows what is planned"
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Proof:
    """Whether one device was proved for one order; `period` None: no proofs around."""

    period: Period | None
    sure: bool


class _Past:
    """One instant of the past, in one snapshot of the database."""

    def __init__(self, reader: Reader, world: World, at: datetime, asked: Network) -> None:
        self._reader = reader
        self._asked = asked
        self._at = at
        version = reader.inventories.in_force_at(at)
        known = version is not None
        self._topology: Topology = (
            reader.inventories.content(version) if version is not None else world.topology
        )
        self._digest = self._topology.digest if known else None
        self._owners: Ownership = ownership(self._topology)
        self._lists: dict[str, ListContent | None] = {}
        self._replaced: dict[str, ListContent | None] = {}
        self._imported: dict[str, datetime] = {}
        self._periods: dict[str, Period | None] = {}

    def answer(self) -> WhyView:
        """Everything about the asked prefix."""
        asked = self._asked
        versions = {v.order.number: v for v in self._versions(asked)}
        orders = [v.order for v in versions.values()]
        found = touching(orders, asked, self._topology, self._owners, self._list)
        left = self._left(orders, found, asked)
        shown, sure = [], all(self._surely(one, versions) for one in left)
        for one in found:
            proofs = self._proofs(one, versions[one.order.number])
            sure &= all(proof.sure for proof in proofs.values())
            if not is_over(one.order, self._at):
                shown.append(self._order(one, proofs))
        blocking = [one for one in found if in_force(one.order, self._at)]
        missing = self._unproved(asked, [*found, *left])
        sure = sure and not missing
        return WhyView(
            address=str(asked),
            at=self._at,
            blocked_from=summary(asked, blocking, Key.SOURCE),
            blocked_to=summary(asked, blocking, Key.DESTINATION),
            orders=sorted(shown, key=lambda o: o.since),
            protected=protected_in(self._topology, asked),
            customer=customer_of(self._topology, asked),
            certainty=VERIFIED if sure else ASSUMED,
            tenants=tenants_in(self._topology, asked),
            shared=shared_in(self._topology, asked),
            missing=[] if sure else missing or [_NO_LOOK],
        )

    def _left(
        self, orders: Sequence[Order], found: Sequence[Touching], asked: Network
    ) -> list[Touching]:
        """Orders whose list lost the address so lately that devices may not have followed."""
        met = {one.order.number for one in found}
        rest = [o for o in orders if o.number not in met and isinstance(o.demand, BlockList)]
        rest = [order for order in rest if order.start <= self._at]
        return touching(rest, asked, self._topology, self._owners, self._before(asked))

    def _surely(self, one: Touching, versions: Mapping[int, OrderVersion]) -> bool:
        proofs = self._proofs(one, versions[one.order.number])
        return all(proof.sure for proof in proofs.values())

    def _versions(self, asked: Network) -> Iterable[OrderVersion]:
        """Orders that may touch `asked`, in force then, to come, or just ended."""
        behind = attachments_of(self._topology, asked)
        names = names_around(self._topology, asked, behind)
        span = Span(self._at - LONGEST_GAP, self._at)
        lists = either(self._list, self._before(asked), asked)
        numbers = candidates(self._reader.order_targets, asked, names, lists, span)
        known = list(self._reader.order_versions.at(numbers, self._at))
        yield from (v for v in known if _recent(v.order, self._at))
        missing = set(numbers) - {v.order.number for v in known}
        for order in self._reader.orders.search(numbers=missing, limit=max(len(missing), 1)):
            # From before versions were kept: known as it is now, and proved by nothing.
            if _recent(order, self._at):
                yield OrderVersion(order.changed, order.created, order)

    def _list(self, name: str) -> ListContent | None:
        """What a list held around the asked prefix then."""
        if name not in self._lists:
            versions = self._reader.lists.versions(name)
            then = [v for v in versions if v.imported_at <= self._at]
            self._lists[name] = None
            if then:
                newest = max(then, key=lambda v: v.version)
                self._lists[name] = self._reader.lists.near(name, newest.version, self._asked)
                self._imported[name] = newest.imported_at
        return self._lists[name]

    def _before(self, asked: Network) -> ListOf:
        """What lists held around `asked` shortly before: versions replaced within `LONGEST_GAP`.

        Of many such versions the newest few.
        """

        def get(name: str) -> ListContent | None:
            if name not in self._replaced:
                lately = self._lately_replaced(name)
                parts = [self._reader.lists.near(name, number, asked) for number in lately]
                self._replaced[name] = joined(parts) if parts else None
            return self._replaced[name]

        return get

    def _lately_replaced(self, name: str) -> list[int]:
        known = [v for v in self._reader.lists.versions(name) if v.imported_at <= self._at]
        pairs = itertools.pairwise(sorted(known, key=lambda v: v.version))
        since = self._at - LONGEST_GAP
        return [old.version for old, new in pairs if new.imported_at > since][-_MOST:]

    def _period(self, device: str) -> Period | None:
        """The proofs around the instant, under the inventory of the time."""
        if device not in self._periods:
            found = self._reader.periods.around(device, self._at)
            ours = found is not None and found.inventory == self._digest
            self._periods[device] = found if ours else None
        return self._periods[device]

    def _proofs(self, one: Touching, version: OrderVersion) -> dict[str, _Proof]:
        since = _moved(version, self._at)
        if isinstance(one.order.demand, BlockList):
            since = max(since, self._imported.get(one.order.demand.list_name, since))
        found = {}
        for device in one.asks.devices:
            period = self._period(device)
            sure = period is not None and _includes(period, version.seq, since, self._at)
            found[device] = _Proof(period, sure)
        return found

    def _unproved(self, asked: Network, found: Sequence[Touching]) -> list[str]:
        """Where no proofs surround the instant, of all places that would hold the address."""
        if self._digest is None:
            return ["no inventory was in force then"]
        devices = {name for one in found for name in one.asks.devices}
        devices = devices or holders(asked, self._topology, self._owners)
        if not devices:
            return ["no device was to hold the address"]
        return [
            f"{name} was not proved around that time"
            for name in sorted(devices)
            if self._period(name) is None
        ]

    def _order(self, one: Touching, proofs: dict[str, _Proof]) -> WhyOrder:
        relation, direction, what = about(one)
        order = one.order
        devices = [self._device(order, name, proof) for name, proof in sorted(proofs.items())]
        sure = bool(proofs) and all(proof.sure for proof in proofs.values())
        return WhyOrder(
            id=order.id,
            relation=relation,
            direction=direction,
            what=what,
            status=_status(order, sure, bool(one.asks.withheld), self._at),
            reason=order.reason,
            issuer=order.issuer,
            since=order.start,
            until=order.end,
            devices=devices,
            ticket=order.ticket,
        )

    def _device(self, order: Order, name: str, proof: _Proof) -> DeviceStatus:
        period = proof.period
        if period is None:
            detail = "not proved around that time"
        else:
            span = f"{say_when(period.since)} to {say_when(period.until)}"
            detail = f"found as desired at every look from {span}"
            detail += "" if proof.sure else ", but no look is known to include this order by then"
        return DeviceStatus(
            device=name,
            status=_status(order, proof.sure, False, self._at),
            verified_at=None if period is None else min(period.until, self._at),
            detail=detail,
        )


def _recent(order: Order, at: datetime) -> bool:
    """Not over at `at`, or so lately that the devices may not have followed."""
    return order.ends is None or order.ends > at - LONGEST_GAP


def _moved(version: OrderVersion, at: datetime) -> datetime:
    """The last instant, not after `at`, at which the order began to ask for something else."""
    order = version.order
    turns = [t for t in (version.at, order.start, order.ends) if t is not None and t <= at]
    return max(turns, default=version.at)


def _includes(period: Period, seq: int, since: datetime, at: datetime) -> bool:
    """Whether a look between `since` and `at` is known to have included change `seq`.

    A period begins with a look after something was written; in it looks are never further
    apart than `LONGEST_GAP`.
    """
    return period.seq >= seq and (period.since >= since or at - since >= LONGEST_GAP)


def _status(order: Order, sure: bool, withheld: bool, at: datetime) -> str:
    if order.start > at:
        return str(Status.SCHEDULED)
    if not sure:
        return str(Status.UNVERIFIED)
    return str(Status.PARTIAL if withheld else Status.ENFORCED)


def _unknown(asked: Network, at: datetime) -> WhyView:
    return WhyView(
        address=str(asked),
        at=at,
        blocked_from=UNKNOWN,
        blocked_to=UNKNOWN,
        orders=[],
        certainty=UNKNOWN,
    )
