# SPDX-License-Identifier: GPL-2.0-or-later
"""What an import found, in the words of the inventory's files, before it is checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_address

from inventory.import_schema import ImportEntry, fill
from inventory.located import Plain


@dataclass(frozen=True)
class Found:
    """One device of a source. `platform` is the source's word for it; empty: it has none.

    `addresses`: of the management, without a length. `transport`: how it is reached, where
    the import does not say.
    """

    name: str
    platform: str
    longname: str = ""
    site: str = ""
    roles: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    interfaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    transport: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """What one import yields: entries as an inventory file would have them.

    `origin`: for people. `unmapped`: the platforms of devices that `platforms` is silent
    about, by device. `notes`: what is worth knowing though nothing is wrong.
    """

    origin: str
    devices: Mapping[str, dict[str, Plain]]
    customers: Mapping[str, dict[str, Plain]] = field(default_factory=dict)
    unmapped: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def wanted(devices: list[Found], entry: ImportEntry) -> list[Found]:
    """Those that `only` names and whose platform is not mapped to null."""
    return [
        one
        for one in devices
        if (not entry.only or any(fnmatchcase(one.name, pattern) for pattern in entry.only))
        and not (one.platform in entry.platforms and entry.platforms[one.platform] is None)
    ]


def unmapped(devices: list[Found], entry: ImportEntry) -> dict[str, str]:
    """Platforms that `platforms` does not map, by the device's name."""
    return {one.name: one.platform for one in devices if one.platform not in entry.platforms}


def device_entry(found: Found, entry: ImportEntry) -> dict[str, Plain]:
    """`found` as a device's entry; what is not known is left out."""
    transport = found.transport
    if entry.transport is not None:
        values = {
            "name": found.name,
            "longname": found.longname or found.name,
            "address": found.addresses[0] if found.addresses else "",
        }
        transport = {key: fill(template, values) for key, template in entry.transport.items()}
    interfaces: dict[str, Plain] = {
        name: {"addresses": list(addresses)} if addresses else {}
        for name, addresses in found.interfaces.items()
    }
    stated: dict[str, Plain] = {
        "platform": entry.platforms.get(found.platform),
        "site": found.site,
        "roles": list(dict.fromkeys(found.roles)),
        "transport": dict(transport),
        "credentials": entry.credentials,
        "addresses": list(dict.fromkeys(found.addresses)),
        "interfaces": interfaces,
    }
    return {key: value for key, value in stated.items() if value}


def is_address(text: str) -> bool:
    """Whether `text` is an address, rather than a name."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
