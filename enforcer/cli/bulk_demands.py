# SPDX-License-Identifier: GPL-2.0-or-later
"""From the columns of one line of a bulk file to what it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal

from enforcer.cli.sessions import parse_asn, sessions
from enforcer.cli.targets import Resolver, always, prefix_only, select, service
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    DropRoutes,
    RouteChoice,
    Selection,
    Sessions,
    ShutdownSession,
    SuspendBy,
    SuspendCustomer,
)
from enforcer.core.prefixes import parse_network, shown
from enforcer.errors import InvalidInput

Fields = Mapping[str, str]
"""The cells of one line that say something, by column."""

DEFAULT_KIND = "block-address"
_SESSION_COLUMNS = frozenset({"customer", "asn", "neighbor"})
_ROUTE_COLUMNS = frozenset(
    {"choice", "or_longer", "origin_as", "path_as", "longer_than", "longer_than6"}
)
WHAT_COLUMNS = (
    *("target", "kind", "direction", "protocol", "port", "from", "to", "by", "news", "export"),
    *sorted(_SESSION_COLUMNS),
    *sorted(_ROUTE_COLUMNS),
)
_SEVERAL = re.compile(r"[;\s]+")


def demand_of(
    fields: Fields, direction: Direction | None, spared: Selection, name: Resolver
) -> Demand:
    """What the columns `WHAT_COLUMNS` ask for.

    `direction` is for lines that say none, `spared` are the exceptions, `name` says what a
    bare name in ``from`` and ``to`` is. Raises InvalidInput; a column that means nothing for
    this kind is an error, because whoever wrote it meant something.
    """
    kind = fields.get("kind", DEFAULT_KIND).replace("_", "-").lower()
    if kind not in _KINDS:
        raise InvalidInput(f"'{shown(kind)}' is no kind of order: use {', '.join(_KINDS)}")
    build, wanted = _KINDS[kind]
    for column in WHAT_COLUMNS:
        if column in fields and column not in wanted | {"kind"}:
            raise InvalidInput(f"column '{column}' means nothing for {kind}: leave it empty")
    for column in ("target", "from", "to"):
        if column in wanted and column not in fields and build is not _routes:
            raise InvalidInput(f"{kind} needs the column '{column}': fill it in")
    if "direction" in fields and build is not _routes:
        direction = _direction(fields["direction"])
    return build(fields, direction, spared, name)


def several(cell: str) -> list[str]:
    """The values of a cell: separated by ``;`` or spaces."""
    return [part for part in _SEVERAL.split(cell) if part]


def _direction(text: str) -> Direction:
    if text.lower() not in list(Direction):
        raise InvalidInput(f"'{shown(text)}' is no direction: use {', '.join(Direction)}")
    return Direction(text.lower())


def _address(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    prefix = prefix_only(f["target"])
    return BlockAddress(prefix, direction or Direction.BOTH, exceptions=spared)


def _port(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    protocols, ports = service(several(f.get("protocol", "tcp")), several(f.get("port", "")))
    target = select(several(f["target"]), always("customer"))
    return BlockPort(target, protocols, ports, direction or Direction.FROM, exceptions=spared)


def _flow(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    protocols, ports = service(several(f.get("protocol", "")), several(f.get("port", "")))
    source, destination = (select(several(f[end]), name) for end in ("from", "to"))
    way = direction or Direction.FROM
    return BlockFlow(source, destination, protocols, ports, way, exceptions=spared)


def _list(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    return BlockList(f["target"], direction or Direction.BOTH, exceptions=spared)


def _suspend(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    stated = f.get("by", "prefixes").lower()
    if stated not in _BY:
        raise InvalidInput(f"'{shown(stated)}' identifies no customer: use {', '.join(_BY)}")
    return SuspendCustomer(f["target"], spared, _BY[stated])


def _cut(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    return CutFeed(f["target"], f.get("news", "news"), exceptions=spared)


def _sessions(f: Fields) -> Sessions:
    """With nobody named they are all of the devices in the order's scope; core refuses none."""
    customers, asns, neighbors = (several(f.get(c, "")) for c in ("customer", "asn", "neighbor"))
    return sessions(customers, asns, neighbors, scoped=True)


def _routes(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    prefixes = tuple(dict.fromkeys(map(parse_network, several(f.get("target", "")))))
    choice = f.get("choice", "listed").lower()
    if choice not in _CHOICES:
        raise InvalidInput(f"'{shown(choice)}' is no choice of routes: use {', '.join(_CHOICES)}")
    way = f.get("direction", "in").lower()
    if way not in _WAYS:
        raise InvalidInput(f"'{shown(way)}' is no direction of routes: use in or out")
    return DropRoutes(
        _sessions(f),
        prefixes,
        _CHOICES[choice],
        truth(f.get("or_longer", "no"), "or_longer"),
        parse_asn(f["origin_as"]) if "origin_as" in f else None,
        parse_asn(f["path_as"]) if "path_as" in f else None,
        _length(f, "longer_than", 31),
        _length(f, "longer_than6", 127),
        _WAYS[way],
        exceptions=spared,
    )


def _length(f: Fields, column: str, longest: int) -> int | None:
    text = f.get(column)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= longest):
        raise InvalidInput(f"column '{column}' says '{shown(text)}': write 0 to {longest}")
    return int(text)


def _blackhole(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    exports = tuple(several(f.get("export", "")))
    return Blackhole(
        prefix_only(f["target"]), direction or Direction.TO, exports, exceptions=spared
    )


def _shutdown(f: Fields, direction: Direction | None, spared: Selection, name: Resolver) -> Demand:
    return ShutdownSession(_sessions(f), exceptions=spared)


def truth(text: str, column: str) -> bool:
    """Whether a cell says yes. Raises InvalidInput for what is neither yes nor no."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise InvalidInput(f"column '{column}' says '{shown(text)}': write yes or no")


_TRUE, _FALSE = ("true", "yes", "1", "x"), ("false", "no", "0")
_CHOICES: dict[str, RouteChoice] = {
    "listed": "listed",
    "unregistered": "unregistered",
    "every": "every",
}
_WAYS: dict[str, Literal["in", "out"]] = {"in": "in", "out": "out"}
_BY: dict[str, SuspendBy] = {
    "prefixes": "prefixes",
    "interface": "interface",
    "shutdown": "shutdown",
    "session": "session",
}
_Build = Callable[[Fields, Direction | None, Selection, Resolver], Demand]
_KINDS: dict[str, tuple[_Build, frozenset[str]]] = {
    "block-address": (_address, frozenset({"target", "direction"})),
    "block-port": (_port, frozenset({"target", "direction", "protocol", "port"})),
    "block-flow": (_flow, frozenset({"from", "to", "direction", "protocol", "port"})),
    "block-list": (_list, frozenset({"target", "direction"})),
    "suspend-customer": (_suspend, frozenset({"target", "by"})),
    "cut-feed": (_cut, frozenset({"target", "news"})),
    "drop-routes": (
        _routes,
        frozenset({"target", "direction", *_SESSION_COLUMNS, *_ROUTE_COLUMNS}),
    ),
    "blackhole": (_blackhole, frozenset({"target", "direction", "export"})),
    "shutdown-session": (_shutdown, _SESSION_COLUMNS),
}
