# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything of the intake that runs beside the HTTP server: the inbox, listeners, pollers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from enforcer.application import Application
from enforcer.control.steps import Step, no_step
from enforcer.errors import ConfigurationInvalid
from enforcer.intake import crowdsec_poll, smtp, suricata_tail
from enforcer.intake.adapters import adapters
from enforcer.intake.desk import ReportDesk
from enforcer.intake.engine import Intake
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import IntakeSettings
from enforcer.usecases.world import World

Part = Callable[[Inbox], AbstractContextManager[object]]
"""Something that runs while the service does: a listener, a poller, a file that is followed."""


@dataclass(frozen=True)
class IntakeService:
    """`desk` answers people, `inbox` takes what comes while `running`."""

    inbox: Inbox
    desk: ReportDesk
    settings: IntakeSettings
    parts: tuple[Part, ...] = field(default=())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Take reports while the block runs; raises ConfigurationInvalid."""
        with ExitStack() as stack:
            stack.enter_context(self.inbox)
            for part in self.parts:
                stack.enter_context(part(self.inbox))
            yield


def make(
    world: World, application: Application, settings: IntakeSettings, step: Step = no_step
) -> IntakeService:
    """The service on `world`. Raises ConfigurationInvalid naming what is wrong in the settings."""
    intake = Intake(world, application, settings, step)
    inbox = Inbox(intake, settings.queue)
    desk = ReportDesk(world, application, settings)
    return IntakeService(inbox, desk, settings, tuple(_parts(settings, world)))


def check(settings: IntakeSettings) -> None:
    """Raise ConfigurationInvalid where rules or adapters cannot be used, naming them."""
    from enforcer.core.intake_reading import read_rules

    read_rules(settings.rules, settings.default_duration)
    adapters(settings)
    tuple(_parts(settings))


KNOWN = frozenset(["generic", "alertmanager", "mail", "crowdsec", "suricata", "wazuh"])
"""Names of adapters that have settings."""


def _parts(settings: IntakeSettings, world: World | None = None) -> Iterator[Part]:
    """What runs on `world`; without one the settings are only read."""
    adapters(settings)
    for name in settings.adapters:
        if name not in KNOWN:
            raise ConfigurationInvalid(
                f"service.intake.adapters.{name}: there is no such adapter: {sorted(KNOWN)}"
            )
    if "mail" in settings.adapters:
        mail = smtp.read_settings(settings.adapters["mail"])
        yield lambda inbox: smtp.listening(inbox, mail)
    yield from _fetching(settings, world)


def _fetching(settings: IntakeSettings, world: World | None) -> Iterator[Part]:
    """What asks by itself: local APIs of CrowdSec, the log of Suricata."""
    if "crowdsec" in settings.adapters:
        lapi = crowdsec_poll.read_settings(settings.adapters["crowdsec"])
        if world is not None:
            places = world
            yield lambda inbox: crowdsec_poll.polling(inbox, lapi, places)
    if "suricata" in settings.adapters:
        base = Path.cwd() if world is None else world.installation.base
        tail = suricata_tail.read_settings(settings.adapters["suricata"], base)
        if tail is not None and world is not None:
            log, clock = tail, world.clock
            yield lambda inbox: suricata_tail.following(inbox, log, clock)
