# SPDX-License-Identifier: GPL-2.0-or-later
"""Which migration a database is at, without Alembic: every start of the program asks."""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from enforcer.errors import StorageError
from enforcer.storage.service_tables import metadata
from enforcer.storage.tables import REVISION

_version = table("alembic_version", column("version_num"))


def stored_revision(connection: Connection) -> str | None:
    """The revision, or None when no migration ever ran."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(select(_version.c.version_num)).scalar()
    return None if found is None else str(found)


def require_revision(connection: Connection) -> None:
    """Raises StorageError unless the database has the schema of this version."""
    found = stored_revision(connection)
    if found == REVISION:
        return
    if found is None:
        raise StorageError("the database is empty: run `enforcer init`")
    raise StorageError(
        f"the database is at revision {found}, this version needs {REVISION}:"
        " run `enforcer init` to bring it there (if it is newer, use the newer version)"
    )


def missing_parts(connection: Connection) -> list[str]:
    """Tables of this version's schema, or columns of them, that are not there."""
    seen = inspect(connection)
    there = set(seen.get_table_names())
    gone = []
    for known in metadata.sorted_tables:
        if known.name not in there:
            gone.append(f"table {known.name}")
            continue
        found = {one["name"] for one in seen.get_columns(known.name)}
        gone += [
            f"column {known.name}.{one.name}" for one in known.columns if one.name not in found
        ]
    return gone
