# SPDX-License-Identifier: GPL-2.0-or-later
"""Which members some entries stand for: known to whoever once rendered them. Pure."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from ipaddress import ip_network
from typing import NamedTuple

from drivers._router.known import KnownRules
from drivers.frr.names import stamp_of
from drivers.frr.render import kept, texts
from enforcer.core.intervals import Ranges, merge, rows_of, union
from enforcer.core.rules import Desired, Members, Rule

_MOST = 400_000
"""Entries that are remembered, of old members too."""


class Rendered(NamedTuple):
    """A rule's entries, what it keeps, and the members that they were made of."""

    texts: tuple[str, ...]
    members: Ranges
    kept: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All entries, those that keep marked."""
        return (*self.texts, *map(keeping, self.kept))


class Known(KnownRules):
    """Rules by digest, and by their entries the members of rules."""

    def __init__(self) -> None:
        super().__init__()
        self.generation = 0
        self.closed: frozenset[str] = frozenset()
        self._rendered: OrderedDict[tuple[str, str], Rendered] = OrderedDict()
        self._members: dict[tuple[str, str], Ranges] = {}
        self._entries = 0

    def learn_desired(self, desired: Desired) -> None:
        """Remember rules and members of a desired state, and whose sessions it wants shut."""
        super().learn_desired(desired)
        for rule, members in desired.addresses.items():
            if rule.by_route:
                self.rendered(rule, ranges_of(members))
        self.closed = frozenset(m.name for some in desired.interfaces.values() for m in some)
        self.generation += 1

    def rendered(self, rule: Rule, members: Ranges) -> Rendered:
        """The entries of `rule` with `members` (canonical)."""
        rows = members.first.tobytes() + members.last.tobytes()
        key = rule.digest, hashlib.blake2b(rows, digest_size=16).hexdigest()
        found = self._rendered.get(key)
        if found is None:
            found = Rendered(texts(rule, members), members, kept(rule))
            self._rendered[key] = found
            self._entries += len(found.all)
            self._forget()
        self._rendered.move_to_end(key)
        self._members[rule.digest, content(found.all)] = members
        return found

    def _forget(self) -> None:
        while self._entries > _MOST and len(self._rendered) > 1:
            (digest, _), old = self._rendered.popitem(last=False)
            self._entries -= len(old.all)
            self._members.pop((digest, content(old.all)), None)

    def members(self, rule: Rule, entries: Iterable[str]) -> Ranges:
        """The members that some entries of `rule` stand for.

        Where nobody here rendered them: what the entries are about, which is what differs from
        the members in exceptions and lengths alone.
        """
        some = sorted(entries)
        found = self._members.get((rule.digest, content(some)))
        return _about(some) if found is None else found


def ranges_of(members: Members) -> Ranges:
    """Bare addresses, canonical."""
    return union([Ranges(members.first, members.last)])


def keeping(text: str) -> str:
    """An entry of what is kept, told from those of what is rejected."""
    return f"keep {text}"


def content(entries: Iterable[str]) -> str:
    """A digest of entries in any order."""
    return stamp_of(sorted(entries), 8)


def _about(entries: list[str]) -> Ranges:
    permits = (text.split(" ") for text in entries if text.startswith("permit "))
    networks = (ip_network(words[1]) for words in permits)
    return merge(rows_of(networks))
