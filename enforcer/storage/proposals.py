# SPDX-License-Identifier: GPL-2.0-or-later
"""Proposals: what waits for a second person, and what became of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from enforcer.core.four_eyes import proposal_id
from enforcer.errors import StorageError
from enforcer.storage.service_tables import proposals
from enforcer.storage.times import from_us, to_us
from enforcer.wire import JSONValue
from enforcer.wire.canonical import canonical

WAITING = "waiting"
APPROVED = "approved"
REJECTED = "rejected"
WITHDRAWN = "withdrawn"
LAPSED = "lapsed"
STATES = (WAITING, APPROVED, REJECTED, WITHDRAWN, LAPSED)

MADE = "proposal.made"
"""The kind of the entry that tells of a proposal; `DIGEST` in it names what was stored."""
DIGEST = "asked_sha256"

_all = select(proposals).order_by(proposals.c.number.desc())
_one = _all.where(proposals.c.number == bindparam("of"))
_keyed = _all.where(proposals.c.idempotency_key == bindparam("of"))
_about = _all.where(proposals.c.order_number == bindparam("of"))
_overdue = _all.where(
    proposals.c.state == WAITING, proposals.c.created_us <= bindparam("made_until")
)
_add = insert(proposals)
_decide = (
    update(proposals)
    .where(proposals.c.number == bindparam("of"), proposals.c.state == WAITING)
    .values(
        state=bindparam("is_state"),
        decided_us=bindparam("is_decided_us"),
        decided_by=bindparam("is_decided_by"),
        order_number=bindparam("is_order_number"),
        body=bindparam("is_body"),
    )
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody proposed; it never changes.

    `what`: place or change_end; `command`: in wire form. `person`: whose account it came from,
    whichever token was used; `roles`: that the account had. `target` and `kind` as an order is
    shown; `why`: it needs a second person.
    """

    what: str
    command: Mapping[str, JSONValue]
    person: str
    roles: tuple[str, ...]
    target: str
    kind: str
    reason: str
    ticket: str | None
    why: tuple[str, ...]

    def wire(self) -> dict[str, JSONValue]:
        """As it is stored."""
        return {
            "what": self.what,
            "command": dict(self.command),
            "person": self.person,
            "roles": [*self.roles],
            "target": self.target,
            "kind": self.kind,
            "reason": self.reason,
            "ticket": self.ticket,
            "why": [*self.why],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the stored form, hexadecimal."""
        return hashlib.sha256(canonical(self.wire())).hexdigest()


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal. `number`: its position in the change sequence.

    `order`: the number of the order that it is about, or that it became. `said`: what the one
    who decided wrote.
    """

    number: int
    asked: Asked
    issuer: str
    source: str
    created: datetime
    state: str = WAITING
    key: str | None = None
    order: int | None = None
    decided: datetime | None = None
    decided_by: str | None = None
    said: str = ""

    @property
    def id(self) -> str:
        """The printed id."""
        return proposal_id(self.number)


class ProposalReader:
    """Proposals as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> Proposal | None:
        """One proposal."""
        return self._one(_one, number)

    def by_key(self, idempotency_key: str) -> Proposal | None:
        """The proposal that was made with this key."""
        return self._one(_keyed, idempotency_key)

    def about(self, order: int) -> list[Proposal]:
        """Those that became this order, or that are about it, newest first."""
        return self._many(self._connection.execute(_about, {"of": order}).all())

    def newest(self, state: str | None = None, limit: int | None = 1000) -> list[Proposal]:
        """The newest ones, of one state or of all; `limit` None: every one."""
        wanted = _all if state is None else _all.where(proposals.c.state == state)
        return self._many(self._connection.execute(wanted.limit(limit)).all())

    def overdue(self, made_until: datetime) -> list[Proposal]:
        """Those that still wait and were made until then."""
        given = {"made_until": to_us(made_until)}
        return self._many(self._connection.execute(_overdue, given).all())

    def _one(self, statement: Select[*tuple[Any, ...]], of: int | str) -> Proposal | None:
        row = self._connection.execute(statement, {"of": of}).first()
        return None if row is None else _proposal(row)

    def _many(self, rows: Sequence[Row[Any]]) -> list[Proposal]:
        return [_proposal(row) for row in rows]


class ProposalWriter(ProposalReader):
    """Proposals inside one transaction that writes; record the reason beside."""

    def add_many(self, new: Sequence[Proposal]) -> None:
        """Store new ones, each under the entry that was recorded of it."""
        if new:
            self._connection.execute(_add, [_row(one) for one in new])

    def decide(self, decided: Proposal) -> None:
        """Store what became of one that waited. Raises StorageError where none did."""
        row = _row(decided)
        given = {
            "of": decided.number,
            "is_state": row["state"],
            "is_decided_us": row["decided_us"],
            "is_decided_by": row["decided_by"],
            "is_order_number": row["order_number"],
            "is_body": row["body"],
        }
        if self._connection.execute(_decide, given).rowcount != 1:
            raise StorageError(f"proposal {decided.id} does not wait any more: look at it again")


def _row(one: Proposal) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "issuer": one.issuer,
        "source": one.source,
        "created_us": to_us(one.created),
        "decided_us": None if one.decided is None else to_us(one.decided),
        "decided_by": one.decided_by,
        "order_number": one.order,
        "idempotency_key": one.key,
        "body": canonical({"asked": one.asked.wire(), "said": one.said}).decode(),
    }


def _proposal(row: Row[Any]) -> Proposal:
    body = _read(row.body, row.number)
    return Proposal(
        row.number,
        body[0],
        row.issuer,
        row.source,
        from_us(row.created_us),
        row.state,
        row.idempotency_key,
        row.order_number,
        None if row.decided_us is None else from_us(row.decided_us),
        row.decided_by,
        body[1],
    )


def _read(body: str, number: int) -> tuple[Asked, str]:
    """What was asked, and what was said when it was decided."""
    try:
        read = json.loads(body)
        asked = read["asked"]
        return (
            Asked(
                asked["what"],
                asked["command"],
                asked["person"],
                tuple(asked["roles"]),
                asked["target"],
                asked["kind"],
                asked["reason"],
                asked["ticket"],
                tuple(asked["why"]),
            ),
            read["said"],
        )
    except (ValueError, KeyError, TypeError) as problem:
        raise StorageError(
            f"proposal {proposal_id(number)} cannot be read: it was made by a newer version, or"
            " the database is damaged"
        ) from problem
