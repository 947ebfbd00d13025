# SPDX-License-Identifier: GPL-2.0-or-later
"""Versions of lists that were replaced, and that devices may hold until a pass has followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from enforcer.core.lists import ListContent
from enforcer.core.orders import Network
from enforcer.storage.audit import Which
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.candidates import ListOf, near

_LOOKED_AT = 50
"""Imports that are looked at per list: a device that missed more is said to be not proved."""
_MOST = 4
"""Versions that are read per list, newest first."""


class ReplacedLists:
    """What of the lists' older versions may still stand; `proved`: up to which change devices are.

    Only the entries that overlap `asked` are kept.
    """

    def __init__(self, reader: Reader, asked: Network, proved: Collection[int]) -> None:
        self._reader = reader
        self._asked = asked
        self._proved = proved
        self._imports: dict[str, list[tuple[int, int]]] = {}
        self._read: dict[str, ListContent | None] = {}

    def changed(self, name: str) -> int:
        """The change with which the newest version came; 0: the chain tells of none."""
        return max((seq for seq, _ in self._of(name)), default=0)

    def get(self, name: str) -> ListContent | None:
        """Entries of the versions that some device was proved with last; None: no such."""
        if name not in self._read:
            lists, older = self._reader.lists, self._older(name)
            parts = [lists.near(name, number, self._asked) for number in older]
            self._read[name] = joined(parts) if parts else None
        return self._read[name]

    def _of(self, name: str) -> list[tuple[int, int]]:
        """(change, version) of the imports, newest first."""
        if name not in self._imports:
            which = Which(subject=name, kinds=("list.imported",))
            page = self._reader.audit.page(which, limit=_LOOKED_AT, newest_first=True)
            self._imports[name] = [(e.seq, int(str(e.payload["version"]))) for e in page]
        return self._imports[name]

    def _older(self, name: str) -> list[int]:
        imports = self._of(name)
        if len(imports) < 2 or all(seq >= imports[0][0] for seq in self._proved):
            return []
        numbers = {imports[1][1]}
        for proved in self._proved:
            numbers.update([number for seq, number in imports if seq <= proved][:1])
        numbers.discard(imports[0][1])
        return sorted(numbers, reverse=True)[:_MOST]


def joined(parts: Sequence[ListContent]) -> ListContent:
    """All entries of some contents."""
    columns = [
        np.concatenate(columns)
        for columns in zip(
            *((p.v4_first, p.v4_last, p.v6_first, p.v6_last) for p in parts), strict=True
        )
    ]
    return ListContent(parts[0].version, *columns)


def either(first: ListOf, second: ListOf, asked: Network) -> ListOf:
    """The entries around `asked` of one source of lists and of another."""

    def get(name: str) -> ListContent | None:
        found = [content for content in (first(name), second(name)) if content is not None]
        return joined([near(content, asked) for content in found]) if found else None

    return get
