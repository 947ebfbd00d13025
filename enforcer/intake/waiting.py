# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of which a proposal was made: what the report says once somebody decided."""

from __future__ import annotations

from dataclasses import replace

from enforcer.core.four_eyes import proposal_number
from enforcer.storage.proposals import APPROVED, WAITING, Proposal
from enforcer.storage.reports import StoredReport
from enforcer.storage.unit_of_work import Reader
from enforcer.usecases.proposing import as_of
from enforcer.usecases.world import World


def waits_for(row: StoredReport) -> int | None:
    """The number of the proposal that the report waits for."""
    named = row.body.get("proposal")
    return proposal_number(named) if named and row.state == "open" else None


def as_decided(reader: Reader, row: StoredReport, world: World) -> StoredReport:
    """`row` itself while its proposal waits, or it has none; else what became of it."""
    number = waits_for(row)
    stored = None if number is None else reader.proposals.get(number)
    if stored is None:
        return row
    proposal = as_of(stored, world.clock.now(), world.four_eyes)
    if proposal.state == WAITING:
        return row
    body = {**row.body, "proposal": None, "proposed": proposal.id, "said": _said(proposal)}
    if proposal.state == APPROVED:
        return replace(row, state="ordered", order=proposal.order or row.order, body=body)
    return replace(row, body=body)


def key_of(row: StoredReport) -> str:
    """The idempotency key of an order because of a report.

    The key of a proposal that was refused is not taken again, so after it there is another.
    """
    refused = row.body.get("proposed") if row.state != "ordered" else None
    return f"report:{row.id}:{refused}" if refused else f"report:{row.id}"


def _said(proposal: Proposal) -> str:
    by = f" by {proposal.decided_by}" if proposal.decided_by else ""
    why = f": {proposal.said}" if proposal.said else ""
    if proposal.state == APPROVED:
        return f"ordered by {proposal.issuer}, proposal {proposal.id} was approved{by}{why}"
    return f"proposal {proposal.id} is {proposal.state}{by}{why}: it waits for a person again"
