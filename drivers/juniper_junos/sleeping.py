# SPDX-License-Identifier: GPL-2.0-or-later
"""Deactivated statements: they stand in the configuration and do nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from drivers.juniper_junos.model import INACTIVE, Box, Lines, Prefixes, bound, ours
from drivers.juniper_junos.names import (
    FAMILIES,
    ROUTES,
    SHUT,
    Place,
    disable_path,
    list_path,
    record_name,
)


def covers(top: str, path: str) -> bool:
    """Whether `path` is `top` or below it."""
    return path == top or path.startswith(f"{top} ")


def with_sessions(box: Box, inactive: Sequence[str]) -> Box:
    """`box` with all its BGP neighbors, whether deactivated or not."""
    paths = {path for some in box.neighbors.values() for path in some}
    closed = frozenset(path for path in paths if path in inactive)
    above = [top for top in inactive if top not in closed]
    dormant = frozenset(path for path in paths if _covered(path, above))
    return replace(box, sessions=box.neighbors, closed=closed, dormant=dormant)


def shut_by_us(box: Box, path: str) -> bool:
    """Whether what is deactivated is a neighbor that we shut: its filters are still ours."""
    return path in box.closed and record_name(SHUT, path) in box.lists


def without_inactive(box: Box, inactive: Sequence[str]) -> Box:
    """`box` with only what is in force; what is ours and deactivated is marked `INACTIVE`."""
    if not inactive:
        return box
    items = {
        path: (*lines, INACTIVE) if _asleep(path, lines, inactive) else lines
        for path, lines in box.items.items()
    }
    items |= {list_path(n): (INACTIVE,) for n in box.lists if _covered(list_path(n), inactive)}
    routes = {}
    for family, prefixes in box.routes.items():
        asleep = {p for p in prefixes if _touched(f"{ROUTES[family]} {p}", inactive)}
        items |= {f"{ROUTES[family]} {p}": (INACTIVE,) for p in asleep}
        routes[family] = prefixes - asleep
    inert = {name: _inert(name, some, inactive) for name, some in box.lists.items()}
    odd: dict[str, str] = {}
    places = {place: _place(place, ls, inactive, odd) for place, ls in box.places.items()}
    shared = {p.stanza for p, ls in places.items() if set(box.places[p]) - set(ls)}
    return replace(
        box,
        crowded=box.crowded | shared,
        items=items,
        routes=routes,
        lists={name: some - inert[name] for name, some in box.lists.items()},
        inert={name: some for name, some in inert.items() if some},
        places=places,
        chains={path: _chain(path, ls, inactive, odd) for path, ls in box.chains.items()},
        down=frozenset(n for n in box.down if not _covered(disable_path(n), inactive)),
        families=_families(box, inactive),
        neighbors={
            address: kept
            for address, paths in box.neighbors.items()
            if (kept := tuple(p for p in paths if not _covered(p, inactive)))
        },
        odd=odd,
    )


def _asleep(path: str, lines: Lines, inactive: Sequence[str]) -> bool:
    """A filter is judged without its terms, which are items of their own."""
    return _touched(path, inactive) if lines else _covered(path, inactive)


def _covered(path: str, inactive: Iterable[str]) -> bool:
    return any(covers(top, path) for top in inactive)


def _touched(path: str, inactive: Iterable[str]) -> bool:
    """Whether it, something above it or something below it is deactivated."""
    return any(covers(top, path) or covers(path, top) for top in inactive)


def _inert(name: str, members: Prefixes, inactive: Sequence[str]) -> Prefixes:
    path = list_path(name)
    if _covered(path, inactive):
        return members
    return frozenset(m for m in members if f"{path} {m}" in inactive)


def _families(box: Box, inactive: Sequence[str]) -> dict[tuple[str, str], frozenset[int]]:
    found = {}
    for (interface, unit), families in box.families.items():
        top = f"interfaces {interface} unit {unit}"
        if not _covered(top, inactive):
            awake = {f for f in families if not _covered(f"{top} family {FAMILIES[f]}", inactive)}
            found[interface, unit] = frozenset(awake)
    return found


def _place(place: Place, lines: Lines, inactive: Sequence[str], odd: dict[str, str]) -> Lines:
    if _covered(place.stanza, inactive):
        odd[place.path] = f"`{place.stanza}` is deactivated: activate it, or delete what is in it"
        return lines
    kept = []
    for line in lines:
        keyword = f"{place.stanza} {line.split(' ')[0]}"
        if keyword in inactive and any(ours(bound(other)) for other in lines):
            kept.append(line)
            kept.append(INACTIVE)
        elif f"{place.stanza} {line}" in inactive and keyword != f"{place.stanza} {line}":
            odd[place.path] = f"`{place.stanza} {line}` is deactivated: activate or delete it"
        elif keyword not in inactive:
            kept.append(line)
    asleep = INACTIVE in kept
    return (*(line for line in kept if line != INACTIVE), *([INACTIVE] if asleep else []))


def _chain(path: str, lines: Lines, inactive: Sequence[str], odd: dict[str, str]) -> Lines:
    if any(f"{path} {line}" in inactive for line in lines):
        odd[path] = f"a policy in `{path}` is deactivated: activate or delete it"
    if not _covered(path, inactive):
        return lines
    return (*lines, INACTIVE) if any(map(ours, lines)) else ()
