# SPDX-License-Identifier: GPL-2.0-or-later
"""What was imported goes below what the files say: a file wins, key by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from inventory.imported import Imported
from inventory.located import Document, Plain

SECTION = "import"
_Raw = dict[str, Plain]


def overlay(documents: Iterable[Document], found: Sequence[Imported]) -> tuple[Document, ...]:
    """Imported entries go below what the files say of them; the rest into documents of its own."""
    devices = {name: entry for one in found for name, entry in one.devices.items()}
    customers = {name: entry for one in found for name, entry in one.customers.items()}
    overlaid: list[Document] = []
    stated: dict[str, set[str]] = {"devices": set(), "customers": set()}
    for document in documents:
        if not isinstance(document.content, dict):
            overlaid.append(document)
            continue
        content = {key: value for key, value in document.content.items() if key != SECTION}
        for section, imported in (("devices", devices), ("customers", customers)):
            entries = content.get(section)
            if isinstance(entries, dict):
                stated[section] |= set(entries)
                content[section] = _completed(entries, imported)
        overlaid.append(replace(document, content=content))
    return (*overlaid, *(_rest(one, stated) for one in found))


def _completed(entries: Mapping[str, Plain], imported: Mapping[str, _Raw]) -> _Raw:
    return {
        name: _over(imported[name], entry)
        if name in imported and isinstance(entry, dict)
        else entry
        for name, entry in entries.items()
    }


def _over(below: Plain, above: Plain) -> Plain:
    """`above`, and what only `below` says; mappings key by key, everything else as a whole."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    joined = {
        key: _over(below[key], value) if key in below else value for key, value in above.items()
    }
    return joined | {key: value for key, value in below.items() if key not in above}


def _rest(imported: Imported, stated: Mapping[str, set[str]]) -> Document:
    sections = {"devices": imported.devices, "customers": imported.customers}
    content: _Raw = {
        section: {name: entry for name, entry in entries.items() if name not in stated[section]}
        for section, entries in sections.items()
    }
    return Document(imported.origin, content, {(): 0}, ())


def with_platform(document: Document) -> list[str]:
    """Names of the devices that state one, or have one by an import."""
    content = document.content if isinstance(document.content, dict) else {}
    devices = content.get("devices")
    if not isinstance(devices, dict):
        return []
    return [
        name for name, entry in devices.items() if isinstance(entry, dict) and "platform" in entry
    ]
