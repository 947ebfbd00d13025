# SPDX-License-Identifier: GPL-2.0-or-later
"""The schema of the service: accounts, approvals, reports, notices. See `tables`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from enforcer.storage.tables import DIGEST_LENGTH, KEY, metadata

__all__ = ["metadata"]

# People with an account here; `password` is an argon2 hash, absent for those who only come by
# OpenID Connect (`provider` and `subject` are the token's iss and sub).
users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("password", Text),
    Column("provider", Text),
    Column("subject", Text),
    Column("created_us", BigInteger, nullable=False),
    Column("disabled_us", BigInteger),
    # Roles, display name, mail address, zone: `enforcer.accounts` writes it.
    Column("body", Text, nullable=False),
    UniqueConstraint("provider", "subject"),
)

# `digest` is SHA-256 of the cookie's value: what is stored opens nothing.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("digest", String(DIGEST_LENGTH), primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "user"),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    # The public beginning of the token, by which people call it.
    Column("name", Text, primary_key=True),
    Column("digest", String(DIGEST_LENGTH), nullable=False),
    # The source of its orders: limits and kill switches are stated for it.
    Column("source", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger),
    Column("revoked_us", BigInteger),
    Column("used_us", BigInteger),
    # Roles, read-only, networks, what a detector may ask for.
    Column("body", Text, nullable=False),
    UniqueConstraint("digest"),
)

# Failed logins, for throttling; `key` is a user's name or an address, each with its prefix.
failed_logins = Table(
    "failed_logins",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Index(None, "key", "at_us"),
)

# What waits for a second person, and what became of it; `number` is its position in the chain.
proposals = Table(
    "proposals",
    metadata,
    Column("number", KEY, ForeignKey("audit.seq"), primary_key=True, autoincrement=False),
    # waiting, approved, rejected, withdrawn, lapsed
    Column("state", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("decided_us", BigInteger),
    Column("decided_by", Text),
    Column("order_number", BigInteger),
    Column("idempotency_key", Text),
    Column("body", Text, nullable=False),
    UniqueConstraint("idempotency_key"),
    Index(None, "state", "number"),
)

# What detectors and reporters sent, as it came and what became of it.
reports = Table(
    "reports",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    # The adapter that read it: xarf, arf, fastnetmon, ...
    Column("format", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("dedup", Text, nullable=False),
    Column("target", Text),
    Column("type", Text, nullable=False),
    # open, ordered, counted, ignored, dismissed, malformed, failed
    Column("state", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_us", BigInteger, nullable=False),
    Column("order_number", BigInteger),
    # What was understood, the rule that took it, what was said of it.
    Column("body", Text, nullable=False),
    # What came, compressed; absent where it was like the one before.
    Column("raw", LargeBinary),
    Index(None, "state", "id"),
    Index(None, "dedup", "last_us"),
    Index(None, "target", "last_us"),
    Index(None, "order_number"),
)

# How far each channel of notices has read the change sequence.
notice_channels = Table(
    "notice_channels",
    metadata,
    Column("name", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", KEY, primary_key=True, autoincrement=False),
    Column("channel", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    # waiting, sent, dead
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_us", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("channel", "seq", "event"),
    Index(None, "state", "next_us"),
)

# The first answer to a request with an Idempotency-Key, by who asked and the key.
api_answers = Table(
    "api_answers",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request", String(DIGEST_LENGTH), nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "at_us"),
)

# Packets that the rules of an order had dropped at an instant, at least; pruned with time.
dropped_packets = Table(
    "dropped_packets",
    metadata,
    Column("order_number", BigInteger, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, primary_key=True, autoincrement=False),
    Column("packets", BigInteger, nullable=False),
    Index(None, "at_us"),
)
