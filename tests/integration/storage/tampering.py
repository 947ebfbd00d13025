# SPDX-License-Identifier: GPL-2.0-or-later
"""What somebody with a shell on the database can do to it, behind the program's back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine

from enforcer.storage.engine import is_postgresql, migration_engine


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine of its own."""
    engine = migration_engine(url)
    yield engine
    engine.dispose()


def tamper(url: str, *statements: str) -> None:
    """SQL in one transaction. Foreign keys are not looked at, as an intruder would have it."""
    with opened(url) as engine, engine.connect() as connection:
        if is_postgresql(url):
            connection.exec_driver_sql("SET session_replication_role = replica")
        else:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        for statement in statements:
            connection.exec_driver_sql(_spoken(url, statement))
        connection.commit()


def ask(url: str, question: str) -> Any:
    """The one value that answers some SQL."""
    with opened(url) as engine, engine.connect() as connection:
        return connection.exec_driver_sql(_spoken(url, question)).scalar_one()


def _spoken(url: str, statement: str) -> str:
    """`statement`, which is SQLite's, in the words of the database at `url`."""
    if not is_postgresql(url):
        return statement
    zeros = re.sub(r"zeroblob\((\d+)\)", r"decode(repeat('00', \1), 'hex')", statement)
    edited = r"convert_to(replace(convert_from(body, 'UTF8'), \1), 'UTF8')"
    return re.sub(r"replace\(body, ([^)]*)\)", edited, zeros)
