# SPDX-License-Identifier: GPL-2.0-or-later
"""The members of a reading, by the rules that are known when they are asked for.

A box names its rules by digest alone. A process that begins anew reads before it knows which
rules are desired; what it read is understood as soon as it does. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from drivers._router.known import KnownRules
from drivers.cisco_ios.ground import Layout
from drivers.cisco_ios.identify import Seen, seen
from drivers.cisco_ios.model import Box
from enforcer.core.rules import InterfaceMember, Members, Rule

Value = TypeVar("Value")


class Known(KnownRules):
    """Rules by digest. `generation`: moves when one comes that was not known."""

    def __init__(self) -> None:
        super().__init__()
        self.generation = 0

    def learn(self, rules: Iterable[Rule]) -> None:
        """Remember these."""
        new = [rule for rule in rules if self.named(rule.digest) is None]
        super().learn(new)
        self.generation += bool(new)


class Live(Mapping[Rule, Value]):
    """A mapping that is found anew each time it is asked."""

    def __init__(self, find: Callable[[], Mapping[Rule, Value]]) -> None:
        self._find = find

    def __getitem__(self, rule: Rule) -> Value:
        return self._find()[rule]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._find())

    def __len__(self) -> int:
        return len(self._find())


class Standing:
    """What stands on one box as read."""

    def __init__(self, box: Box, layout: Layout, known: Known) -> None:
        self._box = box
        self._layout = layout
        self._known = known
        self._at = -1
        self._seen: Seen | None = None

    @property
    def seen(self) -> Seen:
        """All that is ours, by the rules known now."""
        if self._seen is None or self._at != self._known.generation:
            self._at = self._known.generation
            self._seen = seen(self._box, self._layout, self._known)
        return self._seen

    @property
    def addresses(self) -> Mapping[Rule, Members]:
        """See `Actual.addresses`."""
        return Live(lambda: self.seen.addresses)

    @property
    def interfaces(self) -> Mapping[Rule, tuple[InterfaceMember, ...]]:
        """See `Actual.interfaces`."""
        return Live(lambda: self.seen.interfaces)
