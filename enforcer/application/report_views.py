# SPDX-License-Identifier: GPL-2.0-or-later
"""What detectors and reporters sent, as it is shown and decided on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from enforcer.application.actor import Actor
from enforcer.application.commands import Command, PlaceOrder
from enforcer.application.views import OrderView, View


class ReportView(View):
    """One report or signal, and what became of it."""

    id: int
    at: datetime
    last: datetime
    """When the newest one like it came."""
    count: int
    """How many like it were coalesced in it."""
    format: str
    """xarf, arf, fastnetmon, suricata, alertmanager, crowdsec, ..."""
    source: str
    trusted: bool
    """Whether an authenticated detector sent it; what anybody can forge never is."""
    target: str | None
    """The address or prefix that it is about."""
    type: str
    """What it says happened: spam, ddos, portscan, ..."""
    state: str
    """open: waits for a person; ordered; counted: below its rule's threshold; ignored: no rule;
    dismissed; lifted: it said that it is over; malformed; failed: the order was refused."""
    rule: str | None
    said: str
    """Why it became what it became, for people."""
    order: str | None
    customer: str | None
    warnings: list[str] = []
    fields: dict[str, Any] = {}
    """What was understood."""
    raw: str | None = None
    """What came, as text; only where one report is asked for."""


class TrialView(View):
    """What a report would become; nothing was stored."""

    format: str
    type: str
    target: str | None
    evidence: str
    """What it rests on: tcp-established, udp, icmp, syn, mail, unknown."""
    part: str
    """The target's: source or victim."""
    course: str
    """order, open (for a person), ignored."""
    rule: str | None
    said: str
    demand: dict[str, Any] | None
    """What would be ordered."""
    customer: str | None
    warnings: list[str]


class PullView(View):
    """What came of asking another system's decisions at once."""

    source: str
    url: str
    taken: int
    """Decisions that were reported: new ones, and those that are over."""
    held: int
    """Said to be over, but too many at once: nothing was lifted of them."""


class ReportFilter(Command):
    """Which reports; all fields must match. `before`: an id, for the next page.

    `order`: the id of the order that was placed because of them. `target`: exactly this address
    or prefix, as reports have it.
    """

    states: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    source: str | None = None
    text: str | None = None
    order: str | None = None
    target: str | None = None
    limit: int = 100
    before: int | None = None


class Reports(Protocol):
    """Reports that came in. Raises NotFound, InvalidInput, Forbidden, StorageError."""

    def reports(self, actor: Actor, which: ReportFilter) -> Sequence[ReportView]:
        """Reports, newest first."""
        ...

    def report(self, actor: Actor, report_id: int) -> ReportView:
        """One report with what came."""
        ...

    def dismiss(self, actor: Actor, report_id: int, reason: str) -> ReportView:
        """Nothing is done about it."""
        ...

    def order_for(self, actor: Actor, report_id: int, command: PlaceOrder) -> OrderView:
        """Place an order because of it. Raises as `Application.place`."""
        ...

    def trial(self, actor: Actor, form: str, source: str, raw: bytes) -> Sequence[TrialView]:
        """What `raw` would become if `source` sent it now in this format; nothing is stored."""
        ...

    def poll(self, actor: Actor, confirm_shrink: bool = False) -> PullView:
        """Ask CrowdSec's local API for its decisions now.

        `confirm_shrink`: what is said to be over is over, however much it is.
        """
        ...
