# SPDX-License-Identifier: GPL-2.0-or-later
"""What orders are about, and where the parts of lists lie, as indexes that an address finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000
_FAMILY = {4: b"\x04", 6: b"\x06"}


def upgrade() -> None:
    made = op.create_table(
        "order_targets",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", "number", name="pk_order_targets"),
        sa.ForeignKeyConstraint(["number"], ["orders.number"], name="fk_order_targets_orders"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_order_targets_number", "order_targets", ["number"])
    _create_bounds()
    connection = op.get_bind()
    for rows in _stored(connection):
        connection.execute(sa.insert(made), rows)


def downgrade() -> None:
    op.drop_table("list_bounds")
    op.drop_table("order_targets")


def _create_bounds() -> None:
    """Without rows: a list that is stored already is read whole until its next import."""
    part = ("name", "version", "family", "part")
    op.create_table(
        "list_bounds",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("family", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("low", sa.LargeBinary(16), nullable=False),
        sa.Column("high", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(*part, name="pk_list_bounds"),
        sa.ForeignKeyConstraint(
            part, [f"list_chunks.{one}" for one in part], name="fk_list_bounds_list_chunks"
        ),
    )


def _stored(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """The rows of the orders that are there, some at a time."""
    orders = sa.table("orders", sa.column("number"), sa.column("body"))
    after = -1
    while True:
        some = sa.select(orders.c.number, orders.c.body).where(orders.c.number > after)
        page = connection.execute(some.order_by(orders.c.number).limit(_AT_ONCE)).all()
        if not page:
            return
        rows = [
            {"key": key, "number": number}
            for number, body in page
            for key in sorted(set(_keys(json.loads(body)["demand"])))
        ]
        if rows:
            yield rows
        after = page[-1][0]


def _keys(demand: dict[str, Any]) -> Iterator[bytes]:
    match demand["kind"]:
        case "block_address" | "blackhole":
            yield _prefix(demand["prefix"])
        case "block_port":
            yield from _selection(demand["target"])
        case "block_flow":
            yield from _selection(demand["source"])
            yield from _selection(demand["destination"])
        case "block_list":
            yield b"l" + demand["list_name"].encode()
        case "suspend_customer":
            yield b"n" + demand["customer"].encode()
        case "cut_feed":
            yield b"n" + demand["customer"].encode()
            yield b"n" + demand.get("news_servers", "news").encode()


def _selection(selection: dict[str, Any]) -> Iterator[bytes]:
    yield from map(_prefix, selection.get("prefixes", ()))
    for part in ("customers", "service_sets"):
        yield from (b"n" + name.encode() for name in selection.get(part, ()))


def _prefix(text: str) -> bytes:
    prefix = ip_network(text)
    return _FAMILY[prefix.version] + prefix.network_address.packed + bytes((prefix.prefixlen,))
