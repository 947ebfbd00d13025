# SPDX-License-Identifier: GPL-2.0-or-later
"""An actual state from what was read. Pure.

What stands is found anew each time it is asked: whose a list is may be learnt after the reading.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from drivers.frr.identify import Seen, seen
from drivers.frr.known import Known
from drivers.frr.model import Native
from enforcer.core.rules import Actual, Rule

Value = TypeVar("Value")


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
    """What stands, by the rules known now."""

    def __init__(self, native: Native, known: Known) -> None:
        self._native = native
        self._known = known
        self._at = -1
        self._seen: Seen | None = None

    @property
    def seen(self) -> Seen:
        """All that is ours."""
        if self._seen is None or self._at != self._known.generation:
            self._at = self._known.generation
            self._seen = seen(self._native.config, self._known)
        return self._seen


def reading(device: str, native: Native, known: Known, at: datetime, token: str) -> Actual:
    """What one device holds of ours."""
    standing = Standing(native, known)
    return Actual(
        device,
        at,
        native.config.owner,
        Live(lambda: standing.seen.addresses),
        Live(lambda: standing.seen.interfaces),
        native,
        False,
        token,
        native.config.hold,
    )


def token_of(text: str) -> str:
    """The fingerprint token of a running configuration."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
