# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging in by password: who gets in, who waits, what is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from enforcer.accounts.local import LocalAccounts
from enforcer.application.account_views import ChangeUser, NewSession
from enforcer.errors import Throttled, Unauthenticated
from tests.fakes.passwords import quick_passwords
from tests.unit.accounts.house import HERE, PASSWORD, SETTINGS, SHELL, THERE, House

WRONG = "a wrong guess altogether"


def refused(house: House, name: str, password: str, address: str = HERE) -> str:
    with pytest.raises(Unauthenticated) as caught:
        house.enter(name, password, address)
    return "throttled" if isinstance(caught.value, Throttled) else str(caught.value)


def test_the_right_password_logs_in_and_the_roles_are_the_accounts(house: House) -> None:
    house.user("anna", "abuse")
    session = house.enter(" Anna ")
    actor, view, csrf = house.accounts.by_session(session.cookie)
    assert (actor.name, actor.source) == ("anna", "web")
    assert actor.rights is not None and [*actor.rights.roles] == ["abuse"]
    assert (view.user, view.address, view.agent, view.current) == ("anna", HERE, "browser/1", True)
    assert csrf == session.csrf != session.cookie


def test_every_failure_has_the_same_words(house: House) -> None:
    house.user("anna", "abuse")
    house.user("gone", "abuse")
    house.user("robot", "viewer", password=None)
    house.accounts.change_user(SHELL, ChangeUser(name="gone", disabled=True))
    said = {
        refused(house, "anna", WRONG),
        refused(house, "nobody-known", WRONG),
        refused(house, "gone", PASSWORD),
        refused(house, "robot", ""),
        refused(house, "", ""),
        refused(house, "x" * 10_000, WRONG),
        refused(house, "anna", "y" * 10_000),
        refused(house, "\udcff\x00'; --", WRONG),
    }
    assert said == {"the name or the password is wrong, or the account is disabled"}


def test_unknown_names_cost_a_hash_too(house: House) -> None:
    checked: list[str | None] = []
    passwords = quick_passwords()
    fits = passwords.fits

    class Counted(type(passwords)):  # type: ignore[misc]  # the class of the very object
        def fits(self, stored: str | None, password: str) -> bool:
            checked.append(stored)
            return bool(fits(stored, password))

    accounts = LocalAccounts(house.database, house.clock, SETTINGS, Counted())
    with pytest.raises(Unauthenticated):
        accounts.login("nobody", WRONG, HERE, "")
    assert checked == [None]
    assert fits(None, WRONG) is False


def test_a_name_from_one_address_waits_longer_and_longer(house: House) -> None:
    house.user("anna", "abuse")
    for _ in range(5):
        assert refused(house, "anna", WRONG) != "throttled"
    waits = []
    for _ in range(6):
        with pytest.raises(Throttled) as caught:
            house.enter("anna")
        waits.append(caught.value.seconds)
        house.clock.advance(caught.value.seconds)
        assert refused(house, "anna", WRONG) != "throttled"
    assert waits == [1, 2, 4, 8, 16, 32]


def test_while_waiting_even_the_right_password_is_not_tried(house: House) -> None:
    house.user("anna", "abuse")
    for _ in range(5):
        refused(house, "anna", WRONG)
    assert refused(house, "anna", PASSWORD) == "throttled"
    house.clock.advance(1)
    assert house.enter("anna").session.user == "anna"


def test_success_forgets_the_failures_of_the_name_but_not_of_the_address(house: House) -> None:
    house.user("anna", "abuse")
    for number in range(29):
        refused(house, f"guess-{number}", WRONG)
    house.enter("anna")
    refused(house, "guess-29", WRONG)
    assert refused(house, "guess-30", WRONG) == "throttled"
    assert refused(house, "guess-30", WRONG, THERE) != "throttled"


def test_failures_are_forgotten_after_an_hour(house: House) -> None:
    house.user("anna", "abuse")
    for _ in range(5):
        refused(house, "anna", WRONG)
    house.clock.advance(3601)
    for _ in range(5):
        assert refused(house, "anna", WRONG) != "throttled"
    with house.database.read() as reader:
        _, last = reader.failed_logins.count(f"address:{HERE}", house.clock.now())
    assert last is None


def test_nobody_locks_a_colleague_out_by_failing_in_his_name(house: House) -> None:
    house.user("anna", "abuse")
    house.enter("anna")
    for number in range(40):
        refused(house, "anna", WRONG, f"203.0.113.{number}")
    assert refused(house, "anna", PASSWORD, THERE) == "throttled"
    assert house.enter("anna", address=HERE).session.user == "anna"
    house.clock.advance(30)
    assert house.enter("anna", address=THERE).session.user == "anna"


def test_a_network_of_a_customer_counts_as_one_address(house: House) -> None:
    for number in range(30):
        refused(house, f"guess-{number}", WRONG, f"2001:db8:1:2::{number:x}")
    assert refused(house, "another", WRONG, "2001:db8:1:2:ffff::1") == "throttled"
    assert refused(house, "another", WRONG, "2001:db8:1:3::1") != "throttled"
    for number in range(30):
        refused(house, f"guess-{number}", WRONG, f"::ffff:{THERE}")
    assert refused(house, "another", WRONG, THERE) == "throttled"


def test_failures_count_in_every_one_of_several_servers(house: House) -> None:
    house.user("anna", "abuse")
    other = LocalAccounts(house.database, house.clock, SETTINGS, quick_passwords())
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            other.login("anna", WRONG, HERE, "")
    assert refused(house, "anna", PASSWORD) == "throttled"


def test_many_guesses_at_once_are_no_more_than_one_after_the_other(house: House) -> None:
    house.user("anna", "abuse")

    def guess(number: int) -> bool:
        try:
            house.enter("anna", f"{WRONG} {number}")
        except Throttled:
            return False
        except Unauthenticated:
            return True
        return True

    with ThreadPoolExecutor(8) as threads:
        tried = sum(threads.map(guess, range(24)))
    assert tried <= 5


def test_failures_are_recorded_once_a_minute_and_without_what_was_typed(house: House) -> None:
    house.user("anna", "abuse")
    for _ in range(3):
        refused(house, "anna", WRONG)
        refused(house, "hunter2-my-password", WRONG)
        refused(house, "someone-else", WRONG)
    house.clock.advance(61)
    refused(house, "anna", WRONG)
    failures = house.recorded("login.failed")
    assert [subject for _, subject, _ in failures] == ["anna", "unknown", "anna"]
    with house.database.read() as reader:
        everything = str(reader.audit.entries())
    assert "hunter2" not in everything and WRONG not in everything


def test_no_secret_reaches_the_record_or_the_tables(house: House) -> None:
    house.user("anna", "abuse")
    session: NewSession = house.enter("anna")
    house.database.close()
    assert house.database.path is not None
    stored = b"".join(
        file.read_bytes() for file in house.database.path.parent.iterdir() if file.is_file()
    )
    assert b"anna" in stored
    for secret in (PASSWORD, session.cookie):
        assert secret.encode() not in stored
    assert session.cookie not in house.audit_text() and session.csrf not in house.audit_text()


def test_hashes_are_made_again_when_the_parameters_change(house: House) -> None:
    house.user("anna", "abuse")
    harder = LocalAccounts(house.database, house.clock, SETTINGS, quick_passwords(passes=2))
    harder.login("anna", PASSWORD, HERE, "")
    with house.database.read() as reader:
        user = reader.users.get("anna")
    assert user is not None and user.password is not None and "t=2" in user.password
    assert user.password.startswith("$argon2id$")
    assert harder.login("anna", PASSWORD, HERE, "").session.user == "anna"
