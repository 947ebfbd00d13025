# SPDX-License-Identifier: GPL-2.0-or-later
"""What a reading holds, by the rules that are known when it is looked at. Pure.

The box names a rule by its digest. A process that begins anew reads before it knows any rule, and
learns those that are wanted only then: what it has read must not be nobody's for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

from drivers._router.known import KnownRules
from enforcer.core.rules import Rule

Some = TypeVar("Some")


class Recognised(Mapping[Rule, Some], Generic[Some]):
    """Per rule what `made` finds, made again only where more of `digests` are known by now."""

    def __init__(
        self, digests: frozenset[str], known: KnownRules, made: Callable[[], dict[Rule, Some]]
    ) -> None:
        self._digests = digests
        self._known = known
        self._made = made
        self._seen: tuple[frozenset[str], dict[Rule, Some]] | None = None

    def _now(self) -> dict[Rule, Some]:
        named = frozenset(d for d in self._digests if self._known.named(d) is not None)
        if self._seen is None or self._seen[0] != named:
            self._seen = (named, self._made())
        return self._seen[1]

    def __getitem__(self, rule: Rule) -> Some:
        return self._now()[rule]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())
