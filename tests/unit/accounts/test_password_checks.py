# SPDX-License-Identifier: GPL-2.0-or-later
"""How passwords are checked: argon2id as recommended, and so many at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice

import pytest
from argon2 import PasswordHasher

from enforcer.accounts.passwords import Passwords
from enforcer.errors import Throttled


class SlowHasher(PasswordHasher):
    """Works until it is told to end, and counts how many do so at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.working = 0
        self.most = 0
        self.end = threading.Event()
        self._lock = threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self._lock:
            self.working += 1
            self.most = max(self.most, self.working)
        self.end.wait(30)
        with self._lock:
            self.working -= 1
        return super().hash(password, salt=salt)


def test_the_parameters_are_those_of_rfc_9106() -> None:
    passwords = Passwords()
    stored = passwords.hash("a sound pass phrase")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.fits(stored, "a sound pass phrase")
    assert not passwords.fits(stored, "a sound pass phrase ")


def test_a_flood_of_logins_takes_two_places_and_the_rest_is_told_to_wait() -> None:
    hasher = SlowHasher()
    passwords = Passwords(hasher)
    with ThreadPoolExecutor(30) as threads:
        asked = [threads.submit(passwords.hash, "a sound pass phrase") for _ in range(30)]
        refused = [one.exception() for one in islice(as_completed(asked, timeout=30), 20)]
        hasher.end.set()
        done = [one.exception(timeout=30) for one in asked]
    assert all(isinstance(problem, Throttled) for problem in refused)
    assert done.count(None) == 10 and hasher.most == 2


@pytest.mark.parametrize(
    "stored", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abcdefghijklmnop"]
)
def test_what_is_no_hash_fits_nothing(stored: str) -> None:
    assert not Passwords(PasswordHasher(1, 8, 1)).fits(stored, "a sound pass phrase")


def test_letters_that_look_the_same_are_the_same() -> None:
    passwords = Passwords(PasswordHasher(1, 8, 1))
    stored = passwords.hash("cafe\u0301 cre\u0300me br\u00fbl\u00e9e")
    assert passwords.fits(stored, "caf\u00e9 cr\u00e8me bru\u0302le\u0301e")
