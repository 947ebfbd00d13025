# SPDX-License-Identifier: GPL-2.0-or-later
"""All files of an inventory side by side: each entry with the place where it was stated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from enforcer.core.protection import INFRASTRUCTURE, is_protectable
from enforcer.core.topology import ProtectedPrefix
from inventory.customer_schema import CustomerEntry, ServiceSetEntry
from inventory.desk_schema import (
    BrakeEntry,
    FeedEntry,
    InfrastructureEntry,
    PoolEntry,
    SharedEntry,
    SourceEntry,
)
from inventory.device_schema import DeviceEntry
from inventory.located import Document, YamlPath
from inventory.problems import Problem
from inventory.schema import InventoryFile

Entry = TypeVar("Entry")

DEFAULT_REASONS = {
    "controller": "the controller",
    "ix": "an Internet exchange",
    "aaa": "AAA server",
    "dns": "DNS server",
    "ntp": "time server",
    "syslog": "log server",
    "database": "the controller's database",
    "identity": "identity provider",
}
"""Why infrastructure without a stated reason is protected."""


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
        """``file:line``, or the file alone where it has no lines."""
        line = self.document.line(self.path)
        return f"{self.document.file}:{line}" if line else self.document.file


@dataclass
class Merged:
    """What all files say; `problems`: what two of them say at once."""

    devices: dict[str, Stated[DeviceEntry]] = field(default_factory=dict)
    customers: dict[str, Stated[CustomerEntry]] = field(default_factory=dict)
    service_sets: dict[str, Stated[ServiceSetEntry]] = field(default_factory=dict)
    shared: dict[str, Stated[SharedEntry]] = field(default_factory=dict)
    pools: dict[str, Stated[PoolEntry]] = field(default_factory=dict)
    feeds: dict[str, Stated[FeedEntry]] = field(default_factory=dict)
    sources: dict[str, Stated[SourceEntry]] = field(default_factory=dict)
    protected: list[ProtectedPrefix] = field(default_factory=list)
    infrastructure: list[ProtectedPrefix] = field(default_factory=list)
    documentation_space: Stated[bool] | None = None
    brake: Stated[BrakeEntry] | None = None
    problems: list[Problem] = field(default_factory=list)


def merge(files: Iterable[tuple[Document, InventoryFile]]) -> Merged:
    """All files as one; names that two of them define are problems."""
    merged = Merged()
    for document, content in files:
        _add_named(merged, document, content)
        _add_whole(merged, document, content)
    merged.infrastructure.sort(key=lambda one: INFRASTRUCTURE.index(one.origin))
    return merged


def _add_named(merged: Merged, document: Document, content: InventoryFile) -> None:
    problems = merged.problems
    _add(problems, merged.devices, "devices", content.devices, document)
    _add(problems, merged.customers, "customers", content.customers, document)
    _add(problems, merged.service_sets, "service_sets", content.service_sets, document)
    _add(problems, merged.shared, "shared", content.shared, document)
    _add(problems, merged.pools, "pools", content.pools, document)
    _add(problems, merged.feeds, "feeds", content.feeds, document)
    _add(problems, merged.sources, "sources", content.sources, document)


def _add(
    problems: list[Problem],
    into: dict[str, Stated[Entry]],
    section: str,
    entries: Mapping[str, Entry],
    document: Document,
) -> None:
    for name, entry in entries.items():
        stated = Stated(entry, document, (section, name))
        if name in into:
            problems.append(stated.problem(f"already defined in {into[name].place}"))
        else:
            into[name] = stated


def _add_whole(merged: Merged, document: Document, content: InventoryFile) -> None:
    merged.protected += [ProtectedPrefix(p.prefix, p.reason) for p in content.protected]
    merged.infrastructure += _infrastructure(content.infrastructure)
    if content.settings.documentation_space is not None:
        path = ("settings", "documentation_space")
        space = Stated(content.settings.documentation_space, document, path)
        merged.documentation_space = _only(merged, merged.documentation_space, space)
    if content.limits.brake is not None:
        brake = Stated(content.limits.brake, document, ("limits", "brake"))
        merged.brake = _only(merged, merged.brake, brake)


def _only(merged: Merged, before: Stated[Entry] | None, stated: Stated[Entry]) -> Stated[Entry]:
    """`stated`, which may be stated in one file only."""
    if before is not None:
        merged.problems.append(stated.problem(f"already stated in {before.place}"))
    return stated


def _infrastructure(entry: InfrastructureEntry) -> list[ProtectedPrefix]:
    return [
        ProtectedPrefix(one.prefix, one.reason or DEFAULT_REASONS[origin], origin)
        for origin in INFRASTRUCTURE
        for one in getattr(entry, origin)
        if is_protectable(one.prefix)
    ]
