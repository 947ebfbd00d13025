# SPDX-License-Identifier: GPL-2.0-or-later
"""What the shell offers for names and ids; nothing, where that cannot be known soon.

A completion must never fail, write, create a database or keep a person waiting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from enforcer.errors import EnforcerError

if TYPE_CHECKING:
    from enforcer.application import Application
    from enforcer.application.actor import Actor

_NEWEST = 50
Offer = tuple[str, str]
"""A word, and what it stands for (shown by shells that can)."""


class Asking(Protocol):
    """What is asked, and who asks; a session is one. Made when first used, which may raise."""

    @property
    def application(self) -> Application:
        """Answers."""
        ...

    @property
    def actor(self) -> Actor:
        """Asks."""
        ...


@dataclass(frozen=True)
class Completion:
    """The object of a command line that is completed.

    `asking_with` makes what is asked, for a settings file or the usual one; what takes longer
    than `patience`, in seconds, offers nothing.
    """

    asking_with: Callable[[Path | None], Asking]
    patience: float


def orders(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of active orders, the newest ones."""

    def ask(session: Asking) -> Iterable[Offer]:
        from enforcer.application.commands import OrderFilter

        wanted = OrderFilter(active=True, limit=_NEWEST)
        for order in session.application.orders(session.actor, wanted):
            yield order.id, f"{order.kind.replace('_', '-')} {order.target}"

    return _offered(ctx, incomplete, ask)


def devices(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of devices."""
    return _offered(
        ctx,
        incomplete,
        lambda session: ((d.name, d.status) for d in session.application.devices(session.actor)),
    )


def customers(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of customers."""
    return _offered(
        ctx,
        incomplete,
        lambda session: (
            (c.name, " ".join(c.prefixes[:2])) for c in session.application.customers(session.actor)
        ),
    )


def lists(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of lists."""
    return _offered(
        ctx,
        incomplete,
        lambda session: (
            (one.name, f"{one.entries} entries") for one in session.application.lists(session.actor)
        ),
    )


def sources(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Names of sources of orders."""
    return _offered(
        ctx,
        incomplete,
        lambda session: (
            (one.name, "stopped" if one.stopped else "")
            for one in session.application.sources(session.actor)
        ),
    )


def proposals(ctx: typer.Context, incomplete: str) -> list[Offer]:
    """Ids of what waits for a second person."""
    return _offered(
        ctx,
        incomplete,
        lambda session: (
            (one.id, f"{one.kind.replace('_', '-')} {one.target}")
            for one in session.application.proposals(session.actor)
        ),
    )


def _offered(
    ctx: typer.Context, incomplete: str, ask: Callable[[Asking], Iterable[Offer]]
) -> list[Offer]:
    found: list[Offer] = []
    completion: Completion = ctx.find_root().obj
    named = ctx.params.get("config") or ctx.find_root().params.get("config")

    def look() -> None:
        with suppress(EnforcerError):
            found.extend(ask(completion.asking_with(Path(named) if named else None)))

    # A thread, because a connection to a database that is away can take minutes to fail.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(completion.patience)
    known = [] if thread.is_alive() else found
    return [(word, what) for word, what in known if word.startswith(incomplete)]
