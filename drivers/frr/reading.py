# SPDX-License-Identifier: GPL-2.0-or-later
"""An actual state from what was read. Pure.

What stands is found anew each time it is asked: whose a list is may be learnt after the reading.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from drivers.frr.identify import Seen, seen
from drivers.frr.known import Known
from drivers.frr.model import Binding, Native
from enforcer.core.rules import Actual, Rule

Value = TypeVar("Value")
SAVED = 500
"""Entries of ours that are saved. At a start FRR 8.4 reads lists before route-maps, in a time
that grows with their square: 500 take a second, 2,000 six, 10,000 keep BGP down for minutes."""
_ENTRY = re.compile(r"^ip(?:v6)? prefix-list ENF-\S+ seq ", re.M)
_SHUT = re.compile(r"^ (?:no )?neighbor (\S+) shutdown")


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


def ours_in(text: str) -> int:
    """How many entries of lists of ours a configuration has."""
    return len(_ENTRY.findall(text))


def others_of(text: str, moves: Iterable[tuple[Binding, str, str]], written: Iterable[str]) -> str:
    """The fingerprint token of what is not ours, without what `moves` attach and detach and the
    sessions that `written` shuts or opens."""
    about = {binding.line(name) for binding, *names in moves for name in names}
    found = (_SHUT.match(line) for line in written)
    shut = {f"neighbor {one[1]} shutdown" for one in found if one is not None}
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        words = line.strip()
        if not line.startswith(" ") and words != "exit":
            inside = " ENF-" in line
        if inside or " ENF-" in line or words in about or words in ("!", ""):
            continue
        if not any(words.startswith(start) for start in shut):
            kept.append(line)
    return token_of("\n".join(kept))
