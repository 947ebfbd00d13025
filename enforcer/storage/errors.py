# SPDX-License-Identifier: GPL-2.0-or-later
"""What a database can refuse beyond `StorageError` itself."""

from __future__ import annotations

from enforcer.errors import StorageError


class DuplicateKey(StorageError):
    """An order with this idempotency key exists already; `OrderReader.by_key` finds it.

    The transaction is spoilt: leave it, then look.
    """


class DatabaseBusy(StorageError):
    """Another process has been writing for longer than we wait; retry."""
