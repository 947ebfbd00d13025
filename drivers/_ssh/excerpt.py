# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, short enough to be kept for good: the middle of long answers is left out. Pure."""

from __future__ import annotations

import re
from collections import deque

EDGE = 20_000
"""Characters that are kept of the beginning, and of the end, of one uninterrupted utterance."""

_BEGINS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
_ENDS = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


class _Utterance:
    """What one side said until the other one spoke."""

    def __init__(self, by_us: bool, edge: int) -> None:
        self.by_us = by_us
        self._edge = edge
        self._head = ""
        self._tail = ""
        self._left_out = 0

    def add(self, piece: str) -> None:
        room = max(0, self._edge - len(self._head))
        self._head += piece[:room]
        self._tail += piece[room:]
        if len(self._tail) > 2 * self._edge:
            self._left_out += len(self._tail) - self._edge
            self._tail = self._tail[-self._edge :]

    def size(self) -> int:
        return len(self._head) + len(self._tail)

    def text(self) -> str:
        """Whole lines only: half a line might hold half a secret, which nothing would mask."""
        if not self._left_out:
            return self._head + self._tail
        head = self._head[: self._head.rfind("\n") + 1]
        tail = self._tail.partition("\n")[2]
        begun = [found.start() for found in _BEGINS.finditer(head)]
        if begun and not _ENDS.search(head, begun[-1]):
            head = head[: begun[-1]]
        ended = _ENDS.search(tail)
        if ended is not None and not _BEGINS.search(tail, 0, ended.start()):
            tail = tail[ended.end() :]
        number = self.size() + self._left_out - len(head) - len(tail)
        return f"{head}... {number} characters are left out ...\n{tail}"


class Excerpt:
    """The newest utterances, about `limit` characters of them; each at most thrice `edge`."""

    def __init__(self, limit: int, edge: int = EDGE) -> None:
        self._limit = limit
        self._edge = edge
        self._kept: deque[_Utterance] = deque()
        self._dropped = False

    def add(self, piece: str, by_us: bool) -> None:
        """Remember what we (`by_us`) or the device said."""
        if not self._kept or self._kept[-1].by_us != by_us:
            self._kept.append(_Utterance(by_us, self._edge))
            while len(self._kept) > 1 and sum(one.size() for one in self._kept) > self._limit:
                self._kept.popleft()
                self._dropped = True
        self._kept[-1].add(piece)

    def take(self) -> str:
        """What was said since it was last taken, oldest first; secrets are still in it."""
        text = "".join(one.text() for one in self._kept)
        text = ("...\n" if self._dropped else "") + text
        self._kept.clear()
        self._dropped = False
        return text
