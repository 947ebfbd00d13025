# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules as prefix-list entries, AS-path expressions and route-map sequences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from drivers._router.names import OWNER
from drivers._router.target import prefixes
from drivers.frr.model import LISTS, PATHS, Binding, Config, MapEntry, Object, Peer, Policy
from drivers.frr.names import LAST, SHUT
from enforcer.core.intervals import Ranges
from enforcer.core.routes import BITS, RouteEntry, entries, spared
from enforcer.core.rules import Owner, RouteMatch, Rule

CHUNK = 10
"""Entries of one prefix-list: FRR 8.4 takes a list's next entry in a time that grows with the
square of its length (FRR issue 6658); a route-map's next sequence costs a tenth of that."""
NONE = {4: "deny 0.0.0.0/0 le 32", 6: "deny ::/0 le 128"}
"""The only entry of the list of a rule that says nothing: an empty list would match everything."""


FEW = 8
"""Ranges of exceptions that are worked into a rule's entries: 3,000 would make 71,000 of them."""


def texts(rule: Rule, members: Ranges) -> tuple[str, ...]:
    """The entries that `rule` with `members` is, sorted as `enforcer.core.routes.entries`.

    Without its exceptions, where they are `kept` apart.
    """
    if len(spared(rule)) > FEW:
        rule = replace(rule, exempt=())
    found = tuple(entry_text(entry) for entry in entries(rule, members))
    return found or (NONE[rule.family],)


def kept(rule: Rule) -> tuple[str, ...]:
    """Entries of what `rule` does not reject whatever its members are: many exceptions."""
    exempt = spared(rule)
    if len(exempt) <= FEW:
        return ()
    bits = BITS[rule.family]
    return tuple(
        entry_text(RouteEntry(prefix, prefix.prefixlen, bits))
        for prefix in prefixes(rule.family, exempt)
    )


def entry_text(entry: RouteEntry) -> str:
    """One entry, spelt as FRR prints it."""
    own, bits = entry.prefix.prefixlen, BITS[entry.prefix.version]
    text = f"permit {entry.prefix}"
    if entry.shortest > own:
        text += f" ge {entry.shortest}"
    if entry.longest > own:
        text += f" le {min(entry.longest, bits)}"
    return text


def path_text(routes: RouteMatch | None) -> str:
    """The expression that the AS path must match; "" any path will do.

    ``_`` is any delimiter, the beginning or the end, so the last AS may stand in a set.
    """
    origin = None if routes is None else routes.origin
    passes = None if routes is None else routes.passes
    if origin is None:
        return "" if passes is None else f"permit _{passes}_"
    if passes is None or passes == origin:
        return f"permit _{origin}_$"
    return f"permit _{passes}_(.*_)?{origin}_$"


def chunks(wanted: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Entries in lists that are short enough."""
    for at in range(0, len(wanted), CHUNK):
        yield tuple(wanted[at : at + CHUNK])


class Section(NamedTuple):
    """One rule of a route-map: names of prefix-lists, and of an AS-path list or ""."""

    deny: tuple[str, ...]
    path: str = ""
    keep: tuple[str, ...] = ()


def sequences(
    binding: Binding, sections: Iterable[Section], policy: Policy
) -> tuple[MapEntry, ...]:
    """A route-map: what is in a list (and on its path) is denied, the rest is the operator's.

    What a rule keeps goes on behind the rule, to the next one: no ``permit`` but the last ends
    it. `policy`: the operator's own (a ``deny`` of a called route-map denies).
    """
    found: list[MapEntry] = []
    some = sorted(sections, key=lambda section: bool(section.keep))
    for left, section in enumerate(some, 1 - len(some)):
        first = len(found) + 1
        behind = first + len(section.keep) + len(section.deny)
        onward = f"on-match goto {behind if left else LAST}"
        for number, name in enumerate(section.keep, first):
            lines = (*_matches(binding.family, name, ""), onward)
            found.append(MapEntry("permit", number, lines))
        for number, name in enumerate(section.deny, first + len(section.keep)):
            found.append(MapEntry("deny", number, _matches(binding.family, name, section.path)))
    called = (f"call {policy.call}",) if policy.call else ()
    return (*found, MapEntry(policy.action, LAST, (*called, f"description {binding.text}")))


def _matches(family: int, name: str, path: str) -> tuple[str, ...]:
    word = "ip" if family == 4 else "ipv6"
    match = f"match {word} address prefix-list {name}"
    return (f"match as-path {path}", match) if path else (match,)


# -- lines -----------------------------------------------------------------------------------


def list_lines(thing: Object, entries_: Iterable[str]) -> Iterator[str]:
    """The lines that make a list."""
    for number, text in enumerate(entries_, 1):
        yield f"{thing.text} seq {number} {text}"


def map_lines(name: str, entries_: Iterable[MapEntry]) -> Iterator[str]:
    """The lines that make a route-map."""
    for entry in entries_:
        yield f"route-map {name} {entry.action} {entry.number}"
        yield from (f" {line}" for line in entry.lines)


def owner_lines(owner: Owner) -> Iterator[str]:
    """The mark: a route-map that nothing uses."""
    text = f"controller {owner.controller} epoch {owner.epoch}"
    if owner.position:
        text += f" position {owner.position} digest {owner.digest or '-'}"
    yield f"route-map {OWNER} deny {LAST}"
    yield f" description {text}"


def bind_lines(moves: Iterable[tuple[Binding, str, str]]) -> Iterator[str]:
    """(binding, route-map before, after), "" for none: inside ``router bgp``, by family."""
    at = 0
    for binding, before, after in sorted(moves, key=lambda m: (m[0].family, m[0])):
        if at != binding.family:
            if at:
                yield " exit-address-family"
            at = binding.family
            yield f" address-family ipv{at} unicast"
        yield f"  {binding.line(after)}" if after else f"  no {binding.line(before)}"
    if at:
        yield " exit-address-family"


def shut_line(neighbor: str, orders: str) -> str:
    """Shut one session; the other end is told (RFC 9003)."""
    said = f"{SHUT} administratively shut down{f' by order {orders}' if orders else ''}"
    return f" neighbor {neighbor} shutdown message {said[:120]}"


def shut_by_us(peer: Peer) -> bool:
    """Whether it was we who shut it."""
    return peer.shut is not None and peer.shut.split(" ")[0] == SHUT


def path_list(name: str) -> Object:
    """The AS-path list of that name."""
    return Object(PATHS, name)


def prefix_list(family: int, name: str) -> Object:
    """The prefix-list of that name."""
    return Object(LISTS[family], name)


def lines_of(config: Config, thing: Object) -> Iterator[str]:
    """The lines that make an object as it is now."""
    if thing in config.lists:
        yield from list_lines(thing, config.lists[thing])
    elif thing.name in config.maps:
        yield from map_lines(thing.name, config.maps[thing.name])
