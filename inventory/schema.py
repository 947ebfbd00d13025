# SPDX-License-Identifier: GPL-2.0-or-later
"""The strict schema of an inventory file. Nothing is converted silently, nothing is ignored."""

from __future__ import annotations

from pydantic import Field

from inventory.customer_schema import (
    AttachmentEntry,
    ContactEntry,
    CustomerEntry,
    ServiceSetEntry,
    ServiceSetMember,
)
from inventory.desk_schema import (
    FeedEntry,
    InfrastructureEntry,
    LimitsEntry,
    PoolEntry,
    ProtectedEntry,
    SettingsEntry,
    SharedEntry,
    SourceEntry,
)
from inventory.device_schema import BEHIND_WORDS, DeviceEntry
from inventory.fields import ListName, Name, SourceName, StrictModel
from inventory.import_schema import ImportEntry


class InventoryFile(StrictModel):
    """One file; every section may be absent, and may be spread over files."""

    settings: SettingsEntry = SettingsEntry()
    imports: list[ImportEntry] = Field(default=[], alias="import")
    devices: dict[Name, DeviceEntry] = {}
    customers: dict[Name, CustomerEntry] = {}
    service_sets: dict[Name, ServiceSetEntry] = {}
    shared: dict[Name, SharedEntry] = {}
    pools: dict[Name, PoolEntry] = {}
    protected: list[ProtectedEntry] = []
    infrastructure: InfrastructureEntry = InfrastructureEntry()
    feeds: dict[ListName, FeedEntry] = {}
    sources: dict[SourceName, SourceEntry] = {}
    limits: LimitsEntry = LimitsEntry()


__all__ = [
    "BEHIND_WORDS",
    "AttachmentEntry",
    "ContactEntry",
    "CustomerEntry",
    "DeviceEntry",
    "InventoryFile",
    "ProtectedEntry",
    "ServiceSetEntry",
    "ServiceSetMember",
    "SettingsEntry",
]
