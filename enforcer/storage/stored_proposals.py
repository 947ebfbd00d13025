# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether proposals are as the audit chain tells of them: what was asked, and who decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from enforcer.core.four_eyes import proposal_number
from enforcer.core.orders import order_number
from enforcer.storage.chain import Link
from enforcer.storage.proposals import DIGEST, LAPSED, MADE, WAITING, Proposal, ProposalReader
from enforcer.storage.records import VerifyResult, broken
from enforcer.storage.times import to_us

_KIND = "proposal."


@dataclass(slots=True)
class _Told:
    digest: str
    issuer: str
    source: str
    created_us: int
    order: int | None
    state: str = WAITING
    decided_us: int | None = None
    decided_by: str | None = None
    said: str = ""


class StoredProposals:
    """Tells the proposals again from the chain, and compares at the end: there are few."""

    def __init__(self, connection: Connection) -> None:
        self._reader = ProposalReader(connection)
        self._told: dict[int, _Told] = {}

    def differing(self, page: Sequence[Link]) -> VerifyResult | None:
        """Nothing yet: what `page` says of proposals is remembered."""
        for link in page:
            if link.kind.startswith(_KIND):
                self._tell(link, json.loads(link.body)["payload"])
        return None

    def _tell(self, link: Link, payload: dict[str, Any]) -> None:
        order = order_number(str(payload.get("order", "")))
        if link.kind == MADE:
            digest = str(payload.get(DIGEST))
            self._told[link.seq] = _Told(digest, link.actor, link.source, link.at_us, order)
            return
        told = self._told.get(proposal_number(link.subject or "") or 0)
        if told is not None:
            told.state = link.kind.removeprefix(_KIND)
            told.decided_us = link.at_us
            told.decided_by = None if told.state == LAPSED else link.actor
            told.said = str(payload.get("reason"))
            told.order = order or told.order

    def end(self, head: int) -> VerifyResult | None:
        """A proposal that is missing, that nothing tells of, or that says something else."""
        stored = {one.number: _as_told(one) for one in self._reader.newest(limit=None)}
        for seq in sorted(self._told.keys() | stored.keys()):
            if seq not in stored:
                return broken(seq, "tells of a proposal that is missing")
            if seq not in self._told:
                return broken(min(seq, head), "does not tell of the proposal stored with it")
            if stored[seq] != self._told[seq]:
                return broken(seq, "tells of a proposal that was changed")
        return None


def _as_told(one: Proposal) -> _Told:
    return _Told(
        one.asked.digest,
        one.issuer,
        one.source,
        to_us(one.created),
        one.order,
        one.state,
        None if one.decided is None else to_us(one.decided),
        one.decided_by,
        one.said,
    )
