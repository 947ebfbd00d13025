# SPDX-License-Identifier: GPL-2.0-or-later
"""What a transaction consists of, made when it is first used: most need two or three of thirty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import Connection

_Made_co = TypeVar("_Made_co", covariant=True)


class Part(Generic[_Made_co]):
    """An attribute that `make` makes of its owner, once."""

    def __init__(self, make: Callable[[Any], _Made_co]) -> None:
        self._make = make
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, owner: None, kind: type) -> Part[_Made_co]: ...

    @overload
    def __get__(self, owner: object, kind: type) -> _Made_co: ...

    def __get__(self, owner: object, kind: type) -> Part[_Made_co] | _Made_co:
        if owner is None:
            return self
        made = self._make(owner)
        # Found before this descriptor from now on.
        owner.__dict__[self._name] = made
        return made


def part(kind: Callable[[Connection], _Made_co]) -> Part[_Made_co]:
    """One that is made from the `connection` of its owner."""
    return Part(lambda owner: kind(owner.connection))
