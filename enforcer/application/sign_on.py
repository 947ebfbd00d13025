# SPDX-License-Identifier: GPL-2.0-or-later
"""Single sign-on, as the desk sees it: away to a provider, and back with what it vouches for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to log in. `name` is in addresses, `label` is what people read."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Departure:
    """`location`: where the browser is sent; `secret`: what it keeps meanwhile, in a cookie."""

    location: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom `issuer` vouches for: claims that were checked."""

    issuer: str
    claims: dict[str, object] = field(repr=False)


class SignOn(Protocol):
    """Raises NotFound for a provider that is not configured."""

    def providers(self) -> Sequence[Provider]:
        """What can be chosen from."""
        ...

    def depart(self, provider: str, redirect: str) -> Departure:
        """Begin a login; `redirect` is where the provider sends the browser back to.

        Raises SignOnFailed, where the provider does not answer.
        """
        ...

    def arrive(
        self, provider: str, redirect: str, secret: str, answer: Mapping[str, str]
    ) -> Arrival:
        """End a login: `answer` is the query of that address, `secret` the cookie's.

        Raises SignOnFailed.
        """
        ...
