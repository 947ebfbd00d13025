# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that the service is made of, handed to API, desk and intake."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from enforcer.application import Application
from enforcer.application.accounts import Accounts
from enforcer.application.answers import Answers
from enforcer.application.drop_views import Drops
from enforcer.application.notice_views import Notices
from enforcer.application.report_views import Reports
from enforcer.application.sign_on import SignOn
from enforcer.application.watch_views import Watch
from enforcer.service_settings import ServiceSettings


@dataclass(frozen=True)
class Services:
    """`now`: the wall clock; `settings`: what concerns the service, nothing secret.

    `answers`: those that were given before; None: `Idempotency-Key` counts for orders only.
    """

    application: Application
    accounts: Accounts
    reports: Reports
    notices: Notices
    settings: ServiceSettings
    now: Callable[[], datetime]
    answers: Answers | None = None
    sign_on: SignOn | None = None
    """None: only passwords."""
    watch: Watch | None = None
    """Probes and numbers; None: of no running controller."""
    drops: Drops | None = None
    """Packets dropped over time; None: nobody counts them."""
