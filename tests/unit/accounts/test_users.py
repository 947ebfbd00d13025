# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts: names, roles, passwords, and that somebody who keeps them is always left."""

from __future__ import annotations

import pytest

from enforcer import accounts
from enforcer.accounts import passwords
from enforcer.application.account_views import ChangeUser, CreateUser
from enforcer.core.access import ACTIONS, Action, Role
from enforcer.errors import Forbidden, InvalidInput, NotFound, StorageError
from tests.unit.accounts.house import PASSWORD, SHELL, House


def test_whether_there_is_any_account_can_be_asked(house: House) -> None:
    assert not accounts.exist(house.database)
    house.user("anna", "admin")
    assert accounts.exist(house.database)
    assert "enforcer user add" in accounts.FIRST


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.DETECTOR])
def test_only_who_keeps_accounts_keeps_accounts(house: House, role: Role) -> None:
    actor = house.logged_in("anna", role.value)
    may = Action.ACCOUNTS in ACTIONS[role]
    house.user("other", "viewer")
    calls = (
        lambda: house.accounts.users(actor),
        lambda: house.accounts.create_user(actor, CreateUser(name="new", roles=("viewer",))),
        lambda: house.accounts.change_user(actor, ChangeUser(name="other", display="x")),
        lambda: house.accounts.set_password(actor, "other", "a sound pass phrase"),
        lambda: house.accounts.sessions(actor, "other"),
    )
    for call in calls:
        if may:
            call()
        else:
            with pytest.raises(Forbidden):
                call()
    assert may == (role is Role.ADMIN)


def test_an_account_is_what_it_was_made_as(house: House) -> None:
    command = CreateUser(
        name=" Anna.B ",
        roles=("abuse", "viewer", "abuse"),
        display="Anna B.",
        email="anna@example.net",
        zone="Europe/Athens",
        password=PASSWORD,
    )
    made = house.accounts.create_user(SHELL, command)
    assert (made.name, made.roles, made.zone) == ("anna.b", ["viewer", "abuse"], "Europe/Athens")
    assert made.local and made.disabled is None and made.seen is None
    assert PASSWORD not in repr(command)
    actor = house.actor(house.enter("anna.b"))
    assert house.accounts.me(actor).seen == house.clock.now()
    assert house.accounts.set_zone(actor, "UTC").zone == "UTC"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "two words"}, "name"),
        ({"name": "-rf"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "controller"}, "name"),
        ({"name": "аnna"}, "name"),
        ({"roles": ("root",)}, "no role"),
        ({"roles": ()}, "role"),
        ({"roles": ("detector",)}, "for tokens"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"zone": "../../etc/passwd"}, "zone"),
        ({"display": "two\nlines"}, "display"),
        ({"email": "x" * 201}, "mail"),
        ({"password": "tiny pass"}, "short"),
        ({"password": "x" * 1001}, "long"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "repeated"),
        ({"password": "anna-anna-2026"}, "name"),
        ({"password": "password1234"}, "everybody"),
        ({"password": "Changeme-2026"}, "everybody"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    house: House, changes: dict[str, object], said: str
) -> None:
    command = CreateUser(name="anna", roles=("viewer",), password=PASSWORD)
    with pytest.raises(InvalidInput, match=said) as caught:
        house.accounts.create_user(SHELL, command.model_copy(update=changes))
    assert str(changes.get("password", "?")) not in str(caught.value)
    assert not accounts.exist(house.database)


def test_a_name_is_taken_once(house: House) -> None:
    house.user("anna", "viewer")
    with pytest.raises(InvalidInput, match="already"):
        house.user("ANNA", "admin")


def test_the_last_admin_stays(house: House) -> None:
    house.user("boss", "admin")
    for change in ({"disabled": True}, {"roles": ("viewer",)}):
        with pytest.raises(InvalidInput, match="last enabled admin"):
            house.accounts.change_user(SHELL, ChangeUser(name="boss", **change))
    house.user("second", "admin")
    house.accounts.change_user(SHELL, ChangeUser(name="second", disabled=True))
    with pytest.raises(InvalidInput, match="last enabled admin"):
        house.accounts.change_user(SHELL, ChangeUser(name="boss", disabled=True))
    house.accounts.change_user(SHELL, ChangeUser(name="second", disabled=False))
    house.accounts.change_user(SHELL, ChangeUser(name="boss", disabled=True))


def test_every_change_is_recorded_and_no_mail_address_is(house: House) -> None:
    house.user("boss", "admin")
    actor = house.logged_in("anna", "viewer")
    change = ChangeUser(name="anna", roles=("abuse",), email="anna@example.net")
    house.accounts.change_user(house.actor(house.enter("boss")), change)
    house.accounts.change_user(SHELL, change)
    house.accounts.set_password(SHELL, "anna", "a sound pass phrase")
    assert house.recorded("user.created", "user.changed") == [
        ("user.created", "boss", "root"),
        ("user.created", "anna", "root"),
        ("user.changed", "anna", "boss"),
        ("user.changed", "anna", "root"),
    ]
    said = house.audit_text()
    assert '"to": ["abuse"]' in said and '"changed": ["email"]' in said
    assert "anna@example.net" not in said and "sound" not in said
    with house.database.read() as reader:
        assert reader.audit.verify().ok
    assert actor.name == "anna"


def test_what_is_not_there_cannot_be_changed(house: House) -> None:
    for name in ("nobody-here", "%", "'; --", "\udcff"):
        with pytest.raises(NotFound):
            house.accounts.change_user(SHELL, ChangeUser(name=name, display="x"))
        with pytest.raises(NotFound):
            house.accounts.set_password(SHELL, name, PASSWORD)
    with pytest.raises(NotFound):
        house.accounts.me(SHELL)
    with pytest.raises(NotFound):
        house.accounts.set_zone(SHELL, "UTC")


def test_an_account_that_cannot_be_read_says_which(house: House) -> None:
    house.user("anna", "viewer")
    with house.database.write() as work:
        user = work.users.get("anna")
        assert user is not None
        from dataclasses import replace

        work.users.save(replace(user, body='{"roles": ["emperor"]}'))
    with pytest.raises(StorageError, match="account anna"):
        house.accounts.users(SHELL)


@pytest.mark.parametrize(
    "good",
    ["correct horse battery", "tr0ub4dor&3 and more", "пароль из многих слов", "anna likes pears"],
)
def test_there_are_no_rules_of_composition(good: str) -> None:
    passwords.accept(good, "anna")
