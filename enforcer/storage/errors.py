# SPDX-License-Identifier: GPL-2.0-or-later
"""What a database can refuse beyond `StorageError` itself."""

from __future__ import annotations

from enforcer.errors import StorageError

DUPLICATE = "an order with this idempotency key exists already: look it up"


class DuplicateKey(StorageError):
    """An order with this idempotency key exists already; `OrderReader.by_key` finds it.

    The transaction is spoilt: leave it, then look.
    """


class SchemaDiffers(StorageError):
    """A table or a column is not there: another version's schema, or a damaged database."""


class DatabaseBusy(StorageError):
    """Another process has been writing for longer than we wait; retry."""


class DatabaseAway(StorageError):
    """The database server cannot be reached, or the conversation with it broke off; retry.

    Whether a transaction that was being committed then is stored, only the database can tell.
    """


class LostLead(StorageError):
    """Another controller leads this database now; this one may write nothing any more."""


class DatabaseMoved(StorageError):
    """The installation was moved to another database: nothing is written here any more."""
