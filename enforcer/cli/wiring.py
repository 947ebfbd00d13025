# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line needs from outside; the defaults are the real thing, imported late."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from enforcer.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from enforcer.application import Application
    from enforcer.application.accounts import AccountBook
    from enforcer.application.notice_views import Notices
    from enforcer.application.report_views import Reports
    from enforcer.application.views import DoctorCheck
    from enforcer.client.connection import Connection, Server
    from enforcer.core.topology import Topology
    from enforcer.errors import StorageError
    from enforcer.settings import Settings

ApplicationFactory = Callable[["Settings"], "Application"]
Connect = Callable[["Server"], "Connection"]
ReportsFactory = Callable[["Settings"], "Reports"]
NoticesFactory = Callable[["Settings"], "Notices"]
AccountsFactory = Callable[["Settings"], "AccountBook"]


def application(settings: Settings) -> Application:
    """The local application on the settings' database."""
    from enforcer import bootstrap

    _collect_garbage()
    return bootstrap.application(settings)


def connect(server: Server) -> Connection:
    """The API of a server."""
    from enforcer.client.connection import Connection

    _collect_garbage()
    return Connection(server)


def accounts(settings: Settings) -> AccountBook:
    """The accounts on the settings' database."""
    from enforcer import bootstrap

    _collect_garbage()
    return bootstrap.accounts(settings)


def reports(settings: Settings) -> Reports:
    """Reports from outside, on the settings' database."""
    from enforcer import bootstrap

    _collect_garbage()
    return bootstrap.reports(settings)


def notices(settings: Settings) -> Notices:
    """Notices of the settings' database."""
    from enforcer import bootstrap

    _collect_garbage()
    return bootstrap.notices(settings)


def _serve(settings: Settings) -> int:
    if settings.service.mode == "none" or not settings.service.web.listen:
        from enforcer import bootstrap

        _collect_garbage()
        return bootstrap.serve(settings)
    from enforcer import running

    _collect_garbage()
    return running.run(settings)


def _collect_garbage() -> None:
    """From now on; what was imported is never looked at again."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _initialise(settings: Settings) -> None:
    from enforcer import bootstrap

    bootstrap.initialise(settings)


def _topology(settings: Settings) -> Topology:
    from enforcer import bootstrap

    return bootstrap.topology(settings)


def _doctor_without_database(settings: Settings, error: StorageError) -> Sequence[DoctorCheck]:
    from enforcer import bootstrap

    return bootstrap.doctor_without_database(settings, error)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@dataclass(frozen=True)
class Wiring:
    """Seams of the command line.

    `application`, `accounts`, `reports` and `notices` answer commands on this installation,
    `connect` reaches the server that a command goes to instead; `serve` runs the controller and
    gives the exit code; `initialise` creates or upgrades the database; `topology` loads the
    inventory (only to resolve a bare name in ``--from`` and ``--to``); `at_a_terminal`: whether a
    person can be asked;
    `completion_patience`: seconds that a shell waits for names and ids.
    """

    application: ApplicationFactory = application
    connect: Connect = connect
    accounts: AccountsFactory = accounts
    reports: ReportsFactory = reports
    notices: NoticesFactory = notices
    serve: Callable[[Settings], int] = _serve
    initialise: Callable[[Settings], None] = _initialise
    topology: Callable[[Settings], Topology] = _topology
    at_a_terminal: Callable[[], bool] = _at_a_terminal
    doctor_without_database: Callable[[Settings, StorageError], Sequence[DoctorCheck]] = (
        _doctor_without_database
    )
    clock: Clock = field(default_factory=SystemClock)
    completion_patience: float = 2.0
