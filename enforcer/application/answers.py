# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers that were given before, by the key that the client chose: a retry is answered again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol


class Turn(Enum):
    """What a key that has no answer yet means for a request."""

    OURS = auto()
    """It is new: do it, then `finish` or `forget`."""
    IN_USE = auto()
    """The first request with it is being worked on."""
    REUSED = auto()
    """It came with another request before."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The first answer."""

    status: int
    body: str


class Answers(Protocol):
    """Kept for a day. `key`: who asked, and the client's key. Raises StorageError."""

    def begin(self, key: str, request: str) -> Answered | Turn:
        """Take a key for a request, of which `request` is a digest."""
        ...

    def finish(self, key: str, answer: Answered) -> None:
        """What was answered."""
        ...

    def forget(self, key: str) -> None:
        """Nothing was done: the next request with it is the first."""
        ...
