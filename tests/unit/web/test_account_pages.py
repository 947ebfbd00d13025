# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, tokens and one's own account at the desk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from structlog.testing import capture_logs

from enforcer.application.account_views import CreateToken, CreateUser, NewToken, UserView
from enforcer.application.actor import Actor
from enforcer.core.access import Role
from enforcer.errors import Forbidden, InvalidInput
from enforcer.web.accounts import ROLES
from tests.fakes.services import PASSWORD, FakeAccounts
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


class Watched(FakeAccounts):
    """What is made is kept; `refuses` is raised instead."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[CreateUser | CreateToken] = []
        self.refuses: InvalidInput | Forbidden | None = None

    def create_user(self, actor: Actor, command: CreateUser) -> UserView:
        """As told."""
        self._refuse()
        self.made.append(command)
        return super().create_user(actor, command)

    def create_token(self, actor: Actor, command: CreateToken) -> NewToken:
        """As told."""
        self._refuse()
        self.made.append(command)
        return super().create_token(actor, command)

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """As told."""
        self._refuse()
        super().change_password(actor, old, new)

    def set_zone(self, actor: Actor, zone: str) -> UserView:
        """As told."""
        self._refuse()
        return super().set_zone(actor, zone)

    def _refuse(self) -> None:
        if self.refuses is not None:
            raise self.refuses


@pytest.fixture
def accounts() -> Watched:
    """Accounts that keep what is asked of them."""
    return Watched()


def sitting_with(accounts: FakeAccounts, role: str = "admin") -> Sitting:
    made = Sitting(role)
    object.__setattr__(made.services, "accounts", accounts)
    return made


def roles_offered(text: str) -> Sequence[str]:
    return [role for role in Role if f'name="role" value="{role}"' in text]


def test_people_are_offered_every_role_but_the_detectors(accounts: Watched) -> None:
    assert set(ROLES) == set(Role) - {Role.DETECTOR}
    text = sitting_with(accounts).page("/accounts")
    assert Role.DETECTOR not in roles_offered(text)
    assert len(roles_offered(text)) == len(ROLES)


def test_an_account_is_made_and_its_password_never_shown(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    form = {"name": "nina", "role": ["viewer", "abuse"], "password": "long and secret"}
    assert sitting.done("/accounts", form) == "/accounts/nina"
    (made,) = accounts.made
    assert isinstance(made, CreateUser)
    assert made.roles == ("viewer", "abuse")
    assert made.password == "long and secret"
    accounts.refuses = InvalidInput("'Nina!' cannot be the name of an account")
    again = sitting.post("/accounts", {**form, "name": "Nina!"})
    assert again.status_code == 422
    assert "cannot be the name of an account" in again.text
    assert 'value="Nina!"' in again.text
    assert "long and secret" not in again.text


def test_an_account_is_changed_locked_out_and_let_in_again(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    assert "What it may do" in sitting.page("/accounts/abuse")
    sitting.done("/accounts/abuse", {"role": "engineer", "display": "Abby", "email": ""})
    assert list(accounts.views["abuse"].roles) == ["engineer"]
    sitting.done("/accounts/abuse/disable")
    assert "Let abuse in again" in sitting.page("/accounts/abuse")
    sitting.done("/accounts/abuse/disable", {"back": "1"})
    assert "Lock abuse out" in sitting.page("/accounts/abuse")
    sitting.done("/accounts/abuse/password", {"password": "another long one"})
    assert sitting.post("/accounts/abuse/password").status_code == 422
    sitting.page("/accounts/nobody", 404)


def test_a_tokens_secret_is_shown_once(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    answer = sitting.post("/tokens", {"role": "abuse", "life": "30d", "read_only": "1"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "token-abuse" in answer.text
    assert "token-abuse" not in sitting.page("/tokens")
    (made,) = accounts.made
    assert isinstance(made, CreateToken)
    assert (made.seconds, made.read_only, made.owner) == (30 * 86_400, True, None)


def test_a_detectors_limits_are_as_the_form_says(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    form = {
        "role": "detector",
        "source": "fastnetmon",
        "kind": ["block_address", "block_flow"],
        "longest": "2h",
        "widest4": "30",
        "widest6": "56",
        "per_minute": "50",
        "networks": "192.0.2.0/28, 2001:db8::/64",
        "life": "never",
    }
    assert sitting.post("/tokens", form).status_code == 200
    (made,) = accounts.made
    assert isinstance(made, CreateToken)
    assert made.kinds == ("block_address", "block_flow")
    assert (made.longest, made.widest4, made.widest6, made.per_minute) == (7200, 30, 56, 50)
    assert made.networks == ("192.0.2.0/28", "2001:db8::/64")
    assert (made.seconds, made.owner, made.own_space) == (None, "", False)


@pytest.mark.parametrize(
    "form", [{}, {"role": "abuse", "longest": "soon"}, {"role": "abuse", "widest4": "wide"}]
)
def test_a_token_that_cannot_be_is_told_and_not_made(
    accounts: Watched, form: dict[str, object]
) -> None:
    assert sitting_with(accounts).post("/tokens", form).status_code == 422
    assert accounts.made == []


def test_nobody_is_offered_more_than_he_has(accounts: Watched) -> None:
    text = sitting_with(accounts, "viewer").page("/tokens")
    assert roles_offered(text) == ["viewer"]
    accounts.refuses = Forbidden("the owner's roles do not cover admin")
    answer = sitting_with(accounts, "viewer").post("/tokens", {"role": "admin"})
    assert answer.status_code == 422
    assert "do not cover admin" in answer.text


def test_a_token_is_revoked(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    sitting.done("/tokens/enf_1/revoke")
    assert accounts.token_views["enf_1"].revoked is not None
    assert "Revoke" not in sitting.page("/tokens").partition("<tbody")[2].partition("</tbody")[0]


def test_ones_own_zone_and_password(accounts: Watched) -> None:
    sitting = sitting_with(accounts, "viewer")
    sitting.done("/me/zone", {"zone": "Europe/Vienna"})
    assert "2026-11-21 19:00</time>" in sitting.page("/me"), "18:00 UTC is an hour later there"
    new = {"old": PASSWORD, "new": "a new long one", "again": "a new long one"}
    assert sitting.done("/me/password", new) == "/me"
    unlike = sitting.post("/me/password", {**new, "again": "another"})
    assert unlike.status_code == 422
    assert "not the same" in unlike.text
    accounts.refuses = InvalidInput("the old password is wrong")
    assert "the old password is wrong" in sitting.post("/me/password", new).text
    accounts.refuses = InvalidInput("there is no zone Mars/Olympus")
    answer = sitting.post("/me/zone", {"zone": "Mars/Olympus"})
    assert answer.status_code == 422
    assert 'value="Mars/Olympus"' in answer.text


def test_a_login_is_ended_and_leads_only_to_pages_of_ours(accounts: Watched) -> None:
    sitting = sitting_with(accounts)
    assert "a browser" in sitting.page("/me")
    back = {"back": "//elsewhere.example/"}
    assert sitting.done("/sessions/session-abuse/end", back) == "/me"
    assert "cookie-abuse" in accounts.ended
