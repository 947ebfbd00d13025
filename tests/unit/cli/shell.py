# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the command line in this process, on a fake application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from threading import Event
from typing import Any

from typer.testing import CliRunner, Result

from enforcer.api.app import create_app
from enforcer.application import Application
from enforcer.cli.main import build
from enforcer.cli.wiring import Wiring
from enforcer.client.connection import Connection, Server
from enforcer.core.topology import Customer, ServiceEntry, ServiceSet, Topology
from enforcer.settings import Settings
from tests.fakes.application import FakeApplication
from tests.fakes.no_network import NoNetwork
from tests.fakes.services import EVERYTHING, fake_services

SERVER = "http://127.0.0.1:8080"
_NEWS = ServiceEntry((ip_network("203.0.113.119"),), 6)

TOPOLOGY = Topology(
    customers={
        "acme": Customer("acme", (ip_network("192.0.2.0/25"),)),
        "both": Customer("both", (ip_network("192.0.2.128/25"),)),
    },
    service_sets={"news": ServiceSet("news", (_NEWS,)), "both": ServiceSet("both", (_NEWS,))},
)


class StoppedClock:
    """A clock that always says the same."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def wait(self, event: Event, seconds: float) -> bool:
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        return None


@cache
def no_network() -> NoNetwork:
    """One server for all tests: making it takes longer than most of them."""
    return NoNetwork(create_app(fake_services()))


class Shell:
    """`application` answers; `served` and `initialised` have what the controller was given."""

    def __init__(self, config: Path, completion_patience: float = 60.0) -> None:
        self.completion_patience = completion_patience
        self.config = config
        self.application = FakeApplication()
        self.services = fake_services(self.application)
        self.at_a_terminal = False
        self.served: list[Settings] = []
        self.initialised: list[Settings] = []
        self.made_with: list[Settings] = []
        self.serve_returns = 0
        self.served_by_http = False
        """Whether commands go through the API of a server that the application is behind."""
        self.app = build(self._application, self._wiring())

    def run(
        self,
        *arguments: str,
        answer: str | bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run ``enforcer`` with `arguments`, `answer` on its standard input."""
        surroundings = {"ENFORCER_CONFIG": str(self.config), "NO_COLOR": None, "COLUMNS": None}
        if self.served_by_http:
            surroundings |= {"ENFORCER_SERVER": SERVER, "ENFORCER_TOKEN": EVERYTHING}
        return CliRunner(env={**surroundings, **(env or {})}).invoke(
            self.app, list(arguments), input=answer, catch_exceptions=False
        )

    def json(self, *arguments: str) -> Any:
        """The answer of a command that works, as JSON."""
        result = self.run(*arguments, "--output", "json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def placed(self, *arguments: str) -> Any:
        """Run ``enforcer order`` and return the command that the application got."""
        result = self.run("order", *arguments)
        assert result.exit_code == 0, result.stderr
        return self.last("place")

    def last(self, name: str) -> Any:
        """The arguments of the last call of `name`."""
        return [arguments for called, _, arguments in self.application.calls if called == name][-1]

    def names(self) -> list[str]:
        """The names of all calls so far, but for looks at the controller's state."""
        return [name for name, _, _ in self.application.calls if name != "control"]

    def _application(self, settings: Settings) -> Application:
        self.made_with.append(settings)
        return self.application

    def _connect(self, server: Server) -> Connection:
        http = no_network()
        http.app.state.services = self.services
        return Connection(server, http)

    def _wiring(self) -> Wiring:
        def serve(settings: Settings) -> int:
            self.served.append(settings)
            return self.serve_returns

        return Wiring(
            serve=serve,
            accounts=lambda settings: self.services.accounts,
            reports=lambda settings: self.services.reports,
            notices=lambda settings: self.services.notices,
            connect=self._connect,
            initialise=self.initialised.append,
            topology=lambda settings: TOPOLOGY,
            at_a_terminal=lambda: self.at_a_terminal,
            clock=StoppedClock(self.application.now),
            completion_patience=self.completion_patience,
        )
