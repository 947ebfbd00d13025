# SPDX-License-Identifier: GPL-2.0-or-later
"""From the columns of one line of a bulk file to what it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from enforcer.cli.targets import Resolver, always, prefix_only, select, service
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    Selection,
    SuspendBy,
    SuspendCustomer,
)
from enforcer.core.prefixes import shown
from enforcer.errors import InvalidInput

Fields = Mapping[str, str]
"""The cells of one line that say something, by column."""

DEFAULT_KIND = "block-address"
WHAT_COLUMNS = ("target", "kind", "direction", "protocol", "port", "from", "to", "by", "news")
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
    for column in WHAT_COLUMNS[2:]:
        if column in fields and column not in wanted:
            raise InvalidInput(f"column '{column}' means nothing for {kind}: leave it empty")
    for column in ("target", "from", "to"):
        if column in wanted and column not in fields:
            raise InvalidInput(f"{kind} needs the column '{column}': fill it in")
    if "direction" in fields:
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


_BY: dict[str, SuspendBy] = {
    "prefixes": "prefixes",
    "interface": "interface",
    "shutdown": "shutdown",
}
_Build = Callable[[Fields, Direction | None, Selection, Resolver], Demand]
_KINDS: dict[str, tuple[_Build, frozenset[str]]] = {
    "block-address": (_address, frozenset({"target", "direction"})),
    "block-port": (_port, frozenset({"target", "direction", "protocol", "port"})),
    "block-flow": (_flow, frozenset({"from", "to", "direction", "protocol", "port"})),
    "block-list": (_list, frozenset({"target", "direction"})),
    "suspend-customer": (_suspend, frozenset({"target", "by"})),
    "cut-feed": (_cut, frozenset({"target", "news"})),
}
