# SPDX-License-Identifier: GPL-2.0-or-later
"""Alembic's environment: `enforcer.storage.migrate` brings the connection.

A developer who writes a migration says which database instead:
``alembic -x url=sqlite:///scratch.db revision --autogenerate -m "what changes"``.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from enforcer.storage.engine import migration_engine
from enforcer.storage.service_tables import metadata


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = migration_engine(context.get_x_argument(as_dictionary=True)["url"])
    with engine.connect() as own:
        migrate(own)
    engine.dispose()
