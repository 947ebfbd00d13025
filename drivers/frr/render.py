# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules as prefix-list entries, AS-path expressions and route-map sequences. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drivers._router.names import OWNER
from drivers.frr.model import LISTS, PATHS, Binding, Config, MapEntry, Object, Peer
from drivers.frr.names import LAST, SHUT
from enforcer.core.intervals import Ranges
from enforcer.core.routes import BITS, RouteEntry, entries
from enforcer.core.rules import Owner, RouteMatch, Rule

CHUNK = 10
"""Entries of one prefix-list: FRR 8.4 takes a list's next entry in a time that grows with the
square of its length (FRR issue 6658); a route-map's next sequence costs a tenth of that."""
NONE = {4: "deny 0.0.0.0/0 le 32", 6: "deny ::/0 le 128"}
"""The only entry of the list of a rule that says nothing: an empty list would match everything."""


def texts(rule: Rule, members: Ranges) -> tuple[str, ...]:
    """The entries that `rule` with `members` is, sorted as `enforcer.core.routes.entries`."""
    found = tuple(entry_text(entry) for entry in entries(rule, members))
    return found or (NONE[rule.family],)


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


def sequences(
    binding: Binding, lists: Iterable[tuple[str, str]], call: str
) -> tuple[MapEntry, ...]:
    """A route-map: what is in a list (and on its path) is denied, the rest is the operator's.

    `lists`: names of a prefix-list and of an AS-path list or ""; `call`: the operator's own
    route-map or "" (a ``deny`` of a called one denies).
    """
    found = [
        MapEntry("deny", number, _matches(binding.family, name, path))
        for number, (name, path) in enumerate(lists, 1)
    ]
    called = (f"call {call}",) if call else ()
    return (*found, MapEntry("permit", LAST, (*called, f"description {binding.text}")))


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
