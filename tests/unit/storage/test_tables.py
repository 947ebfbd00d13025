# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema means the same on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, DateTime, Table, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from enforcer.storage.service_tables import metadata

POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
SQLITE = make_url("sqlite://").get_dialect()()
EVERY = pytest.mark.parametrize("table", metadata.tables.values(), ids=metadata.tables.keys())


@EVERY
def test_both_databases_can_make_it(table: Table) -> None:
    for dialect in (POSTGRESQL, SQLITE):
        assert table.name in str(CreateTable(table).compile(dialect=dialect))
        for index in table.indexes:
            made = str(CreateIndex(index).compile(dialect=dialect))
            assert "WHERE" not in made, "a partial index"


@EVERY
def test_nothing_is_left_to_the_database(table: Table) -> None:
    for column in table.columns:
        assert column.server_default is None
        assert column.autoincrement is not True
        assert not isinstance(column.type, DateTime), "instants are integers"
        if column.name.endswith("_us"):
            assert isinstance(column.type, BigInteger), "microseconds need 64 bits"


@EVERY
def test_positions_in_the_sequence_have_64_bits_on_postgresql(table: Table) -> None:
    for column in table.columns:
        if column.name in {"seq", "number", "changed", "closed_by", "epoch"}:
            assert column.type.compile(POSTGRESQL) == "BIGINT"
