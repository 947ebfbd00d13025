# SPDX-License-Identifier: GPL-2.0-or-later
"""The service put together: API, desk and intake on one database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import FastAPI

from enforcer.accounts.local import LocalAccounts
from enforcer.api import health, metrics
from enforcer.api.app import create_app
from enforcer.application.services import Services
from enforcer.application.sign_on import SignOn
from enforcer.intake import http as intake_http
from enforcer.intake import lapi, openc2
from enforcer.intake import service as intake_service
from enforcer.notify import channel_settings
from enforcer.notify.desk import NoticeDesk
from enforcer.notify.measures import Measures
from enforcer.notify.metrics import ServiceWatch
from enforcer.notify.outlets import Outlets
from enforcer.service_settings import ServiceSettings
from enforcer.usecases.answers import StoredAnswers
from enforcer.usecases.drop_samples import DropDesk
from enforcer.usecases.local import LocalApplication
from enforcer.usecases.world import World
from enforcer.web import site
from enforcer.web.problems import problem_page


@contextmanager
def composed(
    open_world: Callable[[], World],
    settings: ServiceSettings,
    sign_on: SignOn | None = None,
    measures: Measures | None = None,
    outlets: Outlets | None = None,
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
            notices=NoticeDesk(world.database, world.clock, outlets),
            settings=settings,
            now=world.clock.now,
            answers=StoredAnswers(world.database, world.clock),
            sign_on=sign_on,
            watch=ServiceWatch(world.database, world.clock, measures or Measures()),
            drops=DropDesk(world),
        )
        with intake.running():
            routers = [*site.routers(), *intake_http.routers(intake.inbox, settings.intake)]
            routers += [lapi.router(world), openc2.router(settings.intake)]
            routers += [health.router, metrics.router]
            app = create_app(services, routers, problem_page)
            site.announce(app)
            yield app
    finally:
        world.database.close()


def check(settings: ServiceSettings) -> None:
    """Raise ConfigurationInvalid where the settings cannot be used, naming what."""
    intake_service.check(settings.intake)
    channel_settings.check(settings.notify)
