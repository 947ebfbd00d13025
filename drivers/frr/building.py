# SPDX-License-Identifier: GPL-2.0-or-later
"""One neighbor's filter, from the lists that are there already and new ones. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from drivers.frr.identify import Filter, intact
from drivers.frr.known import Known
from drivers.frr.model import LISTS, MAP, Binding, Config, MapEntry, Object, Policy
from drivers.frr.names import free, list_name, own_of, stamp_of, stamp_of_map
from drivers.frr.render import (
    CHUNK,
    Section,
    chunks,
    list_lines,
    map_lines,
    path_list,
    path_text,
    prefix_list,
    sequences,
)
from enforcer.core.intervals import Ranges
from enforcer.core.rules import Rule

SPARE = 20
"""So many lists more than twice what is needed, and all are made anew."""


@dataclass(frozen=True)
class Built:
    """A filter: its route-map `name`, what must be made for it, and all that it needs.

    `lists`, `entries`: of what is new; an empty `entries` says that the route-map is there.
    """

    binding: Binding
    name: str
    lists: Mapping[Object, tuple[str, ...]]
    entries: tuple[MapEntry, ...]
    needs: frozenset[Object]

    def lines(self) -> Iterator[str]:
        """Its lines. The route-map goes first: with the lists there, each of its sequences would
        take a hundred times as long (FRR 8.4)."""
        yield from map_lines(self.name, self.entries)
        for thing, texts in self.lists.items():
            yield from list_lines(thing, texts)


class Building:
    """Makes filters beside what `config` has; names are never used twice.

    Nor is the name of a route-map that is attached and was deleted: FRR 8.4 keeps the memory of
    the deleted one for its neighbors until ``bgp route-map delay-timer`` is over, unless a
    route-map of that name is made before; then it frees it under them, and dies by it (FRR pull
    request 14017).
    """

    def __init__(self, config: Config, known: Known) -> None:
        self._config = config
        self._known = known
        self._taken: set[str] = {thing.name for thing in config.lists} | config.maps.keys()
        self._taken.update(config.bound.values())
        self._intact: dict[tuple[int, str], list[str]] = {}
        for thing in sorted(config.lists):
            said = list_name(thing.name)
            family = {kind: f for f, kind in LISTS.items()}.get(thing.kind)
            if said is not None and family is not None and intact(config, thing):
                self._intact.setdefault((family, said.digest), []).append(thing.name)

    def filter(
        self, binding: Binding, wanted: Mapping[Rule, Ranges], policy: Policy, old: Filter | None
    ) -> Built:
        """The filter that holds `wanted` at `binding`, and ends as the operator's own does."""
        new: dict[Object, tuple[str, ...]] = {}
        some: list[Section] = []
        for rule in sorted(wanted, key=lambda r: r.digest):
            path = self._path(rule, new)
            rendered = self._known.rendered(rule, wanted[rule])
            deny = self._lists(rule, rendered.texts, old, new)
            keep = self._lists(rule, rendered.kept, old, new) if rendered.kept else []
            some.append(Section(tuple(deny), path, tuple(keep)))
        entries = sequences(binding, some, policy)
        base = f"ENF-{binding.way[0].upper()}{binding.family}-{stamp_of_map(entries)}"
        name = self._same_map(base, policy.own, entries)
        made = () if name else entries
        name = name or self._free(base, f".{policy.own}" if policy.own else "")
        needs = {Object(MAP, name)}
        for section in some:
            names = (*section.deny, *section.keep)
            needs.update(prefix_list(binding.family, one) for one in names)
            needs.update([path_list(section.path)] if section.path else [])
        return Built(binding, name, new, made, frozenset(needs))

    def _same_map(self, base: str, own: str, entries: tuple[MapEntry, ...]) -> str:
        for name, there in self._config.maps.items():
            named = name.startswith(base) and own_of(name) == own
            if named and stamp_of_map(there) == stamp_of_map(entries):
                return name
        return ""

    def _free(self, base: str, end: str = "") -> str:
        name = free(base, self._taken, end)
        self._taken.add(name)
        return name

    def _path(self, rule: Rule, new: dict[Object, tuple[str, ...]]) -> str:
        text = path_text(rule.routes)
        if not text:
            return ""
        base = f"ENF-{rule.digest}-{stamp_of([text])}"
        for thing, there in self._config.lists.items():
            if thing == path_list(thing.name) and thing.name[:-1] == base and there == (text,):
                return thing.name
        name = self._free(base)
        new[path_list(name)] = (text,)
        return name

    def _lists(
        self,
        rule: Rule,
        wanted: tuple[str, ...],
        old: Filter | None,
        new: dict[Object, tuple[str, ...]],
    ) -> list[str]:
        kept = list(self._reusable(rule, frozenset(wanted), old))
        covered = {text for name in kept for text in self._texts(rule, name)}
        rest = [text for text in wanted if text not in covered]
        fewest = -(-len(wanted) // CHUNK)
        if len(kept) + -(-len(rest) // CHUNK) > 2 * fewest + SPARE:
            kept, rest = [], list(wanted)
        return [*kept, *(self._list(rule, texts, new) for texts in chunks(rest))]

    def _texts(self, rule: Rule, name: str) -> tuple[str, ...]:
        return self._config.lists[prefix_list(rule.family, name)]

    def _reusable(self, rule: Rule, wanted: frozenset[str], old: Filter | None) -> Iterator[str]:
        """Lists that are there and hold nothing else, no entry twice; those in use first."""
        used = [] if old is None else [n for p in old.parts for n in p.lists]
        there = self._intact.get((rule.family, rule.digest), [])
        covered: set[str] = set()
        for name in _first(used, there):
            texts = self._texts(rule, name)
            if wanted.issuperset(texts) and covered.isdisjoint(texts):
                covered.update(texts)
                yield name

    def _list(self, rule: Rule, texts: tuple[str, ...], new: dict[Object, tuple[str, ...]]) -> str:
        base = f"ENF-{rule.digest}-{stamp_of(texts)}"
        for name in self._intact.get((rule.family, rule.digest), ()):
            if name[:-1] == base:
                return name
        name = self._free(base)
        new[prefix_list(rule.family, name)] = texts
        return name


def _first(these: Iterable[str], of: Iterable[str]) -> list[str]:
    """`of`, those in `these` first and in their order."""
    some = list(of)
    front = [name for name in dict.fromkeys(these) if name in set(some)]
    return front + [name for name in some if name not in set(front)]
