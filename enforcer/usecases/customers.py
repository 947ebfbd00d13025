# SPDX-License-Identifier: GPL-2.0-or-later
"""Customers: show them, let one that left go, let an old attachment go."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import chain

from enforcer.application.actor import Actor
from enforcer.application.commands import MoveAttachment
from enforcer.application.desk_views import CustomerView
from enforcer.application.views import OrderView
from enforcer.control.book import Entry, OrderBook
from enforcer.control.filling import fill
from enforcer.control.settling import Settling
from enforcer.core.contributions import Contributions
from enforcer.core.inventory_change import confirm_gone as without_customer
from enforcer.core.inventory_change import remaining_places, with_move
from enforcer.core.inventory_differences import place_text
from enforcer.core.orders import is_over
from enforcer.core.prefixes import format_network
from enforcer.core.topology import Attachment, Contact, Customer, Leaving, Topology
from enforcer.errors import InvalidInput, NotFound
from enforcer.storage.records import Note
from enforcer.usecases.in_force import InForce
from enforcer.usecases.inventory_edits import change_in_force
from enforcer.usecases.inventory_effects import effects
from enforcer.usecases.present import Presenter
from enforcer.usecases.reasons import need_reason
from enforcer.usecases.touch import attachments_of, touches
from enforcer.usecases.world import World
from enforcer.wire import JSONValue


def customers(world: World) -> list[CustomerView]:
    """See `Application.customers`."""
    topology = world.topology
    return [_view(topology, customer, ()) for _, customer in sorted(topology.customers.items())]


def customer(world: World, name: str) -> CustomerView:
    """See `Application.customer`. Raises NotFound."""
    standing = world.in_force()
    found = _existing(standing.topology, name)
    return _view(standing.topology, found, _orders(world, standing, found))


def confirm_gone(world: World, actor: Actor, name: str, reason: str) -> CustomerView:
    """See `Application.customer_confirm_gone`; the answer is the customer as it was.

    Raises NotFound, and InvalidInput for one that the files still state.
    """
    need_reason(reason, "letting a customer go needs a reason")
    standing = world.in_force()
    view = customer(world, name)
    note = Note("customer.confirmed-gone", _loss(world, standing, name, reason), subject=name)
    change_in_force(world, actor, note, lambda topology: _without(topology, name))
    return view


def _without(topology: Topology, name: str) -> Topology:
    found = _existing(topology, name)
    if found.leaving is not Leaving.GONE:
        raise InvalidInput(
            f"customer {name} is in the inventory's files: take it out of them and reload first"
        )
    return without_customer(topology, name)


def _loss(world: World, standing: InForce, name: str, reason: str) -> dict[str, JSONValue]:
    """How much stands only because of the customer, for the audit entry."""
    before = standing.topology
    with world.database.read() as reader:
        controls = reader.device_controls.all()
    found = effects(world, before, _without(before, name), controls)
    moved: dict[str, JSONValue] = {
        effect.device: {"adds": effect.view().adds, "removes": effect.view().removes}
        for effect in found
    }
    prefixes = [format_network(p) for p in before.customers[name].prefixes]
    return {"reason": reason, "prefixes": [*prefixes], "devices": moved}


def move(world: World, actor: Actor, command: MoveAttachment) -> CustomerView:
    """See `Application.attachment_move`.

    Raises NotFound; InvalidInput for an attachment that the files still state, or that has
    no other place beside it.
    """
    need_reason(command.reason, "letting an attachment go needs a reason")
    name = command.customer
    payload: dict[str, JSONValue] = {
        "device": command.device,
        "place": command.place,
        "reason": command.reason,
    }
    note = Note("attachment.draining", payload, name, command.device)
    change_in_force(world, actor, note, lambda topology: _moved(topology, command))
    if not world.led():
        Settling(world.database, world.clock).look()
    return customer(world, name)


def _moved(topology: Topology, command: MoveAttachment) -> Topology:
    found = _existing(topology, command.customer)
    attachment = _attachment(found, command)
    if attachment.leaving is Leaving.DRAINING:
        return topology
    if attachment.leaving is Leaving.NO:
        raise InvalidInput(
            f"{place_text(attachment)} is in the inventory's files as a place of {found.name}:"
            " state the new place instead of it and reload first"
        )
    after = with_move(topology, found.name, attachment)
    if not remaining_places(after, found.name):
        raise InvalidInput(
            f"{found.name} would be connected nowhere: state its new place and reload first"
        )
    return after


def _attachment(found: Customer, command: MoveAttachment) -> Attachment:
    for attachment in found.attachments:
        places = (attachment.interface, attachment.neighbor, attachment.news_site)
        if attachment.device == command.device and command.place in filter(None, places):
            return attachment
        if attachment.device == command.device and not command.place and not any(places):
            return attachment
    known = ", ".join(map(place_text, found.attachments)) or "nowhere"
    raise NotFound(
        f"{found.name} has no attachment {command.device} {command.place}: it is at {known}"
    )


def _existing(topology: Topology, name: str) -> Customer:
    found = topology.customers.get(name)
    if found is None:
        close = get_close_matches(name, topology.customers, 1)
        hint = f"did you mean {close[0]!r}?" if close else "see `enforcer customer list`"
        raise NotFound(f"no customer {name!r}: {hint}")
    return found


def _orders(world: World, standing: InForce, found: Customer) -> list[OrderView]:
    """Orders in force or to come that name it, or that touch its prefixes or places."""
    topology, now = standing.topology, world.clock.now()
    book = OrderBook(topology)
    fill(book, world.database, now)
    with world.database.read() as reader:
        named = {o.number for o in reader.orders.search(customer=found.name, limit=10_000)}
    presenter = Presenter(world)
    asked = [(prefix, attachments_of(topology, prefix)) for prefix in found.prefixes]
    views = [
        presenter.order(entry.order, entry)
        for entry in book.entries()
        if not is_over(entry.order, now)
        and (
            entry.order.number in named
            or any(touches(asks, p, behind) for asks in _both(entry) for p, behind in asked)
        )
    ]
    return sorted(views, key=lambda view: view.number, reverse=True)


def _both(entry: Entry) -> tuple[Contributions, Contributions]:
    """What it asks for, and what counts where the brake holds a device."""
    return entry.asks, entry.standing


def _view(topology: Topology, found: Customer, orders: Iterable[OrderView]) -> CustomerView:
    own = found.prefixes
    shared = [
        f"{space.name}: {', '.join(map(format_network, space.prefixes))} ({space.kind})"
        for space in topology.shared
        if found.name in space.users
        or any(p.version == q.version and p.overlaps(q) for p in space.prefixes for q in own)
    ]
    return CustomerView(
        name=found.name,
        prefixes=[format_network(prefix) for prefix in own],
        attachments=[_marked(attachment) for attachment in found.attachments],
        tenants=[
            f"{tenant.name}: {', '.join(map(format_network, tenant.prefixes))}"
            for tenant in found.tenants
        ],
        contacts=[_contact(c) for c in chain(found.contacts, *(t.contacts for t in found.tenants))],
        leaving=str(found.leaving),
        shared=shared,
        orders=list(orders),
    )


def _marked(attachment: Attachment) -> str:
    text = place_text(attachment)
    return f"{text} ({attachment.leaving})" if attachment.leaving else text


def _contact(contact: Contact) -> str:
    return f"{contact.name} {contact.channel} {contact.address}".strip()
