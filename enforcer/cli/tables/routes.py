# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes: what an order would take of a neighbor's, and what becomes of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.route_views import RouteOrder, RouteSeen, WhyRouteView
from enforcer.application.views import NeighborPreview
from enforcer.cli.tables.layout import Status, columns, facts, indented, words
from enforcer.cli.words import absolute, plain, relative

_CERTAINTY = {
    "partial": "partial: not every device could tell",
    "unknown": "unknown: no device could tell",
}
_STATES = {"not-announced": "not announced"}
_WAYS = {"in": "from", "out": "to"}


def losses(neighbors: Sequence[NeighborPreview]) -> Iterator[RenderableType]:
    """Which routes each neighbor would lose, and what would remain."""
    for one in neighbors:
        yield from _loss(one)
    if neighbors:
        yield Text()


def _loss(one: NeighborPreview) -> Iterator[RenderableType]:
    title = Text(f"routes {_WAYS[one.direction]} {plain(_who(one))}", style="bold")
    title.append(f" on {plain(one.device)}: ", style="bold")
    if one.lost is None or one.remaining is None:
        title.append("unknown", style="yellow")
    else:
        style = "yellow" if one.lost else "dim"
        title.append(f"{one.lost:,} of {one.routes or 0:,} rejected", style=style)
        title.append(f", {one.remaining:,} remain", style="dim")
    yield title
    if one.problem:
        yield indented(f"cannot be read: {one.problem}", "red")
    for word, some, count in (
        ("rejected", one.lost_first, one.lost),
        ("remain", one.remaining_first, one.remaining),
    ):
        for route in some:
            yield indented(f"{word}: {route}")
        more = (count or 0) - len(some)
        if more > 0 and some:
            yield indented(f"{word}: … and {more:,} more", "dim")


def _who(one: NeighborPreview | RouteSeen) -> str:
    names = [name for name in (one.customer, one.name) if name]
    names += [f"AS{one.asn}"] if one.asn else []
    return f"{one.neighbor} ({', '.join(names)})" if names else one.neighbor


def why(view: WhyRouteView, now: datetime) -> RenderableType:
    """Where a route is announced, rejected and used, and which orders say so."""
    table = facts()
    table.add_row("route", words(view.prefix, "bold"))
    if view.customer:
        table.add_row("customer", words(view.customer))
    for device in view.devices:
        if device.in_table is None:
            said = words(f"{device.device}: unknown: {device.problem}", "yellow")
        else:
            said = words(f"{device.device}: {'yes' if device.in_table else 'no'}")
        table.add_row("in the routing table", said)
    if view.certainty in _CERTAINTY:
        table.add_row("certainty", words(_CERTAINTY[view.certainty], "yellow"))
    for protected in view.protected:
        table.add_row("protected", words(protected))
    for order in view.blackholes:
        table.add_row("blackholed by", words(order))
    if not view.seen:
        nothing = Text("no neighbor announces it, and no order would reject it", style="dim")
        return Group(table, Text(), nothing)
    return Group(table, Text(), _sessions(view.seen), *_orders(view.orders, now))


def _sessions(seen: Sequence[RouteSeen]) -> RenderableType:
    table = columns("Device", "Neighbor", "State", "Why", fixed=("State",))
    for one in seen:
        path = f"via {' '.join(map(str, one.path))}" if one.path else ""
        way = "" if one.direction == "in" else "what we send: "
        table.add_row(
            words(one.device),
            words(_who(one)),
            Status(_STATES.get(one.state, one.state)),
            Group(words(way + _reason(one)), *([words(path, "dim")] if path else [])),
        )
    return table


def _reason(one: RouteSeen) -> str:
    orders = ", ".join(one.orders)
    match one.state:
        case "rejected":
            return f"by {orders}" if orders else "by a filter that is not ours"
        case "accepted":
            return f"though {orders} rejects it: not effective there" if orders else ""
        case "shut":
            return "; ".join(filter(None, (f"the session is, by {orders}", _would(one))))
        case _:
            return _would(one)


def _would(one: RouteSeen) -> str:
    if not one.would_reject:
        return ""
    depends = " with some AS paths" if one.depends_on_path else ""
    return f"{', '.join(one.would_reject)} would reject it{depends}"


def _orders(orders: Sequence[RouteOrder], now: datetime) -> Iterator[RenderableType]:
    if not orders:
        return
    yield Text()
    table = columns("ID", "Status", "Order", "Ends", fixed=("ID", "Status", "Ends"))
    for one in orders:
        grounds = " · ".join(filter(None, (one.reason, one.ticket)))
        ends: RenderableType = "open-ended"
        if one.until is not None:
            ends = Group(relative(one.until, now), Text(absolute(one.until), style="dim"))
        table.add_row(
            one.id,
            Status(one.status),
            Group(words(f"{one.kind.replace('_', '-')} {one.target}"), words(grounds, "dim")),
            ends,
        )
    yield table
