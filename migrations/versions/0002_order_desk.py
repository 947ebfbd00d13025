# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk: inventories in force, the past, alarms, kill switches, feeds, the lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("list_versions", sa.Column("report", sa.String(64)))
    op.create_index("ix_orders_source", "orders", ["source", "created_us"])
    _create_past()
    _create_devices()
    _create_desk()
    _create_lease()
    # What stood before this version is known as it is now, since its last change.
    op.execute(
        "INSERT INTO order_versions (number, seq, at_us, body)"
        " SELECT orders.number, orders.changed, audit.at_us, orders.body"
        " FROM orders JOIN audit ON audit.seq = orders.changed"
    )


def downgrade() -> None:
    for table in (
        "lease",
        "audit_signatures",
        "feed_states",
        "stopped_sources",
        "alarms",
        "device_controls",
        "device_periods",
        "order_versions",
        "inventories",
    ):
        op.drop_table(table)
    op.drop_index("ix_orders_source", "orders")
    op.drop_column("list_versions", "report")


def _create_past() -> None:
    op.create_table(
        "inventories",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_inventories"),
        sa.ForeignKeyConstraint(["seq"], ["audit.seq"], name="fk_inventories_audit"),
    )
    op.create_index("ix_inventories_digest", "inventories", ["digest"])
    op.create_table(
        "order_versions",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "seq", name="pk_order_versions"),
        sa.ForeignKeyConstraint(["number"], ["orders.number"], name="fk_order_versions_orders"),
    )
    op.create_index("ix_order_versions_at_us", "order_versions", ["at_us"])
    op.create_table(
        "audit_signatures",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.LargeBinary(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_signatures"),
    )


def _create_devices() -> None:
    op.create_table(
        "device_periods",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("from_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("inventory", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", "from_us", name="pk_device_periods"),
    )
    op.create_index("ix_device_periods_name", "device_periods", ["name", "until_us"])
    op.create_table(
        "device_controls",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_device_controls"),
    )


def _create_desk() -> None:
    op.create_table(
        "alarms",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("raised_us", sa.BigInteger(), nullable=False),
        sa.Column("cleared_us", sa.BigInteger()),
        sa.PrimaryKeyConstraint("seq", name="pk_alarms"),
        sa.ForeignKeyConstraint(["seq"], ["audit.seq"], name="fk_alarms_audit"),
    )
    op.create_index("ix_alarms_cleared_us", "alarms", ["cleared_us"])
    op.create_index("ix_alarms_kind", "alarms", ["kind", "subject"])
    op.create_table(
        "stopped_sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stopped_sources"),
    )
    op.create_table(
        "feed_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_feed_states"),
    )


def _create_lease() -> None:
    lease = op.create_table(
        "lease",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_lease"),
    )
    op.bulk_insert(lease, [{"id": 1, "epoch": 0, "until_us": 0}])
