# SPDX-License-Identifier: GPL-2.0-or-later
"""The first schema: audit chain, orders, lists, devices, control."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_audit()
    _create_orders()
    _create_lists()
    _create_devices()


def downgrade() -> None:
    for table in (
        "control",
        "device_owners",
        "device_facts",
        "list_chunks",
        "list_versions",
        "order_customers",
        "orders",
        "intents",
        "blobs",
        "audit_head",
        "audit",
    ):
        op.drop_table(table)


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("device", sa.Text()),
        sa.Column("prev", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject", "seq"])
    op.create_index("ix_audit_device", "audit", ["device", "seq"])
    op.create_index("ix_audit_kind", "audit", ["kind", "seq"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": bytes(32)}])
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_blobs"),
    )
    op.create_table(
        "intents",
        sa.Column("seq", KEY, autoincrement=False, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("closed_by", sa.BigInteger()),
        sa.PrimaryKeyConstraint("seq", name="pk_intents"),
        sa.ForeignKeyConstraint(["seq"], ["audit.seq"], name="fk_intents_audit"),
    )
    op.create_index("ix_intents_closed_by", "intents", ["closed_by"])


def _create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("number", KEY, autoincrement=False, nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger()),
        sa.Column("lifted_us", sa.BigInteger()),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("search", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_orders"),
        sa.UniqueConstraint("idempotency_key", name="uq_orders_idempotency_key"),
    )
    op.create_index("ix_orders_changed", "orders", ["changed"])
    op.create_index("ix_orders_ends_us", "orders", ["ends_us", "start_us"])
    op.create_table(
        "order_customers",
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer", "number", name="pk_order_customers"),
        sa.ForeignKeyConstraint(["number"], ["orders.number"], name="fk_order_customers_orders"),
    )
    op.create_index("ix_order_customers_number", "order_customers", ["number"])


def _create_lists() -> None:
    op.create_table(
        "list_versions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("imported_us", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_list_versions"),
    )
    op.create_table(
        "list_chunks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("family", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", "family", "part", name="pk_list_chunks"),
        sa.ForeignKeyConstraint(
            ["name", "version"],
            ["list_versions.name", "list_versions.version"],
            name="fk_list_chunks_list_versions",
        ),
    )


def _create_devices() -> None:
    op.create_table(
        "device_facts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_device_facts"),
    )
    op.create_table(
        "device_owners",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("adopted_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_device_owners"),
    )
    control = op.create_table(
        "control",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger()),
        sa.Column("by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("controller", sa.Text()),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_control"),
    )
    op.bulk_insert(control, [{"id": 1, "state": "running", "epoch": 0}])
