# SPDX-License-Identifier: GPL-2.0-or-later
"""A login that goes on: when it ends, and who ends it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.application.account_views import ChangeUser
from enforcer.core.access import Action, Role
from enforcer.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from enforcer.storage.database import Database
from tests.unit.accounts.house import HERE, PASSWORD, SHELL, THERE, House

ANOTHER = "another sound pass phrase"


def is_over(house: House, cookie: str) -> bool:
    try:
        house.accounts.by_session(cookie)
    except Unauthenticated:
        return True
    return False


def test_it_ends_when_it_is_not_used_for_an_hour(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    house.clock.advance(59 * 60)
    assert not is_over(house, cookie)
    house.clock.advance(59 * 60)
    assert not is_over(house, cookie)
    house.clock.advance(60 * 60)
    assert is_over(house, cookie)


def test_it_ends_after_twelve_hours_however_much_it_is_used(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    for _ in range(12 * 2 - 1):
        house.clock.advance(30 * 60)
        assert not is_over(house, cookie)
    house.clock.advance(30 * 60)
    assert is_over(house, cookie)


def test_an_open_page_that_looks_by_itself_does_not_keep_it(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    for _ in range(3):
        house.clock.advance(20 * 60 - 1)
        house.accounts.by_session(cookie, used=False)
    house.clock.advance(3)
    assert is_over(house, cookie)


def test_its_use_is_written_at_most_once_a_minute(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    began = house.clock.now()
    for _ in range(3):
        house.clock.advance(25)
        house.accounts.by_session(cookie)
    (view,) = house.accounts.sessions(SHELL, "anna")
    assert (view.seen - began).total_seconds() == 75
    house.clock.advance(25)
    house.accounts.by_session(cookie)
    assert house.accounts.sessions(SHELL, "anna")[0].seen == view.seen


def test_what_is_no_cookie_of_ours_opens_nothing(house: House) -> None:
    house.user("anna", "abuse")
    session = house.enter("anna")
    with house.database.read() as reader:
        (stored,) = reader.web_sessions.of_user("anna")
    for tried in ("", "x", session.csrf, session.session.id, stored.digest, session.cookie[:-1]):
        assert is_over(house, tried)


def test_every_login_has_a_cookie_of_its_own(house: House) -> None:
    house.user("anna", "abuse")
    first, second = house.enter("anna"), house.enter("anna")
    assert first.cookie != second.cookie and first.csrf != second.csrf
    house.accounts.logout(first.cookie)
    assert is_over(house, first.cookie) and not is_over(house, second.cookie)
    house.accounts.logout(first.cookie)
    house.accounts.logout("never was one")


def test_roles_count_from_the_next_request_on(house: House) -> None:
    house.user("boss", "admin")
    house.user("anna", "engineer")
    session = house.enter("anna")
    assert house.actor(session).may(Action.DEVICES)
    house.accounts.change_user(SHELL, ChangeUser(name="anna", roles=("viewer",)))
    assert not house.actor(session).may(Action.DEVICES)
    assert house.actor(session).may(Action.READ)


def test_a_disabled_account_is_out_at_once_and_stays_out(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    house.accounts.change_user(SHELL, ChangeUser(name="anna", disabled=True))
    assert is_over(house, cookie)
    house.accounts.change_user(SHELL, ChangeUser(name="anna", disabled=False))
    assert is_over(house, cookie)
    assert house.enter("anna").session.user == "anna"


def test_a_login_that_nobody_ended_opens_nothing_for_a_disabled_account(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    with house.database.write() as work:
        user = work.users.get("anna")
        assert user is not None
        work.users.save(replace(user, disabled=house.clock.now()))
    assert is_over(house, cookie)


def test_a_new_password_ends_all_other_logins(house: House) -> None:
    house.user("anna", "abuse")
    here, there = house.enter("anna"), house.enter("anna", address=THERE)
    house.accounts.change_password(house.actor(here), PASSWORD, ANOTHER)
    assert not is_over(house, here.cookie) and is_over(house, there.cookie)
    house.accounts.set_password(SHELL, "anna", PASSWORD)
    assert is_over(house, here.cookie)
    with pytest.raises(Unauthenticated):
        house.enter("anna", ANOTHER)
    assert house.enter("anna").session.user == "anna"


def test_the_old_password_has_to_be_right_and_guessing_it_is_throttled(house: House) -> None:
    actor = house.logged_in("anna", "abuse")
    for _ in range(5):
        with pytest.raises(InvalidInput, match="old password"):
            house.accounts.change_password(actor, ANOTHER, ANOTHER)
    with pytest.raises(Unauthenticated, match="too many"):
        house.accounts.change_password(actor, PASSWORD, ANOTHER)
    house.clock.advance(60)
    house.accounts.change_password(actor, PASSWORD, ANOTHER)
    assert house.enter("anna", ANOTHER).session.user == "anna"


def test_people_see_and_end_their_own_logins_and_nobody_elses(house: House) -> None:
    house.user("anna", "abuse")
    mine, other = house.enter("anna"), house.enter("anna", address=THERE)
    bert = house.logged_in("bert", "engineer")
    anna = house.actor(mine)
    views = house.accounts.sessions(anna)
    assert [(view.address, view.current) for view in views] in (
        [(HERE, True), (THERE, False)],
        [(THERE, False), (HERE, True)],
    )
    with pytest.raises(Forbidden):
        house.accounts.sessions(bert, "anna")
    with pytest.raises(NotFound):
        house.accounts.revoke_session(bert, other.session.id)
    assert not is_over(house, other.cookie)
    house.accounts.revoke_session(anna, other.session.id)
    assert is_over(house, other.cookie) and not is_over(house, mine.cookie)
    assert house.recorded("session.revoked") == [("session.revoked", "anna", "anna")]


def test_who_keeps_accounts_ends_anybodys(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    admin = house.logged_in("boss", "admin")
    (view,) = house.accounts.sessions(admin, "anna")
    assert not view.current
    house.accounts.revoke_session(admin, view.id)
    assert is_over(house, cookie)
    for wrong in (view.id, "%", "", "0" * 16, view.id[:8]):
        with pytest.raises(NotFound):
            house.accounts.revoke_session(admin, wrong)


def test_the_shell_says_whose_logins(house: House) -> None:
    with pytest.raises(InvalidInput):
        house.accounts.sessions(SHELL)
    with pytest.raises(NotFound):
        house.accounts.sessions(SHELL, "nobody-here")


def test_a_database_that_cannot_be_written_to_ends_no_login(house: House) -> None:
    house.user("anna", "abuse")
    cookie = house.enter("anna").cookie
    house.clock.advance(120)
    assert house.database.path is not None
    busy = Database(f"sqlite:///{house.database.path}")
    with busy.write():
        house.database._patience = 0.01
        actor, _, _ = house.accounts.by_session(cookie)
    busy.close()
    assert actor.rights is not None and actor.rights.roles == {Role.ABUSE}
