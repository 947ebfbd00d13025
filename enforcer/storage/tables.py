# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema, for SQLite and PostgreSQL alike: no server defaults, no partial indexes.

Instants are int64 microseconds UTC (`enforcer.storage.times`). Numbers of orders, audit
entries and intents are positions in the one change sequence. The tables of the service are in
`service_tables`; `metadata` is complete only there.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0006"
"""The migration that leads to this schema."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# INTEGER PRIMARY KEY is SQLite's own row number: one tree instead of two.
KEY = BigInteger().with_variant(Integer(), "sqlite")
DIGEST_LENGTH = 64

audit = Table(
    "audit",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("subject", Text),
    Column("device", Text),
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject", "seq"),
    Index(None, "device", "seq"),
    Index(None, "kind", "seq"),
)

# One row. Whoever holds its lock owns the next position of the change sequence.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

blobs = Table(
    "blobs",
    metadata,
    Column("digest", String(DIGEST_LENGTH), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

intents = Table(
    "intents",
    metadata,
    Column("seq", KEY, ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    Column("device", Text, nullable=False),
    Column("closed_by", BigInteger),
    Index(None, "closed_by"),
)

orders = Table(
    "orders",
    metadata,
    Column("number", KEY, primary_key=True, autoincrement=False),
    Column("changed", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("start_us", BigInteger, nullable=False),
    Column("end_us", BigInteger),
    Column("lifted_us", BigInteger),
    # The earlier of end and lifted, `NEVER` where there is neither.
    Column("ends_us", BigInteger, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("search", Text, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("idempotency_key"),
    Index(None, "changed"),
    Index(None, "ends_us", "start_us"),
    Index(None, "source", "created_us"),
)

# The customers that an order's target names.
order_customers = Table(
    "order_customers",
    metadata,
    Column("customer", Text, primary_key=True),
    Column(
        "number", BigInteger, ForeignKey("orders.number"), primary_key=True, autoincrement=False
    ),
    Index(None, "number"),
)

# What each order is about; `enforcer.storage.target_keys` says how the keys are written.
order_targets = Table(
    "order_targets",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column(
        "number", BigInteger, ForeignKey("orders.number"), primary_key=True, autoincrement=False
    ),
    Index(None, "number"),
    # The key is the table, instead of beside it.
    sqlite_with_rowid=False,
)

list_versions = Table(
    "list_versions",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("imported_us", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("sha256", String(DIGEST_LENGTH), nullable=False),
    # The blob that tells what was rejected, line by line; absent where nothing was.
    Column("report", String(DIGEST_LENGTH)),
)

# Up to 65,536 ranges of one family; `enforcer.storage.columns` says how they are written.
list_chunks = Table(
    "list_chunks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("family", SmallInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(["name", "version"], ["list_versions.name", "list_versions.version"]),
)

# The lowest and the highest address of a part, 16 bytes each: apart from what it holds, so that
# an address finds its part without the others being read. A part without is read.
list_bounds = Table(
    "list_bounds",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("family", SmallInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("low", LargeBinary(16), nullable=False),
    Column("high", LargeBinary(16), nullable=False),
    ForeignKeyConstraint(
        ["name", "version", "family", "part"],
        ["list_chunks.name", "list_chunks.version", "list_chunks.family", "list_chunks.part"],
    ),
)

device_facts = Table(
    "device_facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

device_owners = Table(
    "device_owners",
    metadata,
    Column("name", Text, primary_key=True),
    Column("controller", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("adopted_us", BigInteger, nullable=False),
)

# One row. `controller` is absent until `enforcer init` has named this installation.
control = Table(
    "control",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("since_us", BigInteger),
    Column("by", Text),
    Column("reason", Text),
    Column("controller", Text),
    Column("epoch", BigInteger, nullable=False),
)

# Every inventory that was ever in force, from the audit entry `seq` on; the newest is now.
inventories = Table(
    "inventories",
    metadata,
    Column("seq", KEY, ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("digest", String(DIGEST_LENGTH), nullable=False),
    Column("origin", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "digest"),
)

# An order as it stood from the audit entry `seq` on, until its next one.
order_versions = Table(
    "order_versions",
    metadata,
    Column(
        "number", BigInteger, ForeignKey("orders.number"), primary_key=True, autoincrement=False
    ),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "at_us"),
)

# From `from_us` to `until_us` every look at the device found exactly what was desired, with
# the changes up to `seq` under the inventory `inventory`: one row per unbroken run of proofs.
device_periods = Table(
    "device_periods",
    metadata,
    Column("name", Text, primary_key=True),
    Column("from_us", BigInteger, primary_key=True, autoincrement=False),
    Column("until_us", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("inventory", String(DIGEST_LENGTH), nullable=False),
    Index(None, "name", "until_us"),
)

device_controls = Table(
    "device_controls",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

# One row per alarm that is or was raised; an open one is not raised again.
alarms = Table(
    "alarms",
    metadata,
    Column("seq", KEY, ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("raised_us", BigInteger, nullable=False),
    Column("cleared_us", BigInteger),
    Index(None, "cleared_us"),
    Index(None, "kind", "subject"),
)

# Kill switches: a source that is here may not place orders.
stopped_sources = Table(
    "stopped_sources",
    metadata,
    Column("name", Text, primary_key=True),
    Column("since_us", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

feed_states = Table(
    "feed_states",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

# Signed heads: the chain up to `seq` had `hash` when the holder of the key `key` signed it.
audit_signatures = Table(
    "audit_signatures",
    metadata,
    Column("seq", KEY, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("key", String(DIGEST_LENGTH), nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)

# One row. Who leads until when; `epoch` only grows, and is the epoch of the controller.
lease = Table(
    "lease",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("holder", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
