# SPDX-License-Identifier: GPL-2.0-or-later
"""Passwords: argon2id, what is accepted as one, and how many are checked at once.

Parameters are the second recommended option of RFC 9106, section 4 (argon2id, 64 MiB, 3 passes,
4 lanes), which are the library's own. Rules follow NIST SP 800-63B, section 5.1.1.2: length and
a list of what everybody tries, no rules of composition.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from enforcer.errors import InvalidInput, Throttled

SHORTEST = 12
LONGEST = 1_000
_DIFFERENT = 5
_BESIDE_NAME = 8
_COMMON = (
    "password",
    "passwort",
    "123456789012",
    "1234567890",
    "qwertyuiop",
    "qwertzuiop",
    "abcdefghijkl",
    "letmein",
    "changeme",
    "administrator",
    "enforcer",
    "iloveyou",
    "welcome",
)
_AT_ONCE = 2
_WAITING = 8


class Passwords:
    """Hashes and checks; safe to share between threads.

    At most two are worked on at a time, 64 MiB each, and eight wait: who floods the login must
    not take memory and threads from those who work.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._working = threading.BoundedSemaphore(_AT_ONCE)
        self._admitted = threading.BoundedSemaphore(_AT_ONCE + _WAITING)
        self._first = threading.Lock()

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe(32))

    def hash(self, password: str) -> str:
        """What is stored. Raises Throttled."""
        with self._turn():
            return self._hasher.hash(_bytes(password))

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one behind `stored`. Raises Throttled.

        Without one (no such account, or none with a password) a hash that nobody knows the
        password of is checked, so that the answer takes as long.
        """
        with self._first:
            nobodys = self._nobodys
        with self._turn():
            try:
                self._hasher.verify(stored or nobodys, _bytes(password[:LONGEST]))
            except (VerificationError, InvalidHashError):
                return False
        return stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether `stored` was made with other parameters than are used now."""
        return self._hasher.check_needs_rehash(stored)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._admitted.acquire(blocking=False):
            raise Throttled(1.0, "too many logins at once: try again in a second")
        try:
            with self._working:
                yield
        finally:
            self._admitted.release()


def accept(password: str, name: str, others: tuple[str, ...] = ()) -> None:
    """Refuse what is no password. Raises InvalidInput, which never repeats it.

    `name`, `others`: what an attacker knows of its owner, and would try.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        raise InvalidInput(f"the password is too short: take {SHORTEST} characters or more")
    if len(text) > LONGEST:
        raise InvalidInput(f"the password is too long: {LONGEST} characters are the most")
    if len(set(text)) < _DIFFERENT:
        raise InvalidInput("the password is a few characters repeated: take words instead")
    rest = text.casefold()
    for known in (name, *others, *_COMMON):
        rest = rest.replace(known.casefold(), "") if known else rest
    if len(rest) < _BESIDE_NAME and rest != text.casefold():
        raise InvalidInput(
            "the password is little more than a name or a word that everybody tries: take"
            " several words"
        )


def _normal(password: str) -> str:
    """RFC 8265, section 4.2.2: the same characters typed on another keyboard are the same."""
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")
