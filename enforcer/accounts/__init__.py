# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts, logins and tokens on a local database: who is asking, and who may ask.

Nothing that opens a door is stored: passwords are argon2id hashes, cookies and tokens SHA-256
digests of 256 random bits. Roles are read again at every request.
"""

from __future__ import annotations

from enforcer.storage.database import Database

FIRST = (
    "nobody can log in yet: make the first account at the shell with"
    " `enforcer user add NAME --role admin`"
)
"""What to tell where there is no account."""


def exist(database: Database) -> bool:
    """Whether there is any account. Raises StorageError."""
    with database.read() as reader:
        return reader.users.exist()
