# SPDX-License-Identifier: GPL-2.0-or-later
"""What we take from a NetBox, and its copy on disk for when NetBox is away."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from enforcer.core.times import format_duration, format_when
from enforcer.errors import EnforcerError, InvalidInput
from inventory.import_schema import NetboxEntry
from inventory.imported import Found

CACHE_VERSION = 1


class NetboxAway(EnforcerError):
    """No usable answer; a later question may get one."""


class NetboxRefused(EnforcerError):
    """An answer that another question will not change: rights, address, certificate."""


class NetboxDevice(BaseModel):
    """A device. `addresses`: the primary ones; `interfaces`: addresses with their length."""

    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    platform: str
    site: str
    role: str
    addresses: list[str]
    interfaces: dict[str, list[str]]


class NetboxFacts(BaseModel):
    """Devices, and the prefixes of each customer."""

    model_config = ConfigDict(strict=True, extra="forbid")

    devices: list[NetboxDevice]
    customers: dict[str, list[str]]


class _Cache(BaseModel):
    """What is on disk. `selection`: what was asked of which NetBox; `taken`: when."""

    model_config = ConfigDict(extra="forbid")

    version: int
    selection: dict[str, str | list[str]]
    taken: AwareDatetime
    facts: NetboxFacts


def write_cache(file: Path, entry: NetboxEntry, facts: NetboxFacts, now: datetime) -> str:
    """Keep `facts`, all or nothing; why that was impossible, or nothing."""
    cache = _Cache(version=CACHE_VERSION, selection=_selection(entry), taken=now, facts=facts)
    try:
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=file.parent, prefix=f".{file.name}.", delete=False
        ) as beside:
            beside.write(cache.model_dump_json(indent=1) + "\n")
        Path(beside.name).chmod(0o644)
        os.replace(beside.name, file)  # noqa: PTH105 - the name of a file that was just made
    except OSError as error:
        return f"the cache {file} cannot be written: {error.strerror}"
    return ""


def read_cache(file: Path, entry: NetboxEntry, now: datetime) -> tuple[NetboxFacts, str]:
    """What was kept, and how old it is, in words.

    Raises InvalidInput: none there, damaged, or made for another question.
    """
    try:
        cache = _Cache.model_validate_json(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInput(f"there is no cache {file} yet") from None
    except OSError as error:
        raise InvalidInput(f"the cache {file} cannot be read: {error.strerror}") from None
    except (ValidationError, UnicodeDecodeError):
        raise InvalidInput(f"the cache {file} is damaged") from None
    if cache.version != CACHE_VERSION or cache.selection != _selection(entry):
        raise InvalidInput(f"the cache {file} was made for another import")
    age = max(now - cache.taken, timedelta(0))
    return cache.facts, f"of {format_when(cache.taken)}, {format_duration(age)} old"


def devices_of(facts: NetboxFacts) -> list[Found]:
    """The devices as every import has them."""
    return [
        Found(
            name=one.name,
            platform=one.platform,
            site=one.site,
            roles=(one.role,) if one.role else (),
            addresses=tuple(one.addresses),
            interfaces={name: tuple(found) for name, found in one.interfaces.items()},
            transport={"host": one.addresses[0]} if one.addresses else {},
        )
        for one in facts.devices
    ]


def _selection(entry: NetboxEntry) -> dict[str, str | list[str]]:
    keys: Sequence[str] = ("url", "roles", "sites", "tags", "statuses", "tenant_groups")
    return {key: getattr(entry, key) for key in keys}
