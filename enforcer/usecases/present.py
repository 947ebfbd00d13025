# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders and devices as people and programs see them: statuses are derived here, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from enforcer.application.views import DeviceStatus, DeviceView, EventView, OrderView
from enforcer.control.book import Basis, Entry
from enforcer.control.filling import holds_of
from enforcer.core.contributions import Contributions
from enforcer.core.device_control import DeviceControl
from enforcer.core.device_status import DeviceCase, device_status
from enforcer.core.lists import ListContent
from enforcer.core.naming import ranges_text
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    DropRoutes,
    Order,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
    is_over,
)
from enforcer.core.plan import Trait
from enforcer.core.prefixes import format_network
from enforcer.core.proof_sentences import MARKER_WORDS, proof_sentence
from enforcer.core.services import format_ports, format_protocols
from enforcer.core.status import (
    DeviceFacts,
    Kept,
    OrderFacts,
    OrderStatus,
    Withholding,
    status_of,
)
from enforcer.core.topology import Device
from enforcer.errors import EnforcerError
from enforcer.storage.records import AuditEntry
from enforcer.usecases.lingering import Lingering
from enforcer.usecases.remembered import Known
from enforcer.usecases.world import World
from enforcer.wire import demand_to_wire

_SHOWN_WITHHELD = 20


class Presenter:
    """Reads facts once and presents any number of orders against them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._now = world.clock.now()
        self._lists: dict[str, ListContent | None] = {}
        self._sizes: dict[str, int] = {}
        with world.database.read() as reader:
            self._standing = world.in_force_of(reader)
            self._facts = reader.devices.all_facts()
            self._controls = reader.device_controls.all()
            self._holds = holds_of(self._controls, reader.inventories)
        self._basis = Basis(self._standing.topology, self._holds, self._standing.owners)
        self._lingering = Lingering(world.database, self._standing, self._facts)

    def order(self, order: Order, entry: Entry | None = None) -> OrderView:
        """One order with its status everywhere."""
        known = self._known(order, entry)
        facts = self.order_facts(order, known.entry)
        status = status_of(facts, self._facts, self._world.stale_after)
        return OrderView(
            **known.shown,
            status=str(status.status),
            devices=self._devices(facts, status),
            entries=self._entries(order.demand),
        )

    def _known(self, order: Order, entry: Entry | None) -> Known:
        """What does not depend on what became of the order."""
        remembered = self._world.remembered
        known = None if entry or self._basis.older else remembered.of(order, self._standing)
        if known is not None:
            return known
        made = entry or self._basis.entry(order, self._lists_of(order))
        known = Known(order, self._standing, made, _shown(order, made))
        if not entry and not self._basis.older:
            remembered.keep(known)
        return known

    def order_facts(self, order: Order, entry: Entry) -> OrderFacts:
        """The order's side of the status table."""
        digest = self._standing.topology.digest
        holders, withheld = self._holders(order, entry), _withholding(entry.asks)
        kept = {} if is_over(order, self._now) else dict(self._kept(entry))
        return OrderFacts(order, self._now, holders, withheld, digest, kept)

    def _kept(self, entry: Entry) -> Iterator[tuple[str, Kept]]:
        """Where the brake keeps something of an order as the inventory before says."""
        for name, was in entry.held.items():
            if name in was.devices:
                hold, old = self._holds[name]
                wanted = bool(entry.asks.on(name))
                yield name, Kept(old.digest, wanted, hold.why, _withholding(was))

    def _holders(self, order: Order, entry: Entry) -> tuple[str, ...]:
        """The devices that are to hold an order, or that are not proved rid of it yet."""
        known = {*entry.asks.devices, *entry.standing.devices}
        if is_over(order, self._now):
            known.update(self._lingering.devices(order, self._lists_of(order)))
        return tuple(sorted(known))

    def _devices(self, facts: OrderFacts, status: OrderStatus) -> list[DeviceStatus]:
        shown = []
        for name, one in status.devices.items():
            known = self._facts.get(name, DeviceFacts())
            shown.append(
                DeviceStatus(
                    device=name,
                    status=str(one),
                    verified_at=known.verified_at,
                    detail=proof_sentence(name, one, facts, known, self._world.stale_after),
                )
            )
        return shown

    def _lists_of(self, order: Order) -> dict[str, ListContent]:
        if not isinstance(order.demand, BlockList):
            return {}
        content = self._list(order.demand.list_name)
        return {order.demand.list_name: content} if content is not None else {}

    def _list(self, name: str) -> ListContent | None:
        if name not in self._lists:
            with self._world.database.read() as reader:
                self._lists[name] = reader.lists.current(name)
        return self._lists[name]

    def _entries(self, demand: Demand) -> int | None:
        if not isinstance(demand, BlockList):
            return None
        name = demand.list_name
        if name not in self._sizes:
            with self._world.database.read() as reader:
                self._sizes[name] = reader.lists.entries(name)
        return self._sizes[name]

    def device(
        self, device: Device, orders: int | None = None, members: int | None = None
    ) -> DeviceView:
        """One device with what is known of it without asking it.

        `orders`, `members`: how many are to stand on it now; None: not counted.
        """
        facts = self._facts.get(device.name, DeviceFacts())
        control = self._controls.get(device.name, DeviceControl())
        return DeviceView(
            name=device.name,
            platform=device.platform,
            site=device.site,
            roles=sorted(device.roles),
            mode=str(device.mode),
            status=self._device_status(device, facts, control),
            verified_at=facts.verified_at,
            orders=orders,
            members=members,
            error=facts.error or None,
            failing_since=facts.failing_since,
            traits=self._traits(device),
            owner=None,
            leaving=str(device.leaving),
            paused=_paused(control),
            held=_held(device.name, control, facts),
            contested=[f"{c.what}, by {c.writer}" for c in control.contests],
            waiting=facts.waiting or None,
            differing=facts.drift_open,
            held_orders=len(facts.held_orders),
        )

    def _device_status(self, device: Device, facts: DeviceFacts, control: DeviceControl) -> str:
        stale_after = self._world.stale_after
        return device_status(DeviceCase(device, facts, control, self._now, stale_after))

    def _traits(self, device: Device) -> list[str]:
        try:
            traits = self._world.driver_for(device, self._world.evidence.identity()).traits
        except EnforcerError:
            return []
        return sorted(trait.name.lower() for trait in Trait if trait in traits and trait.name)


def _shown(order: Order, entry: Entry) -> dict[str, Any]:
    return {
        "id": order.id,
        "number": order.number,
        "kind": order.demand.kind,
        "target": target_text(order.demand),
        "demand": dict(demand_to_wire(order.demand)),
        "reason": order.reason,
        "ticket": order.ticket,
        "policy": _policy(order),
        "issuer": order.issuer,
        "source": order.source,
        "created": order.created,
        "start": order.start,
        "end": order.end,
        "open_ended": order.end is None,
        "lifted": order.lifted,
        "lift_reason": order.lift_reason,
        "scope": {
            "devices": list(order.scope.devices),
            "roles": list(order.scope.roles),
            "sites": list(order.scope.sites),
        },
        "withheld": _withheld(entry.asks),
    }


def _paused(control: DeviceControl) -> str | None:
    return f"by {control.paused_by}: {control.paused_why}" if control.paused else None


def _held(device: str, control: DeviceControl, facts: DeviceFacts) -> str | None:
    hold = control.hold
    if hold is not None:
        what = "all writes" if hold.all else f"{hold.changes} rows"
        return f"the brake holds {what} until `enforcer device release {device}`: {hold.why}"
    return MARKER_WORDS if facts.marker else None


def event_view(entry: AuditEntry) -> EventView:
    """One audit entry."""
    detail: dict[str, Any] = dict(entry.payload)
    return EventView(
        sequence=entry.seq,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        source=entry.source,
        subject=entry.subject,
        device=entry.device,
        detail=detail,
    )


def _policy(order: Order) -> dict[str, str] | None:
    if order.policy is None:
        return None
    return {
        "pack": order.policy.pack,
        "version": order.policy.version,
        "clause": order.policy.clause,
    }


def _withholding(asks: Contributions) -> Withholding:
    if not asks.withheld:
        return Withholding.NONE
    return Withholding.PART if asks.parts else Withholding.ALL


def _withheld(asks: Contributions) -> list[str]:
    lines = [
        f"{ranges_text(w.family, w.first, w.last)}: {w.reason}"
        for w in asks.withheld[:_SHOWN_WITHHELD]
    ]
    more = len(asks.withheld) - len(lines)
    return [*lines, f"and {more} more"] if more > 0 else lines


def selection_text(selection: Selection) -> str:
    """A selection as one would type it."""
    words: list[str] = [format_network(p) for p in selection.prefixes]
    words += [f"customer:{name}" for name in selection.customers]
    words += [f"service:{name}" for name in selection.service_sets]
    return _joined(words)


def _joined(words: Iterable[str]) -> str:
    return ", ".join(words)


def target_text(demand: Demand) -> str:
    """What an order is about, in one line."""
    match demand:
        case BlockAddress():
            return f"{format_network(demand.prefix)} {demand.direction}"
        case BlockPort():
            return f"{selection_text(demand.target)} {demand.direction} {_service(demand)}"
        case BlockFlow():
            ends = f"{selection_text(demand.source)} -> {selection_text(demand.destination)}"
            return f"{ends} {demand.direction} {_service(demand)}".rstrip()
        case BlockList():
            return f"list {demand.list_name} {demand.direction}"
        case SuspendCustomer():
            return f"customer {demand.customer} by {demand.by}"
        case CutFeed():
            return f"customer {demand.customer} news feed"
        case Blackhole():
            told = f", exported to {_joined(demand.exports)}" if demand.exports else ""
            return f"{format_network(demand.prefix)} {demand.direction}{told}"
        case DropRoutes():
            return f"{_routes_text(demand)} {_way(demand)} {sessions_text(demand.sessions)}"
        case ShutdownSession():
            return f"sessions with {sessions_text(demand.sessions)}"


def _way(demand: DropRoutes) -> str:
    return "from" if demand.direction == "in" else "to"


def sessions_text(sessions: Sessions) -> str:
    """Whom the sessions are with, in the words that the command line takes."""
    words = [f"customer:{name}" for name in sessions.customers]
    words += [f"AS{asn}" for asn in sessions.asns]
    words += map(str, sessions.neighbors)
    return _joined(words) or "everybody outside"


_SHOWN_ROUTES = 3


def _routes_text(demand: DropRoutes) -> str:
    """Which routes: the first few prefixes, and how many there are."""
    text = {"unregistered": "all but registered routes", "every": "routes"}.get(demand.choice, "")
    if demand.choice == "listed":
        text = _joined(format_network(p) for p in demand.prefixes[:_SHOWN_ROUTES])
        more = len(demand.prefixes) - _SHOWN_ROUTES
        text += f" and {more:,} more" if more > 0 else ""
        text += " or longer" if demand.or_longer else ""
    for word, asn in (("originated by", demand.origin_as), ("through", demand.path_as)):
        text += f" {word} AS{asn}" if asn is not None else ""
    for family, length in ((4, demand.longer_than4), (6, demand.longer_than6)):
        text += f" longer than /{length} (IPv{family})" if length is not None else ""
    return text


def _service(demand: BlockPort | BlockFlow) -> str:
    protocols = format_protocols(demand.protocols) if demand.protocols else ""
    ports = f" {format_ports(demand.ports)}" if demand.ports else ""
    return f"{protocols}{ports}"
