# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that are valid each by itself become one topology, or a list of problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from enforcer.core.orders import Network
from enforcer.core.topology import (
    Attachment,
    Contact,
    Customer,
    Device,
    Interface,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from inventory.located import Document, YamlPath
from inventory.problems import InventoryInvalid, Problem, near
from inventory.schema import (
    BEHIND_WORDS,
    CustomerEntry,
    DeviceEntry,
    InventoryFile,
    ServiceSetEntry,
)

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Stated(Generic[Entry]):
    """An entry and where it was stated."""

    entry: Entry
    document: Document
    path: YamlPath

    def problem(self, message: str, *inside: str | int) -> Problem:
        """A problem at the entry, or at a place inside of it."""
        return self.document.problem((*self.path, *inside), message)

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.document.file}:{self.document.lines.get(self.path, 1)}"


@dataclass
class _Merged:
    devices: dict[str, Stated[DeviceEntry]] = field(default_factory=dict)
    customers: dict[str, Stated[CustomerEntry]] = field(default_factory=dict)
    service_sets: dict[str, Stated[ServiceSetEntry]] = field(default_factory=dict)
    protected: list[ProtectedPrefix] = field(default_factory=list)
    documentation_space: Stated[bool] | None = None
    problems: list[Problem] = field(default_factory=list)


def assemble(files: Iterable[tuple[Document, InventoryFile]]) -> Topology:
    """All files as one topology. Raises InventoryInvalid with every problem found."""
    merged = _Merged()
    for document, content in files:
        _merge(merged, document, content)
    problems = [*merged.problems, *_check(merged)]
    if problems:
        raise InventoryInvalid(problems)
    return _topology(merged)


def _merge(merged: _Merged, document: Document, content: InventoryFile) -> None:
    _add(merged, merged.devices, "devices", content.devices, document)
    _add(merged, merged.customers, "customers", content.customers, document)
    _add(merged, merged.service_sets, "service_sets", content.service_sets, document)
    merged.protected += [ProtectedPrefix(p.prefix, p.reason) for p in content.protected]
    if content.settings.documentation_space is not None:
        path = ("settings", "documentation_space")
        stated = Stated(content.settings.documentation_space, document, path)
        if merged.documentation_space is not None:
            first = merged.documentation_space.place
            merged.problems.append(stated.problem(f"already stated in {first}"))
        merged.documentation_space = stated


def _add(
    merged: _Merged,
    into: dict[str, Stated[Entry]],
    section: str,
    entries: Mapping[str, Entry],
    document: Document,
) -> None:
    for name, entry in entries.items():
        stated = Stated(entry, document, (section, name))
        if name in into:
            merged.problems.append(stated.problem(f"already defined in {into[name].place}"))
        else:
            into[name] = stated


def _check(merged: _Merged) -> Iterator[Problem]:
    for name, device in merged.devices.items():
        yield from _check_behind(name, device, merged)
    for name, customer in merged.customers.items():
        yield from _check_attachments(name, customer, merged)
    yield from _check_ownership(merged.customers)


def _check_behind(name: str, device: Stated[DeviceEntry], merged: _Merged) -> Iterator[Problem]:
    known = [*merged.customers, *BEHIND_WORDS]
    for interface, entry in device.entry.interfaces.items():
        if entry.behind and entry.behind not in known:
            yield device.problem(
                f"no customer '{entry.behind}' behind {name} {interface}{near(entry.behind, known)}"
                f" (a customer's name, or {', '.join(BEHIND_WORDS)})",
                "interfaces",
                interface,
                "behind",
            )


def _check_attachments(
    name: str, customer: Stated[CustomerEntry], merged: _Merged
) -> Iterator[Problem]:
    if name in BEHIND_WORDS:
        yield customer.problem("this name stands for what is not a customer: choose another")
    for i, attachment in enumerate(customer.entry.attachments):
        device = merged.devices.get(attachment.device)
        if device is None:
            hint = near(attachment.device, merged.devices)
            message = f"no device '{attachment.device}'{hint}"
            yield customer.problem(message, "attachments", i, "device")
            continue
        interface = device.entry.interfaces.get(attachment.interface)
        if interface is None:
            hint = near(attachment.interface, device.entry.interfaces)
            message = f"{attachment.device} has no interface '{attachment.interface}'{hint}"
            yield customer.problem(message, "attachments", i, "interface")
        elif interface.behind not in ("", name):
            message = (
                f"{attachment.device} {attachment.interface} says that '{interface.behind}' is"
                " behind it; leave that out where several are"
            )
            yield customer.problem(message, "attachments", i)


def _check_ownership(customers: Mapping[str, Stated[CustomerEntry]]) -> Iterator[Problem]:
    owners: dict[Network, tuple[str, str]] = {}
    for name, customer in customers.items():
        for i, prefix in enumerate(customer.entry.prefixes):
            if prefix.prefixlen == 0:
                yield customer.problem("nobody owns the whole Internet", "prefixes", i)
            elif prefix in owners:
                owner, place = owners[prefix]
                message = (
                    f"{prefix} is given twice"
                    if owner == name
                    else f"{prefix} already belongs to '{owner}' ({place}); one customer owns it"
                )
                yield customer.problem(message, "prefixes", i)
            else:
                owners[prefix] = (name, customer.place)


def _topology(merged: _Merged) -> Topology:
    attached = _implied_attachments(merged.devices)
    return Topology(
        devices={n: _device(n, stated.entry) for n, stated in merged.devices.items()},
        customers={
            n: _customer(n, stated.entry, attached.get(n, ()))
            for n, stated in merged.customers.items()
        },
        service_sets={n: _service_set(n, s.entry) for n, s in merged.service_sets.items()},
        protected=tuple(merged.protected),
        documentation_space=merged.documentation_space is not None
        and merged.documentation_space.entry,
    )


def _implied_attachments(
    devices: Mapping[str, Stated[DeviceEntry]],
) -> dict[str, list[Attachment]]:
    """An interface with a customer behind it attaches that customer, stated there or not."""
    attached: dict[str, list[Attachment]] = {}
    for name, device in devices.items():
        for interface, entry in device.entry.interfaces.items():
            attached.setdefault(entry.behind, []).append(Attachment(name, interface))
    return attached


def _device(name: str, entry: DeviceEntry) -> Device:
    return Device(
        name=name,
        platform=entry.platform,
        site=entry.site,
        roles=frozenset(entry.roles),
        mode=Mode(entry.mode),
        transport=dict(entry.transport),
        interfaces=tuple(Interface(n, i.behind) for n, i in entry.interfaces.items()),
        hooks=frozenset(entry.hooks),
        nat=tuple(entry.nat),
        capacity=entry.capacity,
    )


def _customer(name: str, entry: CustomerEntry, implied: Sequence[Attachment]) -> Customer:
    stated = [Attachment(a.device, a.interface) for a in entry.attachments]
    return Customer(
        name=name,
        prefixes=tuple(entry.prefixes),
        attachments=tuple(dict.fromkeys([*stated, *implied])),
        contacts=tuple(Contact(c.name, c.channel, c.address) for c in entry.contacts),
    )


def _service_set(name: str, entry: ServiceSetEntry) -> ServiceSet:
    return ServiceSet(
        name,
        tuple(ServiceEntry(tuple(m.prefixes), m.protocol, m.ports) for m in entry.entries),
    )
