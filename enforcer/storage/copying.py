# SPDX-License-Identifier: GPL-2.0-or-later
"""A whole database into an empty one of either kind: all of it, checked, or nothing.

Every table goes over row by row in one transaction of the target, and is read back there: the
same rows, the audit chain byte for byte. Rows are compared by a sum of their hashes, because no
two databases sort alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, delete, func, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from enforcer.errors import InvalidInput, StorageError
from enforcer.storage.audit import AuditReader
from enforcer.storage.engine import is_postgresql, migration_engine
from enforcer.storage.service_tables import metadata
from enforcer.storage.sqlite import sqlite_file
from enforcer.storage.tables import audit_head, control, lease

_AT_ONCE = 500
_MODULUS = 2**256
_ONE_ROW = (audit_head, control, lease)
"""Tables that every database has one row of, from its first migration on."""

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: rows by table, and how many audit entries verified on the target."""

    rows: dict[str, int]
    entries: int


def no_progress(_table: str, _rows: int) -> None:
    """Tell nobody."""


def rows_of(connection: Connection) -> int:
    """How many rows there are in all tables, for a progress bar."""
    counts = (select(func.count()).select_from(table) for table in metadata.sorted_tables)
    return sum(connection.execute(count).scalar_one() for count in counts)


def copy(source: Connection, url: str, progress: Progress = no_progress) -> Copied:
    """Copy all that `source` sees into the empty database at `url`, which gets the schema.

    `progress` is told a table's name and how many rows of it were taken. Raises StorageError,
    with the target as it was, when the target is not empty or does not come out equal.
    """
    # Late: every command loads this module, and almost none needs Alembic, 60 ms of it.
    from enforcer.storage import migrate

    file = _require_new(url)
    engine = migration_engine(url)
    try:
        with engine.begin() as target, _no_half_file(file):
            _require_empty(target)
            migrate.migrate(target)
            sums = {t: _pour(t, source, target, progress) for t in metadata.sorted_tables}
            return Copied({t.name: n for t, (n, _) in sums.items()}, _checked(target, sums))
    except (SQLAlchemyError, InvalidInput) as problem:
        raise StorageError(
            f"the copy failed ({_first_line(problem)}): the target is as it was"
        ) from problem
    finally:
        engine.dispose()


def _require_new(url: str) -> Path | None:
    """The SQLite file to be made: one that exists is somebody's, even where it is empty."""
    if is_postgresql(url):
        return None
    file = sqlite_file(url)
    if file.exists():
        raise StorageError(f"{file} exists already: name a new file")
    return file


@contextmanager
def _no_half_file(file: Path | None) -> Iterator[None]:
    """Take away what was made, when it did not become a database."""
    try:
        yield
    except BaseException:
        if file is not None:
            for end in ("", "-wal", "-shm"):
                Path(f"{file}{end}").unlink(missing_ok=True)
        raise


def _require_empty(target: Connection) -> None:
    there = inspect(target).get_table_names()
    if there:
        raise StorageError(
            f"the target holds {len(there)} tables already ({', '.join(sorted(there)[:3])}, ...):"
            " name an empty database, one without `enforcer init`"
        )


def _pour(
    table: Table, source: Connection, target: Connection, progress: Progress
) -> tuple[int, int]:
    """All rows of one table; how many, and the sum of their hashes."""
    if table in _ONE_ROW:
        target.execute(delete(table))
    count, total = 0, 0
    for some in source.execute(_all_of(table)).partitions():
        rows = [_arriving(table, dict(row._mapping)) for row in some]
        target.execute(insert(table), rows)
        count += len(rows)
        total = (total + sum(_hash(tuple(row.values())) for row in rows)) % _MODULUS
        progress(table.name, len(rows))
    return count, total


def _all_of(table: Table) -> Select[Any]:
    """Every row, a few at a time."""
    return select(table).execution_options(stream_results=True, yield_per=_AT_ONCE)


def _arriving(table: Table, row: dict[str, object]) -> dict[str, object]:
    """A row as the target gets it: nobody leads there yet."""
    return {**row, "holder": None, "until_us": 0} if table is lease else row


def _checked(target: Connection, sums: dict[Table, tuple[int, int]]) -> int:
    """Read everything back; how many audit entries verified. Raises StorageError."""
    for table, (count, total) in sums.items():
        found = _sum(target, table)
        if found != (count, total):
            raise StorageError(
                f"table {table.name} came out different ({found[0]} of {count} rows):"
                " the target is as it was; try again, and report this if it happens again"
            )
    verified = AuditReader(target).verify()
    if not verified.ok:
        raise StorageError(
            f"the audit chain does not verify ({verified.why}), and did not before:"
            " run `enforcer audit verify`; nothing was copied"
        )
    return verified.entries


def _sum(connection: Connection, table: Table) -> tuple[int, int]:
    count, total = 0, 0
    for some in connection.execute(_all_of(table)).partitions():
        count += len(some)
        total = (total + sum(_hash(tuple(row)) for row in some)) % _MODULUS
    return count, total


def _hash(row: tuple[object, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr(row).encode()).digest())


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
