# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are valid each by itself become one topology, or a list of problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from enforcer.core.protection import merged as each_once
from enforcer.core.protection import with_derived
from enforcer.core.topology import (
    Attachment,
    BrakeLimits,
    Contact,
    Customer,
    DynamicPool,
    Feed,
    ServiceEntry,
    ServiceSet,
    SharedSpace,
    SourceLimits,
    Tenant,
    Topology,
)
from inventory.assemble_devices import device_of
from inventory.checks import check
from inventory.customer_schema import ContactEntry, CustomerEntry, ServiceSetEntry
from inventory.desk_schema import FeedEntry, SourceEntry
from inventory.device_schema import DeviceEntry
from inventory.located import Document
from inventory.merged import Merged, Stated, merge
from inventory.problems import InventoryInvalid
from inventory.schema import InventoryFile


def assemble(files: Iterable[tuple[Document, InventoryFile]]) -> Topology:
    """All files as one topology. Raises InventoryInvalid with every problem found."""
    merged = merge(files)
    problems = [*merged.problems, *check(merged)]
    if problems:
        raise InventoryInvalid(problems)
    return with_derived(_topology(merged))


def _topology(merged: Merged) -> Topology:
    attached = _implied_attachments(merged.devices)
    entries = {n: stated.entry for n, stated in merged.devices.items()}
    space, brake = merged.documentation_space, merged.brake
    return Topology(
        devices={n: device_of(n, stated.entry, entries) for n, stated in merged.devices.items()},
        customers={
            n: _customer(n, stated.entry, attached.get(n, ()))
            for n, stated in merged.customers.items()
        },
        service_sets={n: _service_set(n, s.entry) for n, s in merged.service_sets.items()},
        protected=each_once([*merged.protected, *merged.infrastructure]),
        documentation_space=space is not None and space.entry,
        shared=tuple(
            SharedSpace(n, tuple(s.entry.prefixes), s.entry.kind, tuple(s.entry.users))
            for n, s in merged.shared.items()
        ),
        pools=tuple(
            DynamicPool(n, tuple(s.entry.prefixes), s.entry.lease) for n, s in merged.pools.items()
        ),
        feeds={n: _feed(n, stated) for n, stated in merged.feeds.items()},
        sources={n: _source(n, stated.entry) for n, stated in merged.sources.items()},
        brake=BrakeLimits() if brake is None else BrakeLimits(**brake.entry.model_dump()),
    )


def _implied_attachments(
    devices: Mapping[str, Stated[DeviceEntry]],
) -> dict[str, list[Attachment]]:
    """What has a customer behind it attaches that customer, stated there or not."""
    attached: dict[str, list[Attachment]] = {}
    for name, device in devices.items():
        for interface, entry in device.entry.interfaces.items():
            attached.setdefault(entry.behind, []).append(Attachment(name, interface))
        for neighbor in device.entry.neighbors:
            place = Attachment(name, neighbor=str(neighbor.address))
            attached.setdefault(neighbor.behind, []).append(place)
    return attached


def _customer(name: str, entry: CustomerEntry, implied: Sequence[Attachment]) -> Customer:
    stated = [
        Attachment(
            a.device,
            a.interface or "",
            "" if a.neighbor is None else str(a.neighbor),
            a.news_site or "",
        )
        for a in entry.attachments
    ]
    return Customer(
        name=name,
        prefixes=tuple(entry.prefixes),
        attachments=tuple(dict.fromkeys([*stated, *implied])),
        contacts=_contacts(entry.contacts),
        tenants=tuple(
            Tenant(n, tuple(tenant.prefixes), _contacts(tenant.contacts))
            for n, tenant in entry.tenants.items()
        ),
    )


def _contacts(entries: Iterable[ContactEntry]) -> tuple[Contact, ...]:
    return tuple(Contact(c.name, c.channel, c.address) for c in entries)


def _service_set(name: str, entry: ServiceSetEntry) -> ServiceSet:
    return ServiceSet(
        name,
        tuple(ServiceEntry(tuple(m.prefixes), m.protocol, m.ports) for m in entry.entries),
    )


def _feed(name: str, stated: Stated[FeedEntry]) -> Feed:
    """A path is relative to the file that states it."""
    limits = stated.entry.model_dump()
    source = limits.pop("source")
    if "://" not in source:
        source = str(Path(stated.document.file).absolute().parent / source)
    return Feed(name, source, **limits)


def _source(name: str, entry: SourceEntry) -> SourceLimits:
    return SourceLimits(name, **entry.model_dump())
