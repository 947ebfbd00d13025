# SPDX-License-Identifier: GPL-2.0-or-later
"""The service put together: API, desk and intake on one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from fastapi import FastAPI

from enforcer.accounts.local import LocalAccounts
from enforcer.api.app import create_app
from enforcer.application.actor import Actor
from enforcer.application.notice_views import Notices, NoticeView
from enforcer.application.services import Services
from enforcer.application.sign_on import SignOn
from enforcer.errors import ConfigurationInvalid, NotFound
from enforcer.intake import http as intake_http
from enforcer.intake import service as intake_service
from enforcer.service_settings import ServiceSettings
from enforcer.usecases.answers import StoredAnswers
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from enforcer.web import site
from enforcer.web.problems import problem_page


class NoNotices:
    """Where no channel is configured, nothing was sent."""

    def notices(
        self, actor: Actor, state: str | None = None, limit: int = 100
    ) -> Sequence[NoticeView]:
        """None."""
        return ()

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """There is none."""
        raise NotFound(f"there is no notice {notice_id}: no channel is configured")


_: type[Notices] = NoNotices


@contextmanager
def composed(
    open_world: Callable[[], World], settings: ServiceSettings, sign_on: SignOn | None = None
) -> Iterator[FastAPI]:
    """The application, for the time that it is served. Raises StorageError."""
    world = open_world()
    try:
        application = LocalApplication(world)
        intake = intake_service.make(world, application, settings.intake)
        services = Services(
            application=application,
            accounts=LocalAccounts(world.database, world.clock, settings),
            reports=intake.desk,
            notices=NoNotices(),
            settings=settings,
            now=world.clock.now,
            answers=StoredAnswers(world.database, world.clock),
            sign_on=sign_on,
        )
        with intake.running():
            routers = [*site.routers(), *intake_http.routers(intake.inbox, settings.intake)]
            app = create_app(services, routers, problem_page)
            site.announce(app)
            yield app
    finally:
        world.database.close()


def check(settings: ServiceSettings) -> None:
    """Raise ConfigurationInvalid where the settings cannot be used, naming what."""
    intake_service.check(settings.intake)
    if settings.notify:
        raise ConfigurationInvalid(
            "service.notify: this version sends no notices: take the channels out"
        )
