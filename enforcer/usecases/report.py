# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything about one order or customer as one document, for a dispute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from enforcer.application.record_views import Report
from enforcer.application.views import EventView
from enforcer.core.orders import Order, order_number
from enforcer.core.times import format_when
from enforcer.errors import InvalidInput, NotFound
from enforcer.signing import head_bytes, holds
from enforcer.storage.audit import Which
from enforcer.storage.periods import Period
from enforcer.storage.records import AuditEntry
from enforcer.storage.signatures import SignedHead
from enforcer.storage.unit_of_work import INTENT, Reader
from enforcer.usecases.audit import entry_view, public_keys, verified
from enforcer.usecases.orders_about import orders_about
from enforcer.usecases.present import Presenter, event_view, target_text
from enforcer.usecases.report_page import page
from enforcer.usecases.world import World
from enforcer.wire import order_to_wire

ORDERS_SHOWN = 1_000
_INTENTS_SHOWN = 200
_AFTER = timedelta(hours=1)
"""What was written to devices up to so long after an order's last event may be about it."""

Document = dict[str, Any]


def report(world: World, subject: str) -> Report:
    """See `Application.report`. Raises NotFound for neither an order nor a customer."""
    made_at = world.clock.now()
    presenter = Presenter(world)
    with world.database.read() as reader:
        orders = _orders(world, reader, subject)
        document: Document = {
            "subject": subject,
            "made_at": format_when(made_at),
            "controller": reader.control.identity().controller,
            "orders": [_order(reader, presenter, order, made_at) for order in orders],
            "alarms": _alarms(reader, subject, orders),
            "chain": _chain(world, reader),
        }
        if subject in world.topology.customers:
            document["customer"] = _customer(world, subject)
    return Report(subject=subject, made_at=made_at, html=page(document), document=document)


def _orders(world: World, reader: Reader, subject: str) -> list[Order]:
    """The order with that id, or every order ever about that customer, newest first."""
    number = order_number(subject)
    order = reader.orders.get(number) if number is not None else None
    if order is not None:
        return [order]
    numbers = orders_about(reader, world.topology, subject, ORDERS_SHOWN + 1)
    found = reader.orders.search(numbers=numbers, limit=ORDERS_SHOWN + 1)
    if not found and subject not in world.topology.customers:
        raise NotFound(
            f"{subject!r} is neither an order nor a customer: see `enforcer order list` and"
            " `enforcer customer list`"
        )
    if len(found) > ORDERS_SHOWN:
        raise InvalidInput(
            f"there are more than {ORDERS_SHOWN} orders about {subject}: report them one by one"
        )
    return found


def _order(reader: Reader, presenter: Presenter, order: Order, now: datetime) -> Document:
    view = presenter.order(order)
    entries = reader.audit.page(Which(subject=order.id), limit=None)
    until = min(now, max([order.ends or now, *(entry.at for entry in entries)]) + _AFTER)
    names = sorted(device.device for device in view.devices)
    return {
        "order": view.model_dump(mode="json"),
        "target": target_text(order.demand),
        "versions": [
            {"sequence": v.seq, "at": format_when(v.at), "order": order_to_wire(v.order)}
            for v in reader.order_versions.of(order.number)
        ],
        "history": _evidence(reader, entries),
        "writes": _writes(reader, order, names, until),
        "proofs": _proofs(reader, names, order.start, until),
        "withheld": view.withheld,
        "policy": view.policy,
    }


def _evidence(reader: Reader, entries: Sequence[AuditEntry]) -> list[Document]:
    """Entries with their place in the chain: previous hash, hash, and what was hashed."""
    found = []
    for entry in entries:
        link = reader.audit.link(entry.seq)
        if link is not None:
            found.append(
                {
                    "entry": _event(event_view(entry)),
                    "prev": link.prev.hex(),
                    "hash": link.hash.hex(),
                    "body": link.body.decode(),
                }
            )
    return found


def _writes(reader: Reader, order: Order, devices: list[str], until: datetime) -> list[Document]:
    """What was told to devices while the order was there, where it is said to be about it.

    An intent names the first orders that it was about; those of many orders at once may
    leave this one out, and its proofs then stand alone.
    """
    found: list[Document] = []
    for device in devices:
        which = Which(
            after=order.number - 1, device=device, kinds=(INTENT,), since=order.created, until=until
        )
        for entry in reader.audit.page(which, limit=None):
            named = entry.payload.get("orders")
            if not isinstance(named, Sequence) or order.id not in named:
                continue
            if len(found) == _INTENTS_SHOWN:
                return found
            link = reader.audit.link(entry.seq)
            if link is not None:
                found.append(entry_view(reader, link).model_dump(mode="json"))
    return found


def _proofs(
    reader: Reader, devices: list[str], low: datetime, high: datetime
) -> dict[str, list[dict[str, Any]]]:
    periods: dict[str, list[dict[str, Any]]] = {name: [] for name in devices}
    for period in reader.periods.between(devices, low, max(low, high)):
        periods[period.device].append(_period(period))
    return periods


def _period(period: Period) -> dict[str, Any]:
    return {
        "from": format_when(period.since),
        "until": format_when(period.until),
        "sequence": period.seq,
        "inventory": period.inventory,
    }


def _alarms(reader: Reader, subject: str, orders: Sequence[Order]) -> list[Document]:
    about = {subject, *(order.id for order in orders)}
    kinds = ("alarm.raised", "alarm.cleared")
    found = [
        entry
        for name in sorted(about)
        for entry in reader.audit.page(Which(subject=name, kinds=kinds), limit=None)
    ]
    return [_event(event_view(entry)) for entry in sorted(found, key=lambda entry: entry.seq)]


def _event(view: EventView) -> Document:
    return view.model_dump(mode="json")


def _customer(world: World, name: str) -> Document:
    customer = world.topology.customers[name]
    return {
        "name": name,
        "prefixes": [str(prefix) for prefix in customer.prefixes],
        "tenants": [tenant.name for tenant in customer.tenants],
        "attachments": [
            {
                "device": place.device,
                "interface": place.interface,
                "neighbor": place.neighbor,
                "news_site": place.news_site,
            }
            for place in customer.attachments
        ],
    }


def _chain(world: World, reader: Reader) -> Document:
    """What proves the entries: the verified chain, its head, and the newest signature."""
    check = verified(reader, world.signing_key)
    seq, digest = reader.audit.head()
    newest = reader.signatures.newest()
    return {
        "ok": check.ok,
        "entries": check.entries,
        "first_bad": check.first_bad,
        "why": check.why,
        "head": {"sequence": seq, "hash": digest.hex()},
        "signature": None if newest is None else _signature(world, reader, newest),
    }


def _signature(world: World, reader: Reader, head: SignedHead) -> Document:
    public = public_keys(reader, world.signing_key).get(head.key)
    message = head_bytes(head.seq, head.hash, head.at, head.key)
    return {
        "sequence": head.seq,
        "at": format_when(head.at),
        "hash": head.hash.hex(),
        "key": head.key,
        "public_key": None if public is None else public.hex(),
        "signature": head.signature.hex(),
        "ok": None if public is None else holds(public, head.signature, message),
    }
