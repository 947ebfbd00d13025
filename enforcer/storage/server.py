# SPDX-License-Identifier: GPL-2.0-or-later
"""What a PostgreSQL server is, as far as keeping what was committed depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Connection, func, literal_column, select

from enforcer.storage.times import from_us

_SAFE = ("fsync", "full_page_writes", "synchronous_commit")
_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)"

_facts = select(
    func.current_setting("server_version_num"),
    func.current_setting("server_version"),
    literal_column(_NOW, BigInteger),
    func.pg_is_in_recovery(),
    func.current_setting("default_transaction_read_only"),
    *(func.current_setting(name) for name in _SAFE),
)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """`number`: 150004 for 15.4. `now`: by its clock. `standby`: it replays another server's
    changes. `read_only`: transactions may not write unless they ask to. `unsafe`: the settings
    that are off, of those without which a commit may be lost in a power cut
    (https://www.postgresql.org/docs/15/runtime-config-wal.html).
    """

    number: int
    version: str
    now: datetime
    standby: bool = False
    read_only: bool = False
    unsafe: tuple[str, ...] = ()


def read_facts(connection: Connection) -> ServerFacts:
    """Ask the server. PostgreSQL only."""
    number, version, now_us, standby, read_only, *safe = connection.execute(_facts).one()
    return ServerFacts(
        int(number),
        str(version),
        from_us(now_us),
        bool(standby),
        read_only == "on",
        tuple(name for name, value in zip(_SAFE, safe, strict=True) if value == "off"),
    )
