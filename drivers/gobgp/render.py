# SPDX-License-Identifier: GPL-2.0-or-later
"""From rules with their members to announcements. Pure.

Every row of a rule becomes the fewest prefixes that make it up. A prefix is announced once: where
several orders want it, the announcement carries the mark of each and goes wherever any of them
wants it to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, summarize_address_range

from drivers.gobgp.model import NO_EXPORT, Announcement, Large
from enforcer.core.orders import Network
from enforcer.core.rules import Key, Members, Owner, RouteMatch, Rule

Label = tuple[Rule, int]
"""A rule, and the number of an order behind it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How announcements of one device look. `upstreams`: by name what asks for its export."""

    owner: Owner
    next_hops: Mapping[int, str]
    communities: frozenset[int]
    large: frozenset[Large]
    upstreams: Mapping[str, int | Large]
    mark: int

    def announcement(self, prefix: Network, labels: Iterable[Label]) -> Announcement:
        """The one path for `prefix`."""
        wanted = frozenset(labels)
        exports = sorted({name for rule, _ in wanted for name in rule.exports})
        asks = [self.upstreams[name] for name in exports if name in self.upstreams]
        plain = {c for c in asks if isinstance(c, int)} | ({NO_EXPORT} if not exports else set())
        marks = {label(rule, order, self.mark) for rule, order in wanted}
        return Announcement(
            prefix,
            self.next_hops.get(prefix.version, ""),
            self.communities | plain,
            self.large | marks | {c for c in asks if isinstance(c, Large)},
        )

    def canary(self, prefix: Network, exports: tuple[str, ...]) -> Announcement:
        """What goes ahead of announcements with these exports, and looks like them."""
        rule = Rule(prefix.version, Key.BLACKHOLE, exports=exports)
        return self.announcement(prefix, [(rule, 0)])


def label(rule: Rule, order: int, mark: int) -> Large:
    """A rule and an order as a large community: 24 bits of the rule's digest, 40 of the order."""
    return Large(mark, digest_of(rule) << 8 | order >> 32, order & 0xFFFFFFFF)


def digest_of(rule: Rule) -> int:
    """The part of a rule's digest that its announcements carry: their length they show."""
    return int(replace(rule, routes=None).digest[:6], 16)


def of_length(rule: Rule, length: int) -> Rule:
    """The rule that is `rule` but for the length of its announcements."""
    return replace(rule, routes=RouteMatch(length, length))


def layout(shape: Shape, held: Mapping[Rule, Members]) -> dict[Network, Announcement]:
    """All announcements for these members, by prefix."""
    labels: dict[Network, list[Label]] = {}
    for rule in sorted(held, key=lambda r: r.digest):
        for first, last, _, order in held[rule].rows():
            for prefix in _split(rule, prefixes(rule.family, first, last)):
                labels.setdefault(prefix, []).append((rule, order))
    return {p: shape.announcement(p, found) for p, found in labels.items()}


def _split(rule: Rule, found: Iterable[Network]) -> Iterator[Network]:
    """Prefixes of the rule's length, where several beside one another are one row."""
    for network in found:
        if rule.routes is not None and rule.routes.longest > network.prefixlen:
            yield from network.subnets(new_prefix=rule.routes.longest)
        else:
            yield network


def prefixes(family: int, first: int, last: int) -> Iterator[Network]:
    """The fewest prefixes that make up one row: nothing outside it, and never all addresses."""
    if family == 4:
        if first == last:
            yield IPv4Network((first, 32))
        else:
            yield from summarize_address_range(IPv4Address(first), IPv4Address(last))
    elif first == last:
        yield IPv6Network((first, 128))
    else:
        yield from summarize_address_range(IPv6Address(first), IPv6Address(last))
