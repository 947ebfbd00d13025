# SPDX-License-Identifier: GPL-2.0-or-later
"""Which reports led to an order, without a walk through all of them."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reports_order_number", "reports", ["order_number"])


def downgrade() -> None:
    op.drop_index("ix_reports_order_number", "reports")
