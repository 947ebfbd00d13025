# SPDX-License-Identifier: GPL-2.0-or-later
"""Statements that stand between an order and its enforcement, on a SQLite file's own connection.

SQLAlchemy looks a statement up, makes its parameters, a context and a result with types anew each
time. That is a few microseconds in a benchmark and a hundred in a program that was idle a moment
before, whose code is in no cache any more; an order needs thirty of them. A statement that was
named `often` is compiled once by SQLAlchemy and from then on handed to SQLite as it is. What goes
wrong is said as usual. Elsewhere nothing changes.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, LargeBinary, Select, exc
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.base import Executable

from enforcer.storage.sqlite import refusal

_Statement = TypeVar("_Statement", bound=Executable)
_DIALECT = sqlite.dialect()
_WRONG = (sqlite3.Error, OverflowError, UnicodeError)


class _Plan(NamedTuple):
    """`names`: of the parameters in their positions; `given`: those that the statement states."""

    text: str
    names: tuple[str, ...]
    given: Mapping[str, object]
    row: Callable[[Iterable[Any]], Any] | None

    def values(self, row: Mapping[str, object]) -> tuple[object, ...]:
        """In their positions. Raises KeyError for one that is missing."""
        given = self.given
        return tuple([given[name] if name in given else row[name] for name in self.names])


class _Known(NamedTuple):
    """A statement, and its plans by the columns that are given, which an INSERT depends on."""

    statement: Executable
    plans: dict[tuple[str, ...], _Plan]


_OFTEN: dict[int, _Known] = {}


def often(statement: _Statement) -> _Statement:
    """`statement`, which lasts as long as the program and gives few rows; see this module."""
    _OFTEN[id(statement)] = _Known(statement, {})
    return statement


class Rows:
    """All rows of an answer at once: what the storage asks of SQLAlchemy's `Result`."""

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """As they came."""
        return self._rows

    def first(self) -> Any:  # noqa: ANN401 - whatever was selected
        """The first one; None: there is none."""
        return self._rows[0] if self._rows else None

    def one_or_none(self) -> Any:  # noqa: ANN401 - as above
        """The only one; None: there is none. Raises MultipleResultsFound."""
        if len(self._rows) > 1:
            raise exc.MultipleResultsFound("more than one row where one at most was expected")
        return self.first()

    def one(self) -> Any:  # noqa: ANN401 - as above
        """The only one. Raises MultipleResultsFound, NoResultFound."""
        if not self._rows:
            raise exc.NoResultFound("no row where one was expected")
        return self.one_or_none()

    def scalar(self) -> Any:  # noqa: ANN401 - as above
        """What the first row begins with; None: there is none."""
        return self._rows[0][0] if self._rows else None

    def scalar_one(self) -> Any:  # noqa: ANN401 - as above
        """What the only row begins with. Raises as `one`."""
        return self.one()[0]

    def scalars(self) -> Iterator[Any]:
        """What each row begins with."""
        return iter([row[0] for row in self._rows])


class Ended:
    """In place of a connection whose transaction is over: as one that was closed."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as of a connection
        raise exc.ResourceClosedError("the transaction is over")


class Direct:
    """In place of a `Connection`, for one transaction on a connection that others had before.

    It begins with the first statement, where it has not begun. `own`: the same connection.
    """

    def __init__(self, connection: Connection, own: sqlite3.Connection, has_begun: bool) -> None:
        self._connection: Connection | Ended = connection
        self._open: sqlite3.Connection | Ended = own
        self._own = own if has_begun else None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as of the connection
        return getattr(self._usual(), name)

    def end(self) -> None:
        """From here on it answers nothing: the connection is somebody else's."""
        self._own, self._open, self._connection = None, Ended(), Ended()

    def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None = None,
        **options: Any,  # noqa: ANN401 - as of the connection
    ) -> Any:  # noqa: ANN401 - a result
        """As `Connection.execute`."""
        known = _OFTEN.get(id(statement))
        if known is None:
            return self._usual().execute(statement, parameters, **options)
        try:
            return self._run(known, parameters)
        except _WRONG as problem:
            raise refusal(problem) from problem

    def _run(
        self,
        known: _Known,
        parameters: Mapping[str, object] | Sequence[Mapping[str, object]] | None,
    ) -> Rows:
        rows = (
            [parameters or {}]
            # What is no `dict` is asked by Python code.
            if parameters is None or isinstance(parameters, dict | Mapping)
            else parameters
        )
        keys = tuple(rows[0])
        plan = known.plans.get(keys)
        if plan is None:
            plan = known.plans[keys] = _planned(known.statement, keys)
        own = self._own or self._begun()
        _still_begun(own)
        if len(rows) > 1:
            return Rows((), own.executemany(plan.text, map(plan.values, rows)).rowcount)
        done = own.execute(plan.text, plan.values(rows[0]))
        if plan.row is None:
            return Rows((), done.rowcount)
        return Rows([*map(plan.row, done.fetchall())], -1)

    def _usual(self) -> Any:  # noqa: ANN401 - the connection
        try:
            _still_begun(self._own or self._begun())
        except _WRONG as problem:
            raise refusal(problem) from problem
        return self._connection

    def _begun(self) -> sqlite3.Connection:
        own = self._open
        own.execute("BEGIN")
        assert isinstance(own, sqlite3.Connection)
        self._own = own
        return own


def _still_begun(own: sqlite3.Connection) -> None:
    # Where the disk or the memory fails, SQLite undoes all of it by itself, and each statement
    # that followed would be a transaction of its own (https://www.sqlite.org/lang_transaction.html).
    if not own.in_transaction:
        raise sqlite3.OperationalError("the transaction was undone by an earlier error")


def _planned(statement: Executable, keys: tuple[str, ...]) -> _Plan:
    """Raises ValueError for what needs more than its text each time that it runs."""
    stated: Any = statement
    compiled = stated.compile(dialect=_DIALECT, column_keys=list(keys) or None)
    columns = list(statement.selected_columns) if isinstance(statement, Select) else []
    types = [column.type for column in columns]
    types += [bind.type for bind in compiled.binds.values()]
    plain = all(
        isinstance(one, LargeBinary)
        or (_reads(one) is None and one.dialect_impl(_DIALECT).bind_processor(_DIALECT) is None)
        for one in types
    )
    if not plain or "POSTCOMPILE" in compiled.string:
        raise ValueError(f"no statement for `often`: {compiled.string}")
    names = tuple(compiled.positiontup or ())
    given = {name: compiled.params[name] for name in names if name not in keys}
    if missing := [name for name in given if compiled.binds[name].required]:
        raise ValueError(f"a value is needed for {', '.join(missing)}: {compiled.string}")
    named = [column.key or f"column_{at}" for at, column in enumerate(columns)]
    shape = cast(Any, namedtuple)("row", named)
    row = shape._make if columns else None
    return _Plan(compiled.string, names, given, row)


def _reads(column_type: Any) -> object:  # noqa: ANN401 - a type of SQLAlchemy
    return column_type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
