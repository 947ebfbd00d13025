# SPDX-License-Identifier: GPL-2.0-or-later
"""Which rule a digest on a box stands for.

A box shows a rule's digest and its members; what else the rule says is known to whoever once
asked for it. An object whose rule nobody here knows is a ghost: it is extra, and goes.
"""

from __future__ import annotations

from collections.abc import Iterable

from enforcer.core.rules import Desired, Rule


class KnownRules:
    """Rules by digest; grows by what is desired. Used by several threads: entries only come."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def learn(self, rules: Iterable[Rule]) -> None:
        """Remember these."""
        self._rules.update((rule.digest, rule) for rule in rules)

    def learn_desired(self, desired: Desired) -> None:
        """Remember the rules of a desired state."""
        self.learn((*desired.addresses, *desired.interfaces))

    def rules(self) -> tuple[Rule, ...]:
        """All of them."""
        return tuple(self._rules.values())

    def named(self, digest: str) -> Rule | None:
        """The rule of this digest, if it was ever asked for."""
        return self._rules.get(digest)
