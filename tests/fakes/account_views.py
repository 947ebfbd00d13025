# SPDX-License-Identifier: GPL-2.0-or-later
"""Views of accounts, logins and tokens."""

from __future__ import annotations

from datetime import timedelta

from enforcer.application.account_views import SessionView, TokenView, UserView
from enforcer.core.access import Role
from tests.fakes.views import NOW


def a_user(role: Role) -> UserView:
    """The account of one role."""
    return UserView(
        name=str(role),
        display=str(role).title(),
        email=f"{role}@example.net",
        roles=[str(role)],
        zone="UTC",
        local=True,
        created=NOW,
        disabled=None,
    )


def a_session(user: str) -> SessionView:
    """A login of that account."""
    return SessionView(
        id=f"session-{user}",
        user=user,
        created=NOW,
        seen=NOW,
        ends=NOW + timedelta(hours=12),
        address="192.0.2.1",
        agent="a browser",
        current=True,
    )


def a_token() -> TokenView:
    """A token of admin's."""
    return TokenView(
        name="enf_1",
        source="api",
        owner="admin",
        roles=["abuse"],
        read_only=False,
        networks=[],
        created=NOW,
        ends=None,
        revoked=None,
        used=None,
    )
