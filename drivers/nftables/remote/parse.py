# SPDX-License-Identifier: GPL-2.0-or-later
"""What `nft -j -nn list table inet enforcer` says, as a `Listing`. Pure; unknown shapes are errors.

The shapes are those of libnftables-json(5), as nft 1.0.6 and 1.1 print them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from drivers.nftables.names import MARK, TABLE
from drivers.nftables.parse import MARK_TEXT
from drivers.nftables.remote.model import (
    Chain,
    Element,
    Json,
    Listing,
    SetDefinition,
    Span,
    Structure,
    member_set,
)
from drivers.nftables.remote.render import canonical
from enforcer.core.rules import HOLD_MARKER, Owner

Made = TypeVar("Made")
_MISSHAPEN = (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError)


class Unreadable(Exception):
    """Not what nft prints; the message says what was found instead."""


def guarded(make: Callable[[], Made]) -> Made:
    """What `make` returns; anything that does not have the expected shape is `Unreadable`."""
    try:
        return make()
    except _MISSHAPEN as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from None


def objects(text: bytes) -> list[Json]:
    """The objects of one JSON document of nft. Raises Unreadable."""
    return guarded(lambda: _objects(text))


def _objects(text: bytes) -> list[Json]:
    listed = json.loads(text)["nftables"]
    if not isinstance(listed, list) or not listed or "metainfo" not in listed[0]:
        raise ValueError("no list of objects that begins with metainfo")
    found = listed[1:]
    if not all(isinstance(entry, dict) and len(entry) == 1 for entry in found):
        raise ValueError("an entry that is no object")
    return found


def held(tables: bytes) -> bool:
    """Whether a table of any family is called as the marker; from `nft -j list tables`."""
    return any(name == HOLD_MARKER for _, name in _named(tables))


def exists(tables: bytes) -> bool:
    """Whether our table is there."""
    return ("inet", TABLE) in _named(tables)


def _named(tables: bytes) -> list[tuple[str, str]]:
    return guarded(lambda: [(t["table"]["family"], t["table"]["name"]) for t in objects(tables)])


def listing(text: bytes | None, hold: bool) -> Listing:
    """The table; `text` None: there is none. Raises Unreadable."""
    if text is None:
        return Listing(False, Structure(), {}, None, f"none {hold}", hold)
    return guarded(lambda: _listing(objects(text), hold))


def _listing(found: Iterable[Json], hold: bool) -> Listing:
    chains: dict[str, Chain] = {}
    lines: dict[str, list[str]] = {}
    sets: dict[str, SetDefinition] = {}
    elements: dict[str, tuple[Element, ...]] = {}
    other: set[str] = set()
    for entry in found:
        ((kind, body),) = entry.items()
        if kind == "table":
            other |= {f"flag {flag}" for flag in _listed(body.get("flags", ()))}
        elif kind == "chain":
            chains[body["name"]] = _chain(body)
        elif kind == "rule":
            lines.setdefault(body["chain"], []).append(canonical(body["expr"]))
        elif kind == "set":
            sets[body["name"]] = _definition(body)
            elements[body["name"]] = tuple(_element(e) for e in body.get("elem", ()))
        else:
            other.add(f"{kind} {body['name']}")
    chains = {
        name: Chain(c.hook, c.priority, c.policy, tuple(lines.pop(name, ())))
        for name, c in chains.items()
    }
    if lines:
        raise ValueError(f"rules of chains that are not listed: {', '.join(lines)}")
    fixed = {n: _spans(e) for n, e in elements.items() if n != MARK and member_set(n) is None}
    members = {n: e for n, e in elements.items() if member_set(n) is not None}
    structure = Structure(chains, sets, fixed, frozenset(other))
    owner = _owner(elements.get(MARK, ()))
    return Listing(True, structure, members, owner, _digest(structure, members, owner, hold), hold)


def _listed(value: object) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]  # ValueError if not


def _chain(body: Json) -> Chain:
    if "hook" not in body:
        return Chain()
    return Chain(body["hook"], int(body["prio"]), body["policy"])


def _definition(body: Json) -> SetDefinition:
    kind = body["type"]
    flags = set(_listed(body.get("flags", ())))
    statements = tuple(next(iter(s)) for s in body.get("stmt", ()))
    told = kind if isinstance(kind, str) else json.dumps(kind)
    extra = sorted(flags - {"interval"}) + sorted(body.keys() & {"timeout", "size", "policy"})
    if extra:
        told += f" {' '.join(extra)}"
    return SetDefinition(told, "interval" in flags, statements)


def _element(entry: object) -> Element:
    body: Mapping[str, Any] = {"val": entry}
    if isinstance(entry, dict) and "elem" in entry:
        body = entry["elem"]
    counter = body.get("counter", {})
    comment = body.get("comment", "")
    if not isinstance(comment, str):
        raise ValueError(f"a comment that is no text: {comment!r}")
    packets, octets = int(counter.get("packets", 0)), int(counter.get("bytes", 0))
    return Element(_key(body["val"]), comment, packets, octets)


def _key(value: object) -> Span | str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _address_or_name(value)
    if isinstance(value, dict) and "prefix" in value:
        prefix = value["prefix"]
        network = ip_network(f"{prefix['addr']}/{int(prefix['len'])}")
        return int(network.network_address), int(network.broadcast_address)
    if isinstance(value, dict) and "range" in value:
        first, last = (ip_address(end) for end in value["range"])
        if first.version != last.version or int(first) > int(last):
            raise ValueError(f"a range that is none: {value!r}")
        return int(first), int(last)
    raise ValueError(f"an element that is no address, range or name: {value!r}")


def _address_or_name(text: str) -> Span | str:
    try:
        address = int(ip_address(text))
    except ValueError:
        return text
    return address, address


def _spans(elements: Iterable[Element]) -> frozenset[Span]:
    return frozenset(e.key for e in elements if not isinstance(e.key, str))


def _owner(elements: tuple[Element, ...]) -> Owner | None:
    if len(elements) != 1:
        return None
    found = MARK_TEXT.fullmatch(elements[0].comment)
    if found is None:
        return None
    controller, epoch, position, digest = found.groups()
    return Owner(controller, int(epoch), int(position or 0), digest or "")


def _digest(
    structure: Structure,
    members: Mapping[str, tuple[Element, ...]],
    owner: Owner | None,
    hold: bool,
) -> str:
    """Equal where nothing differs but counts and the order in which a hash lists its elements."""
    told = hashlib.blake2b(digest_size=16)
    for name, chain in sorted(structure.chains.items()):
        told.update(repr((name, chain)).encode())
    for name, made in sorted(structure.sets.items()):
        told.update(repr((name, made, sorted(structure.fixed.get(name, ())))).encode())
    for name, some in sorted(members.items()):
        told.update(repr((name, sorted((str(e.key), e.comment) for e in some))).encode())
    mark = owner and (owner.controller, owner.epoch, owner.position, owner.digest)
    told.update(repr((sorted(structure.other), mark, hold)).encode())
    return told.hexdigest()
