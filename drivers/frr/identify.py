# SPDX-License-Identifier: GPL-2.0-or-later
"""What of ours is in effect: filters that are attached and are what their names say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from drivers._router.names import OWNER
from drivers._router.target import members
from drivers.frr.known import Known, keeping
from drivers.frr.model import MAP, Binding, Config, MapEntry, Object, binding_of
from drivers.frr.names import (
    LAST,
    list_name,
    map_stamp,
    ours,
    own_of,
    stamp_of,
    stamp_of_map,
)
from drivers.frr.render import path_list, path_text, prefix_list, shut_by_us
from enforcer.core.drift import Finding, FindingKind
from enforcer.core.rules import NO_END, UNATTRIBUTED, InterfaceMember, Members, Rule
from enforcer.core.sessions import CLOSED

_ANOTHER = "was made for another neighbor"


@dataclass(frozen=True)
class Part:
    """What a route-map of ours holds of one rule: the lists, in order, and all their entries.

    `wrong`: what is not as its name says; then the rule is not held.
    """

    digest: str
    lists: tuple[str, ...]
    entries: tuple[str, ...]
    path: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Filter:
    """A route-map of ours that is attached. `wrong`: it is not as we made it."""

    binding: Binding
    name: str
    action: str
    call: str
    parts: tuple[Part, ...] = ()
    wrong: str = ""

    @property
    def own(self) -> str | None:
        """The route-map that the neighbor itself has, "" none; None: it is not known."""
        return None if self.wrong == _ANOTHER else own_of(self.name)

    @property
    def objects(self) -> Iterator[Object]:
        """It, and the lists that it names."""
        yield Object(MAP, self.name)
        for part in self.parts:
            yield from (prefix_list(self.binding.family, name) for name in part.lists)
            if part.path:
                yield path_list(part.path)


def filters(config: Config) -> dict[Binding, Filter]:
    """The filters of ours that are attached to neighbors (not to groups)."""
    return {
        binding: read_filter(config, binding, name)
        for binding, name in config.bound.items()
        if ours(name) and binding.neighbor not in config.groups
    }


def read_filter(config: Config, binding: Binding, name: str) -> Filter:
    """What one route-map of ours holds."""
    entries = config.maps.get(name, ())
    last = entries[-1] if entries else MapEntry("deny", 0)
    action, call = last.action, last.found("call ")
    parts = tuple(_parts(config, binding, entries[:-1]))
    if not entries:
        return Filter(binding, name, "", "", (), "does not exist, so that all is denied")
    if not map_stamp(name) or stamp_of_map(entries) != map_stamp(name) or last.number != LAST:
        return Filter(binding, name, action, call, parts, "was edited")
    if last.found("description ") != binding.text:
        return Filter(binding, name, action, call, parts, _ANOTHER)
    return Filter(binding, name, action, call, parts)


def _parts(config: Config, binding: Binding, entries: Iterable[MapEntry]) -> Iterator[Part]:
    word = "ip" if binding.family == 4 else "ipv6"
    found: dict[str, list[tuple[str, MapEntry]]] = {}
    for entry in entries:
        name = entry.found(f"match {word} address prefix-list ")
        known = list_name(name)
        if known is not None:
            found.setdefault(known.digest, []).append((name, entry))
    for digest, some in found.items():
        lists = tuple(name for name, _ in some)
        texts = tuple(
            keeping(text) if entry.action == "permit" else text
            for name, entry in some
            for text in config.lists.get(prefix_list(binding.family, name), ())
        )
        path = some[-1][1].found("match as-path ")
        yield Part(digest, lists, texts, path, _wrong(config, binding.family, lists, path))


def _wrong(config: Config, family: int, lists: Iterable[str], path: str) -> str:
    things = [prefix_list(family, name) for name in lists]
    things += [path_list(path)] if path else []
    return next((thing.text for thing in things if not intact(config, thing)), "")


def intact(config: Config, thing: Object) -> bool:
    """Whether a list of ours is there, and what its name says."""
    known = list_name(thing.name)
    there = config.lists.get(thing)
    return there is not None and known is not None and stamp_of(there) == known.stamp


@dataclass(frozen=True)
class Seen:
    """What is held. `ghosts`: by filter, digests that nobody here knows."""

    filters: Mapping[Binding, Filter]
    addresses: Mapping[Rule, Members]
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]]
    ghosts: Mapping[Binding, tuple[str, ...]]


def seen(config: Config, known: Known) -> Seen:
    """What is held, by the rules known now."""
    found = filters(config)
    addresses: dict[Rule, Members] = {}
    ghosts: dict[Binding, tuple[str, ...]] = {}
    for binding, filter_ in found.items():
        ghosts[binding] = tuple(_ghosts(filter_, known))
        if not filter_.wrong:
            addresses |= {
                rule: members(known.members(rule, part.entries))
                for part in filter_.parts
                if (rule := _held(config, filter_, part, known)) is not None
            }
    addresses = {rule: rows for rule, rows in addresses.items() if len(rows)}
    return Seen(found, addresses, _closed(config, known), ghosts)


def _ghosts(filter_: Filter, known: Known) -> Iterator[str]:
    for part in filter_.parts:
        rule = known.named(part.digest)
        if rule is None or not rule.by_route or binding_of(rule) != filter_.binding:
            yield part.digest


def _held(config: Config, filter_: Filter, part: Part, known: Known) -> Rule | None:
    rule = known.named(part.digest)
    if rule is None or part.wrong or not rule.by_route or binding_of(rule) != filter_.binding:
        return None
    wanted = path_text(rule.routes)
    there = config.lists.get(path_list(part.path), ()) if part.path else ()
    return rule if there == ((wanted,) if wanted else ()) else None


def _closed(config: Config, known: Known) -> dict[Rule, tuple[InterfaceMember, ...]]:
    """Ours, and those that are wanted shut and that the operator has shut himself."""
    names = [
        name
        for name, peer in sorted(config.peers.items())
        if shut_by_us(peer) or (peer.shut is not None and name in known.closed)
    ]
    some = tuple(InterfaceMember(name, NO_END, UNATTRIBUTED) for name in names)
    return {CLOSED: some} if some else {}


# -- what is wrong ---------------------------------------------------------------------------


def used(config: Config) -> set[Object]:
    """Our objects that something attached needs."""
    found: set[Object] = {Object(MAP, OWNER)}
    for filter_ in filters(config).values():
        found.update(filter_.objects)
    return found


def there(config: Config) -> set[Object]:
    """Our objects."""
    found = {Object(MAP, name) for name in config.maps if ours(name)}
    return found | {thing for thing in config.lists if ours(thing.name)}


def wrongs(config: Config, at: Seen) -> Iterator[tuple[Finding, Binding | Object]]:
    """Structural differences, and what each is about."""
    for thing in sorted(there(config) - used(config)):
        yield Finding(FindingKind.EXTRA, thing.text, "nothing uses it"), thing
    for binding, filter_ in sorted(at.filters.items()):
        yield from _of_filter(config, filter_, at.ghosts[binding])
    for binding, name in sorted(config.bound.items()):
        if ours(name) and binding.neighbor in config.groups:
            detail = "a peer-group must not have a filter of ours"
            yield Finding(FindingKind.EXTRA, binding.line(name), detail), binding


def _of_filter(
    config: Config, filter_: Filter, ghosts: Iterable[str]
) -> Iterator[tuple[Finding, Binding | Object]]:
    binding = filter_.binding
    what = f"route-map {filter_.name}"
    if filter_.wrong:
        yield Finding(FindingKind.ALTERED, what, f"{binding.text}: {filter_.wrong}"), binding
    for part in filter_.parts:
        if part.wrong:
            detail = f"{binding.text}: was edited or emptied"
            yield Finding(FindingKind.ALTERED, part.wrong, detail), binding
    if not filter_.parts and not filter_.wrong:
        yield Finding(FindingKind.EXTRA, what, f"{binding.text}: it rejects nothing"), binding
    for digest in ghosts:
        yield Finding(FindingKind.EXTRA, f"{what} rule {digest}", "nobody ordered it"), binding
    detail = _ending(config, filter_)
    if detail:
        yield Finding(FindingKind.ALTERED, what, f"{binding.text}: {detail}"), binding


def own_route_map(config: Config, binding: Binding) -> str | None:
    """The route-map that the neighbor itself has, or had before ours; "" none.

    None: it is not known, for what is attached was made for another neighbor.
    """
    attached = config.bound.get(binding, "")
    if attached and not ours(attached):
        return attached
    own = read_filter(config, binding, attached).own if attached else ""
    if attached and own is not None:
        return own
    # A filter of ours that somebody took off still says whose it was.
    for name, entries in sorted(config.maps.items()):
        found = own_of(name)
        if found is not None and entries[-1].found("description ") == binding.text:
            return found
    return own


def _ending(config: Config, filter_: Filter) -> str:
    """What is wrong with how a filter ends."""
    own = own_route_map(config, filter_.binding)
    if own is None:
        return "the operator's own route-map there is not known: attach it (or none) by hand"
    due = config.policy(filter_.binding, own)
    theirs = own or config.inherited(filter_.binding)
    if filter_.wrong or (filter_.action, filter_.call) == (due.action, due.call):
        return ""
    if theirs and theirs not in config.maps:
        return f"route-map {theirs} does not exist, so that without ours all would be denied"
    if theirs:
        whose = "the neighbor" if own else "the peer-group"
        return f"calls {filter_.call or 'nothing'}, but {whose} has {theirs} now"
    said = "denies" if due.action == "deny" else "permits"
    return f"must end otherwise: without ours bgpd {said} everything (ebgp-requires-policy)"
