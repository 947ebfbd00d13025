# SPDX-License-Identifier: GPL-2.0-or-later
"""The office with an intake: rules, a detector, and what became of its reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

from enforcer.application.accounts import Accounts
from enforcer.application.actor import Actor
from enforcer.application.notice_views import Notices
from enforcer.application.report_views import ReportFilter, ReportView
from enforcer.application.services import Services
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.core.orders import Order
from enforcer.core.signals import Evidence, Signal
from enforcer.intake.arrivals import Arrival, Receipt
from enforcer.intake.desk import ReportDesk
from enforcer.intake.engine import Intake
from enforcer.service_settings import IntakeSettings, ServiceSettings
from enforcer.storage.database import Database
from tests.unit.usecases.office import Office

KINDS = frozenset({"block_address", "block_port", "block_flow", "blackhole", "suspend_customer"})
LIMITS = MachineLimits(kinds=KINDS, longest=86_400 * 30, own_space=False, per_minute=100_000)
IDS = Actor("ids-1", "ids", Rights(frozenset({Role.DETECTOR}), machine=LIMITS))
FLOW = Actor("flow-1", "flow", Rights(frozenset({Role.DETECTOR}), machine=LIMITS))
MAILBOX = Actor("mail", "mail", Rights(frozenset({Role.DETECTOR})))

BLOCK: dict[str, Any] = {
    "name": "scanners",
    "do": "order",
    "type": "scan*",
    "kind": "block_address",
    "direction": "from",
    "duration": "1h",
}


def signal(target: str | None = "192.0.2.7", **stated: Any) -> Signal:
    """A scanner that finished its handshakes, unless stated otherwise."""
    if "peer" in stated:
        stated["peer"] = ip_network(stated["peer"])
    plain = Signal("test", "scanner", evidence=Evidence.ESTABLISHED)
    return replace(plain, target=None if target is None else ip_network(target), **stated)


class ReportOffice(Office):
    """`intake` takes, `desk` shows."""

    def __init__(
        self, database: Database, rules: Sequence[dict[str, Any]], **settings: Any
    ) -> None:
        super().__init__(database)
        self.settings = IntakeSettings(rules=tuple(rules), **settings)
        self.intake = Intake(self.world, self.app, self.settings)
        self.desk = ReportDesk(self.world, self.app)

    def services(self, accounts: Accounts, notices: Notices, settings: ServiceSettings) -> Services:
        """What an HTTP application is made on."""
        return Services(self.app, accounts, self.desk, notices, settings, self.clock.now)

    def take(
        self, *signals: Signal, actor: Actor = IDS, trusted: bool = True, raw: bytes | None = None
    ) -> list[Receipt]:
        """What became of each; a refusal fails the test."""
        results = self.intake.take([Arrival(actor, one, trusted, raw) for one in signals])
        assert all(isinstance(one, Receipt) for one in results), results
        return [one for one in results if isinstance(one, Receipt)]

    def take_one(self, one: Signal, **how: Any) -> Receipt:
        (receipt,) = self.take(one, **how)
        return receipt

    def reports(self, **which: Any) -> Sequence[ReportView]:
        return self.desk.reports(Actor("ann", "cli"), ReportFilter(**which))

    def placed(self) -> list[Order]:
        """Every order, oldest first."""
        with self.database.read() as reader:
            return list(reversed(reader.orders.search(limit=100_000)))
