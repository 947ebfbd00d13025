# SPDX-License-Identifier: GPL-2.0-or-later
"""One invocation of the command line: its options, settings, application and output."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from enforcer.cli.options import Format, Globals
from enforcer.cli.output import Output
from enforcer.cli.wiring import Wiring
from enforcer.errors import EnforcerError, InvalidInput

if TYPE_CHECKING:
    from enforcer.application import Application
    from enforcer.application.accounts import AccountBook
    from enforcer.application.actor import Actor
    from enforcer.application.notice_views import Notices
    from enforcer.application.report_views import Reports
    from enforcer.client.connection import Connection
    from enforcer.settings import Settings

SOURCE = "cli"


class Names(Protocol):
    """What the inventory calls things: which is which of a bare name."""

    @property
    def customers(self) -> Container[str]:
        """Names of customers."""
        ...

    @property
    def service_sets(self) -> Container[str]:
        """Names of service sets."""
        ...


@dataclass(frozen=True)
class Known:
    """The names of an inventory that is elsewhere."""

    customers: frozenset[str]
    service_sets: frozenset[str]


_LOG_LEVELS = ("warning", "info", "debug")


@dataclass(frozen=True)
class Session:
    """What a command works with. Settings and application are made when first used."""

    wiring: Wiring
    options: Globals

    def refined(self, options: Globals) -> Session:
        """This session with options that were given after the command's name."""
        return replace(self, options=options.over(self.options))

    @cached_property
    def settings(self) -> Settings:
        """The installation's settings. Raises ConfigurationInvalid, InvalidInput."""
        from enforcer.settings import load

        if self.server is not None:
            raise InvalidInput(
                f"this works on the installation itself, not through {self.server}: run it there,"
                " without --server"
            )
        return load(self.options.config)

    @cached_property
    def server(self) -> str | None:
        """The server that is worked through; None: this machine's installation."""
        from enforcer.cli.remote import url_of

        return url_of(self.options)

    @cached_property
    def connection(self) -> Connection:
        """The server's API. Raises InvalidInput, ConfigurationInvalid: there is no token for it."""
        from enforcer.cli.remote import server_of

        assert self.server is not None
        return self.wiring.connect(server_of(self.options, self.server))

    @property
    def _logging(self) -> Settings:
        """The settings; what is made of them logs warnings, or more with ``-v``."""
        level = _LOG_LEVELS[min(self.options.verbose, 2)]
        return self.settings.model_copy(update={"log_level": level})

    @cached_property
    def application(self) -> Application:
        """The application, here or through the server."""
        if self.server is None:
            return self.wiring.application(self._logging)
        from enforcer.client.application import HttpApplication

        return HttpApplication(self.connection, self.wiring.clock)

    @cached_property
    def accounts(self) -> AccountBook:
        """Accounts, here or through the server."""
        if self.server is None:
            return self.wiring.accounts(self._logging)
        from enforcer.client.accounts import HttpAccounts

        return HttpAccounts(self.connection)

    @cached_property
    def reports(self) -> Reports:
        """Reports from outside, here or through the server."""
        if self.server is None:
            return self.wiring.reports(self._logging)
        from enforcer.client.reports import HttpReports

        return HttpReports(self.connection)

    @cached_property
    def notices(self) -> Notices:
        """Notices, here or through the server."""
        if self.server is None:
            return self.wiring.notices(self._logging)
        from enforcer.client.notices import HttpNotices

        return HttpNotices(self.connection)

    @cached_property
    def actor(self) -> Actor:
        """Who is asking. Raises InvalidInput for an empty name."""
        from enforcer.application.actor import Actor

        if self.options.actor is not None and not self.options.actor.strip():
            raise InvalidInput("--actor is empty: give a name, or leave it out")
        if self.server is not None:
            if self.options.actor is not None:
                raise InvalidInput("--actor: the token says who is asking: leave it out")
            return Actor("token", SOURCE)
        return Actor(self.options.actor or self.settings.actor, SOURCE)

    def names(self) -> Names:
        """The inventory's names. Raises ConfigurationInvalid and what a server raises."""
        if self.server is None:
            return self.wiring.topology(self.settings)
        shown = self.application.inventory_show(self.actor)
        return Known(
            frozenset(str(one["name"]) for one in shown.customers),
            frozenset(str(one["name"]) for one in shown.service_sets),
        )

    @property
    def now(self) -> datetime:
        """The wall clock."""
        return self.wiring.clock.now()

    @cached_property
    def out(self) -> Output:
        """Where answers go."""
        return Output(
            self.options.output or Format.TABLE, self.options.no_color, self.wiring.clock.now
        )

    def confirmed(self, question: str, yes: bool) -> None:
        """Ask at a terminal, unless ``--yes``; a script is taken to know what it does.

        Raises EnforcerError when the answer is no.
        """
        if yes or self.out.format is not Format.TABLE or not self.wiring.at_a_terminal():
            return
        import typer

        if not typer.confirm(question, default=False, err=True):
            raise EnforcerError("not confirmed: nothing was changed")

    @contextmanager
    def busy(self, what: str) -> Iterator[None]:
        """Show on standard error that something takes a while."""
        with self.out.busy(what):
            yield
