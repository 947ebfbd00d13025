# SPDX-License-Identifier: GPL-2.0-or-later
"""Why is this address blocked? By which orders, where, since when, until when, really?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from enforcer.application.views import WhyOrder, WhyView
from enforcer.control.book import Entry, OrderBook
from enforcer.control.filling import fill
from enforcer.core.intervals import Ranges, inside, rows_of, union
from enforcer.core.naming import rule_text
from enforcer.core.orders import Network, in_force
from enforcer.core.prefixes import parse_network
from enforcer.core.rules import Exempt, Key, Rule
from enforcer.core.topology import Topology
from enforcer.usecases.present import Presenter
from enforcer.usecases.world import World


@dataclass
class _Touch:
    """How one order touches the asked range: by direction, whole or only some traffic."""

    ranges: Ranges
    limits: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)


def why(world: World, address: str) -> WhyView:
    """Orders that touch `address` (or a prefix) now. Raises InvalidInput."""
    asked = parse_network(address)
    now = world.clock.now()
    book = OrderBook(world.topology)
    fill(book, world.database, now)
    presenter = Presenter(world)
    found: list[WhyOrder] = []
    sums = {Key.SOURCE: _Sum(asked), Key.DESTINATION: _Sum(asked)}
    for entry in book.entries():
        touch = _touch(entry, asked)
        if touch is None or (entry.order.ends is not None and entry.order.ends <= now):
            continue
        found.append(_order(presenter, entry, asked, touch))
        if in_force(entry.order, now):
            for key in touch.keys:
                sums[key].add(touch)
    return WhyView(
        address=str(asked),
        at=now,
        blocked_from=sums[Key.SOURCE].word(),
        blocked_to=sums[Key.DESTINATION].word(),
        orders=sorted(found, key=lambda o: o.since),
        protected=_protected(world.topology, asked),
        customer=_customer(world.topology, asked),
    )


class _Sum:
    """all, some, none of the asked range's traffic in one direction."""

    def __init__(self, asked: Network) -> None:
        self._asked = rows_of((asked,))
        self._whole = Ranges.none()
        self._some = False

    def add(self, touch: _Touch) -> None:
        self._some = True
        if not touch.limits:
            self._whole = union((self._whole, touch.ranges))

    def word(self) -> str:
        if not self._some:
            return "none"
        first, last = self._asked.pairs()[0]
        whole = any(low <= first and last <= high for low, high in self._whole.pairs())
        return "all" if whole else "some"


def _touch(entry: Entry, asked: Network) -> _Touch | None:
    region = rows_of((asked,))
    touch = _Touch(Ranges.none())
    for part in entry.asks.parts:
        if part.rule.family != asked.version or part.rule.by_interface:
            continue
        rows = inside(Ranges(part.first, part.last), region).source
        if not len(rows):
            continue
        touch.ranges = union((touch.ranges, Ranges(part.first[rows], part.last[rows])))
        touch.keys.add(part.rule.key)
        limit = limits_of(part.rule)
        if limit:
            touch.limits.add(limit)
    return touch if touch.keys else None


def limits_of(rule: Rule) -> str:
    """What a rule is limited to, for people; "" for everything."""
    words = []
    if rule.service is not None:
        words.append(rule_text(rule))
    if rule.peers is not None:
        words.append(f"with {len(rule.peers)} peer ranges")
    if rule.exempt:
        words.append(f"except {len(rule.exempt)} ranges{_services(rule.exempt)}")
    return ", ".join(words)


def _services(exempt: Sequence[Exempt]) -> str:
    limited = sum(1 for e in exempt if e.protocol is not None)
    return f" ({limited} for one service only)" if limited else ""


def _order(presenter: Presenter, entry: Entry, asked: Network, touch: _Touch) -> WhyOrder:
    view = presenter.order(entry.order, entry.asks)
    return WhyOrder(
        id=view.id,
        relation=_relation(touch.ranges, asked),
        direction=_direction(touch.keys),
        what="; ".join(sorted(touch.limits)) or "all",
        status=view.status,
        reason=view.reason,
        issuer=view.issuer,
        since=view.start,
        until=view.end,
        devices=view.devices,
    )


def _relation(ranges: Ranges, asked: Network) -> str:
    first, last = rows_of((asked,)).pairs()[0]
    for low, high in ranges.pairs():
        if (low, high) == (first, last):
            return "exact"
        if low <= first and last <= high:
            return "covers"
    return "inside"


def _direction(keys: set[Key]) -> str:
    if keys == {Key.SOURCE}:
        return "from"
    return "to" if keys == {Key.DESTINATION} else "both"


def _protected(topology: Topology, asked: Network) -> list[str]:
    return [
        f"{p.prefix}: {p.reason}"
        for p in topology.protected
        if p.prefix.version == asked.version and p.prefix.overlaps(asked)
    ]


def _customer(topology: Topology, asked: Network) -> str | None:
    owners = [
        (prefix.prefixlen, customer.name)
        for customer in topology.customers.values()
        for prefix in customer.prefixes
        if prefix.version == asked.version and prefix.overlaps(asked)
    ]
    return max(owners)[1] if owners else None
