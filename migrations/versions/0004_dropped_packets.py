# SPDX-License-Identifier: GPL-2.0-or-later
"""How many packets the rules of orders dropped, over time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dropped_packets",
        sa.Column("order_number", sa.BigInteger(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("packets", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_number", "at_us", name="pk_dropped_packets"),
    )
    op.create_index("ix_dropped_packets_at_us", "dropped_packets", ["at_us"])


def downgrade() -> None:
    op.drop_table("dropped_packets")
