# SPDX-License-Identifier: GPL-2.0-or-later
"""What the database keeps of accounts and tokens in their `body`: JSON, read strictly."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from enforcer.core.access import MachineLimits, Role
from enforcer.errors import StorageError


class Body(BaseModel):
    """Base: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Profile(Body):
    """Of an account. `login`: when it was last logged in."""

    roles: tuple[Role, ...] = ()
    display: str = ""
    email: str = ""
    zone: str = "UTC"
    login: datetime | None = None


class Terms(Body):
    """Of a token: what it may be used for. The limits count for the role detector."""

    roles: tuple[Role, ...] = ()
    read_only: bool = False
    networks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    longest: int = 0
    widest4: int = 32
    widest6: int = 128
    own_space: bool = True
    per_minute: int = 0

    @property
    def machine(self) -> MachineLimits | None:
        """The limits of a detector; None: it is a person's, or a program's with rights."""
        if Role.DETECTOR not in self.roles:
            return None
        return MachineLimits(
            frozenset(self.kinds),
            self.longest,
            self.widest4,
            self.widest6,
            self.own_space,
            self.per_minute,
        )


_Body = TypeVar("_Body", bound=Body)


def read(model: type[_Body], text: str, of: str) -> _Body:
    """The body behind `text`. Raises StorageError that names `of`."""
    try:
        body = _read_before(model, text)
        assert isinstance(body, model)
        return body
    except ValidationError as problem:
        raise StorageError(
            f"what is stored of {of} cannot be read: it was written by a newer version, or the"
            " database is damaged"
        ) from problem


@lru_cache(maxsize=1024)
def _read_before(model: type[Body], text: str) -> Body:
    """The same few are read with every request, and the same text says the same."""
    return model.model_validate_json(text)


def written(body: Body) -> str:
    """The text behind `read`."""
    return body.model_dump_json()
