# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reading holds: members by rule, sessions that are shut. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drivers._router.known import KnownRules
from drivers._router.target import members
from drivers.bird.model import Box, Protocol
from drivers.bird.names import MESSAGE, digest_of, set_name
from drivers.bird.parse import set_members, shut_in
from enforcer.core.intervals import Ranges
from enforcer.core.rules import NO_END, UNATTRIBUTED, InterfaceMember, Members, Rule
from enforcer.core.sessions import CLOSED


class ReadMembers(Mapping[Rule, Members]):
    """Members by rule: of those rules that BIRD has in force and that are known by then."""

    def __init__(self, box: Box, known: KnownRules) -> None:
        self._box = box
        self._known = known

    def _ranges(self, rule: Rule) -> Ranges:
        name = set_name(rule)
        text = self._box.file.items.get(name)
        if text is None or name not in self._box.proven or not rule.by_route:
            return Ranges.none()
        return set_members(rule, text)

    def __getitem__(self, rule: Rule) -> Members:
        ranges = self._ranges(rule)
        if not len(ranges):
            raise KeyError(rule)
        return members(ranges)

    def __iter__(self) -> Iterator[Rule]:
        for name in self._box.file.items:
            rule = self._known.named(digest_of(name))
            if rule is not None and len(self._ranges(rule)):
                yield rule

    def __len__(self) -> int:
        return sum(1 for _ in self)


def closed(box: Box) -> frozenset[str]:
    """The neighbors whose sessions are down for us: we shut them, or found them so."""
    stated = shut_in(box.file) if box.running is not None else frozenset()
    return frozenset(
        neighbor
        for neighbor, some in box.protocols.items()
        if all(one.down for one in some) and (neighbor in stated or any(map(shut_by_us, some)))
    )


def shut_by_us(protocol: Protocol) -> bool:
    """Whether it is down with a message of ours: only then we may bring it up again."""
    return protocol.down and protocol.message.startswith(MESSAGE)


def sessions(box: Box) -> dict[Rule, tuple[InterfaceMember, ...]]:
    """`closed`, as members."""
    found = tuple(InterfaceMember(n, NO_END, UNATTRIBUTED) for n in sorted(closed(box)))
    return {CLOSED: found} if found else {}
