# SPDX-License-Identifier: GPL-2.0-or-later
"""An installation that is served: `enforcer run` as a process, with tokens to talk to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from enforcer import bootstrap
from enforcer.application.account_views import CreateToken, CreateUser
from enforcer.application.actor import Actor
from enforcer.clock import SystemClock
from enforcer.core.access import Role
from enforcer.settings import Settings, load

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0
SHELL = Actor("tester", "cli")
INVENTORY = """\
settings:
  documentation_space: true
devices:
  edge1:
    platform: nftables
    mode: enforce
    roles: [border]
    transport: {{netns: "{namespace}", counters: "no"}}
"""
CONFIG = """\
database = "sqlite:///enforcer.db"
inventory = "inventory.yaml"
tick = 0.2
log_format = "json"

[service.web]
listen = "{listen}"
"""


@dataclass
class Installed:
    """A settings file, a database and an inventory in one folder; `secrets` by role."""

    folder: Path
    namespace: str = "none"
    listen: str = "127.0.0.1:0"
    secrets: dict[Role, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "enforcer.toml"

    @property
    def settings(self) -> Settings:
        """What it says."""
        return load(self.config)

    def create(self) -> None:
        """Write the files, make the database, an account and a token for every role."""
        self.folder.mkdir(exist_ok=True)
        self.config.write_text(CONFIG.format(listen=self.listen), encoding="utf-8")
        inventory = self.folder / "inventory.yaml"
        inventory.write_text(INVENTORY.format(namespace=self.namespace), encoding="utf-8")
        bootstrap.initialise(self.settings)
        accounts = bootstrap.accounts(self.settings)
        for role in Role:
            owner = None if role is Role.DETECTOR else str(role)
            if owner is not None:
                accounts.create_user(SHELL, CreateUser(name=owner, roles=(owner,)))
            source = "api" if owner else "test-detector"
            command = CreateToken(source=source, roles=(str(role),), owner=owner)
            self.secrets[role] = accounts.create_token(SHELL, command).secret

    def words(self, *words: str) -> list[str]:
        """The whole command line."""
        return [sys.executable, "-m", "enforcer.cli.main", "--config", str(self.config), *words]


@dataclass
class Service:
    """`enforcer run` of an installation. `url`: where it answers."""

    installed: Installed
    log: Path
    url: str = ""
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers; FAILS with its log where it ends instead."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.installed.words("run"), cwd=ROOT, stdout=log, stderr=log
            )
        process = self._process

        def told() -> bool:
            assert process.poll() is None, self.log.read_text()
            found = self.events("serving", before)
            self.url = found[-1]["url"] if found else ""
            return bool(found)

        eventually(told, "it answers")

    def events(self, name: str, after: int = 0) -> list[dict[str, Any]]:
        """Lines of the log that tell of `name`, from a place in it on."""
        found = []
        for line in self.log.read_bytes()[after:].splitlines():
            with_event = json.loads(line) if line.startswith(b"{") else {}
            if with_event.get("event") == name:
                found.append(with_event)
        return found

    def leads(self) -> bool:
        """Whether its controller leads."""
        return bool(self.events("controller running"))

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; its exit code."""
        process = self._process
        assert process is not None
        if process.poll() is None:
            os.kill(process.pid, number)
        return process.wait(PATIENCE)

    def client(self, role: Role = Role.ENGINEER) -> httpx.Client:
        """One who asks with that role's token."""
        secret = self.installed.secrets[role]
        return httpx.Client(
            base_url=self.url + "/api/v1",
            headers={"Authorization": f"Bearer {secret}"},
            timeout=PATIENCE,
        )


@contextmanager
def running(installed: Installed) -> Iterator[Service]:
    """`enforcer run`, ended at the end."""
    service = Service(installed, installed.folder / "run.log")
    service.start()
    try:
        yield service
    finally:
        service.end()


def eventually(what: Any, name: str) -> None:
    """Wait until it comes true; FAILS after a patient time."""
    clock = SystemClock()
    deadline = clock.monotonic() + PATIENCE
    while not what():
        assert clock.monotonic() < deadline, f"not in time: {name}"
        clock.sleep(0.05)


def an_order(address: str, **more: object) -> dict[str, object]:
    """A block of one address for an hour."""
    demand = {"kind": "block_address", "prefix": address}
    return {"demand": demand, "reason": "test", "duration": "1h"} | more
