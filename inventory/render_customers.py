# SPDX-License-Identifier: GPL-2.0-or-later
"""A customer, or a service set, as the inventory's files write it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from enforcer.core.services import format_ports, format_protocol
from enforcer.core.topology import (
    Attachment,
    Contact,
    Customer,
    ServiceEntry,
    ServiceSet,
    Tenant,
)
from inventory.trees import Tree, networks, without_empty


def customer_tree(customer: Customer) -> Tree:
    """The entry of `customer`; the key is its name."""
    return without_empty(
        {
            "prefixes": networks(customer.prefixes),
            "attachments": [_attachment(one) for one in customer.attachments],
            "contacts": _contacts(customer.contacts),
            "tenants": {one.name: _tenant(one) for one in customer.tenants},
        }
    )


def service_set_tree(service_set: ServiceSet) -> Tree:
    """The entry of `service_set`; the key is its name."""
    return {"entries": [_entry(entry) for entry in service_set.entries]}


def _attachment(attachment: Attachment) -> Tree:
    keys = ("device", "interface", "neighbor", "news_site")
    return without_empty({key: getattr(attachment, key) for key in keys})


def _contacts(contacts: Iterable[Contact]) -> list[Tree]:
    return [asdict(contact) for contact in contacts]


def _tenant(tenant: Tenant) -> Tree:
    return without_empty(
        {"prefixes": networks(tenant.prefixes), "contacts": _contacts(tenant.contacts)}
    )


def _entry(entry: ServiceEntry) -> Tree:
    return without_empty(
        {
            "prefixes": networks(entry.prefixes),
            "protocol": None if entry.protocol is None else format_protocol(entry.protocol),
            "ports": format_ports(entry.ports),
        }
    )
