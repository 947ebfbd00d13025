# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, logins and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.account_views import NewToken, SessionView, TokenView, UserView
from enforcer.cli.tables.layout import Status, Verbatim, columns, facts, words
from enforcer.cli.words import absolute, both, relative
from enforcer.core.times import format_duration


def users(found: Sequence[UserView], now: datetime) -> RenderableType:
    """One row per account."""
    table = columns("Account", "Status", "Roles", "Last login", fixed=("Status", "Last login"))
    for view in found:
        name = words(view.name, "bold")
        table.add_row(
            name if view.display == view.name else Group(name, words(view.display, "dim")),
            Status("disabled" if view.disabled else "ok"),
            words(", ".join(view.roles) or "none"),
            words(relative(view.seen, now) if view.seen else "never"),
        )
    return table


def user(view: UserView, now: datetime) -> RenderableType:
    """One account."""
    table = facts()
    table.add_row("account", words(view.name, "bold"))
    table.add_row("status", Status("disabled" if view.disabled else "ok"))
    for name, value in (
        ("name", view.display),
        ("mail", view.email or "-"),
        ("roles", ", ".join(view.roles) or "none"),
        ("zone", view.zone),
        ("logs in", "here" if view.local else "by single sign-on"),
        ("created", absolute(view.created)),
        ("last login", both(view.seen, now, "never")),
    ):
        table.add_row(name, words(value))
    return table


def sessions(found: Sequence[SessionView], now: datetime) -> RenderableType:
    """One row per login."""
    table = columns("Login", "From", "Last used", "Ends", fixed=("Login", "Last used", "Ends"))
    for view in found:
        table.add_row(
            words(view.id, "bold"),
            Group(words(view.address), words(view.agent, "dim")),
            words(relative(view.seen, now)),
            words(relative(view.ends, now)),
        )
    return table


def tokens(found: Sequence[TokenView], now: datetime) -> RenderableType:
    """One row per token."""
    table = columns(
        "Token", "Status", "Source", "Roles", "Owner", "Last used", fixed=("Token", "Status")
    )
    for view in found:
        table.add_row(
            words(view.name, "bold"),
            Status(_status(view, now)),
            words(view.source),
            words(", ".join(view.roles) + (" (reads only)" if view.read_only else "")),
            words(view.owner or "-"),
            words(relative(view.used, now) if view.used else "never"),
        )
    return table


def token(view: TokenView, now: datetime) -> RenderableType:
    """One token."""
    table = facts()
    table.add_row("token", words(view.name, "bold"))
    table.add_row("status", Status(_status(view, now)))
    for name, value in (
        ("source", view.source),
        ("owner", view.owner or "nobody"),
        ("roles", ", ".join(view.roles) + (", reads only" if view.read_only else "")),
        ("opens from", ", ".join(view.networks) or "everywhere"),
        ("ends", both(view.ends, now, "never")),
        *_limits(view),
    ):
        table.add_row(name, words(value))
    return table


def new_token(view: NewToken, now: datetime) -> RenderableType:
    """A token that was just made."""
    said = Text("This is shown once: keep it where only the program reads it.", style="yellow")
    return Group(token(view.token, now), Text(), said, Text(), Verbatim([view.secret]))


def _limits(view: TokenView) -> list[tuple[str, str]]:
    if view.kinds is None or view.longest is None:
        return []
    space = "our own and our customers' space" if view.own_space else "any space"
    return [
        ("orders", ", ".join(view.kinds).replace("_", "-") or "of every kind"),
        ("longest", format_duration(timedelta(seconds=view.longest))),
        ("widest", f"/{view.widest4}, IPv6 /{view.widest6}, {space}"),
        ("a minute", f"{view.per_minute}"),
    ]


def _status(view: TokenView, now: datetime) -> str:
    if view.revoked is not None:
        return "revoked"
    return "expired" if view.ends is not None and view.ends <= now else "ok"
