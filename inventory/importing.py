# SPDX-License-Identifier: GPL-2.0-or-later
"""The section `import`: asks each source, and lays the files' words over what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from enforcer import secrets
from enforcer.clock import Clock
from enforcer.errors import EnforcerError, InvalidInput
from inventory import containerlab, nornir
from inventory.explain import problems_of
from inventory.import_schema import ImportEntry, ImportSection, NetboxEntry
from inventory.imported import Found, Imported, device_entry, unmapped, wanted
from inventory.located import Document, Plain
from inventory.netbox_facts import NetboxAway, NetboxFacts, devices_of, read_cache, write_cache
from inventory.overlay import SECTION, overlay, with_platform
from inventory.problems import InventoryInvalid, Problem

_Raw = dict[str, Plain]


@dataclass(frozen=True)
class _Place:
    """Where an import is stated."""

    document: Document
    at: int

    def problem(self, message: str, *inside: str) -> Problem:
        return self.document.problem((SECTION, self.at, *inside), message)


@dataclass(frozen=True)
class Overlaid:
    """Documents with what was imported in them; `notes` is worth knowing."""

    documents: tuple[Document, ...]
    notes: tuple[str, ...]


def with_imports(documents: Sequence[Document], clock: Clock) -> Overlaid:
    """`documents` and what their imports yield; entries of the same name become one.

    What a file says wins, key by key. Raises InventoryInvalid: an import that is not valid,
    cannot be read, names what another one names, or leaves a device without a platform.
    """
    entries, problems = _entries(documents)
    found: list[tuple[_Place, Imported]] = []
    for place, entry in entries:
        try:
            found.append((place, _read(entry, place, clock)))
        except EnforcerError as error:
            problems.append(place.problem(str(error), entry.kind))
    problems += _named_twice(found)
    if problems:
        raise InventoryInvalid(problems)
    overlaid = overlay(documents, [imported for _, imported in found])
    unknown = list(_without_platform(overlaid, found))
    if unknown:
        raise InventoryInvalid(unknown)
    return Overlaid(overlaid, tuple(note for _, imported in found for note in imported.notes))


def _entries(
    documents: Iterable[Document],
) -> tuple[list[tuple[_Place, ImportEntry]], list[Problem]]:
    entries: list[tuple[_Place, ImportEntry]] = []
    problems: list[Problem] = []
    for document in documents:
        if not isinstance(document.content, dict) or SECTION not in document.content:
            continue
        try:
            section = ImportSection.model_validate({SECTION: document.content[SECTION]})
        except ValidationError as error:
            problems += problems_of(error, document)
            continue
        entries += [(_Place(document, at), entry) for at, entry in enumerate(section.imports)]
    return entries, problems


def _read(entry: ImportEntry, place: _Place, clock: Clock) -> Imported:
    base = Path(place.document.file).absolute().parent
    if entry.netbox is not None:
        return _read_netbox(entry, entry.netbox, base, clock)
    if entry.containerlab is not None:
        path = (base / entry.containerlab).resolve()
        return _imported(str(path), containerlab.read(path), entry)
    path = (base / (entry.nornir or "")).resolve()
    return _imported(str(path), nornir.read(path), entry)


def _imported(origin: str, devices: list[Found], entry: ImportEntry) -> Imported:
    chosen = wanted(devices, entry)
    for name, count in Counter(one.name for one in chosen).items():
        if count > 1:
            raise InvalidInput(f"{origin} has {count} devices '{name}': narrow the import to one")
    for pattern in entry.only:
        if not wanted(devices, entry.model_copy(update={"only": [pattern]})):
            has = ", ".join(one.name for one in devices[:20]) or "none"
            raise InvalidInput(f"{origin} has no device '{pattern}' (it has: {has})")
    return Imported(
        origin,
        {one.name: device_entry(one, entry) for one in chosen},
        unmapped=unmapped(chosen, entry),
    )


def _read_netbox(entry: ImportEntry, netbox: NetboxEntry, base: Path, clock: Clock) -> Imported:
    facts, notes = _facts(netbox, base, clock)
    if not facts.devices and not facts.customers:
        raise InvalidInput(
            f"{netbox.url} has nothing that fits: check what the import selects, and what the"
            " token may read"
        )
    imported = _imported(netbox.url, devices_of(facts), entry)
    customers: dict[str, _Raw] = {
        name: {"prefixes": list(prefixes)} for name, prefixes in facts.customers.items()
    }
    return replace(imported, customers=customers, notes=notes)


def _facts(netbox: NetboxEntry, base: Path, clock: Clock) -> tuple[NetboxFacts, tuple[str, ...]]:
    from inventory.netbox import ask  # pynetbox is slow to import, and most have no NetBox

    token = secrets.read(netbox.token, base)
    cache = base / netbox.cache
    ca = None if netbox.ca is None else str(base / netbox.ca)
    if ca is not None and not Path(ca).is_file():
        raise InvalidInput(f"there is no file {ca} with certificates to trust")
    try:
        facts = ask(netbox, token, ca)
    except NetboxAway as away:
        try:
            kept, age = read_cache(cache, netbox, clock.now())
        except InvalidInput as missing:
            raise InvalidInput(
                f"{away}, and {missing}: load the inventory once while NetBox answers"
            ) from None
        return kept, (f"{away}; its answer {age}, is used",)
    failure = write_cache(cache, netbox, facts, clock.now())
    return facts, (failure,) if failure else ()


def _named_twice(found: Iterable[tuple[_Place, Imported]]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Imported] = {}
    for place, imported in found:
        for section, entries in (("device", imported.devices), ("customer", imported.customers)):
            for name in entries:
                first = seen.setdefault((section, name), imported)
                if first is not imported:
                    message = f"the {section} '{name}' is imported from {first.origin} already"
                    yield place.problem(f"{message}: choose with 'only' which one is wanted")


def _without_platform(
    documents: Iterable[Document], found: Iterable[tuple[_Place, Imported]]
) -> Iterator[Problem]:
    mapped = {name for document in documents for name in with_platform(document)}
    for place, imported in found:
        for name, platform in imported.unmapped.items():
            if name not in mapped:
                yield place.problem(_how_to_map(name, platform), "platforms")


def _how_to_map(name: str, platform: str) -> str:
    if not platform:
        return (
            f"'{name}' has no platform: state one for it in 'devices', leave it out with 'only',"
            ' or map what has none: platforms: {"": PLATFORM}'
        )
    return (
        f"'{name}' has the platform '{platform}', which is not mapped: add"
        f" platforms: {{{platform}: PLATFORM}} to this import ({platform}: null leaves such"
        " devices out)"
    )
