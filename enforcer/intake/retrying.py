# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports whose order was refused for a reason that passes: which of them are tried again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from enforcer.core.prefixes import parse_network
from enforcer.core.signals import Evidence, Of, Part, Signal
from enforcer.intake.deciding import Verdict
from enforcer.storage.reports import StoredReport
from enforcer.storage.times import from_us
from enforcer.storage.unit_of_work import Reader

PASSING = frozenset({"paused", "frozen", "too-fast", "machine-too-fast"})
"""Codes of refusals that another moment changes, with nobody doing anything wrong."""
AT_ONCE = 100
"""Orders that are tried again in one go."""
LOOKED_AT = 1000
_FIRST = timedelta(minutes=1)
_MOST_DOUBLED = 6


def due(rows: Iterable[StoredReport], now: datetime) -> list[StoredReport]:
    """Those of `rows` whose time has come, in their order: after 1, 2, 4 ... 64 minutes."""
    return [row for row in rows if row.body.get("code") in PASSING and _next(row.body) <= now][
        :AT_ONCE
    ]


def _next(body: dict[str, Any]) -> datetime:
    waits: int = 2 ** min(body.get("tries", 0), _MOST_DOUBLED)
    return from_us(body["tried_us"]) + _FIRST * waits


def signal_of(row: StoredReport, of: Of) -> Signal:
    """What came, as far as rules look at it; `of`: which end the rule took it to be about."""
    body = row.body
    asked = body.get("asked")
    seen = Signal(
        row.format,
        row.type,
        target=_network(row.target),
        peer=_network(body["peer"]),
        evidence=Evidence(body["evidence"]),
        part=Part(body["part"]),
        severity=body["severity"],
        port=body["port"],
        protocol=body["protocol"],
        reporter=body["reporter"],
        id=body["report_id"],
        duration=None if asked is None else timedelta(seconds=asked),
        fields=body["fields"],
    )
    return seen.seen_from(of)


def _network(text: str | None) -> Any:  # noqa: ANN401 - as `parse_network` gives it
    return None if text is None else parse_network(text)


def still_let_in(reader: Reader, by: dict[str, Any], now: datetime) -> bool:
    """Whether the token or account that reported is still let in; what is neither always is."""
    token = reader.tokens.get(by["name"])
    if token is not None and (token.revoked or (token.ends is not None and token.ends <= now)):
        return False
    account = reader.users.get(by["name"] if token is None else token.owner)
    return account is None or account.disabled is None


def still_ordered(row: StoredReport, verdict: Verdict) -> bool:
    """Whether the rules, as they are now, order the same that was refused."""
    rule = verdict.rule
    return verdict.course == "order" and rule is not None and rule.name == row.body["rule"]
