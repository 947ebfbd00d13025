# SPDX-License-Identifier: GPL-2.0-or-later
"""`enforcer run` that is killed now and then, and people who ask it again until it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from enforcer.clock import SystemClock
from enforcer.core.access import Role
from tests.integration.api.served import ROOT, Installed

PATIENCE = 60.0
_POLL = 0.02
_REQUEST_SECONDS = 30.0
_BUSY = (httpx.codes.CONFLICT, httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
Answer = dict[str, Any]


class Violation(AssertionError):
    """What must always be so was not."""


class Refused(Exception):
    """The service said no."""


@dataclass
class Service:
    """`module`: what is run in the place of the command line."""

    installed: Installed
    module: str = "enforcer.cli.main"
    kills: int = 0
    starts: int = 0
    url: str = ""
    _child: subprocess.Popen[bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def log(self) -> Path:
        """What it writes."""
        return self.installed.folder / "run.log"

    def running(self) -> None:
        """Start it where it does not run; returns when it answers. Fails where it ended itself."""
        clock = SystemClock()
        deadline = clock.monotonic() + PATIENCE
        while not (self._alive() and self._serves()):
            if not self._alive():
                self._start()
            if clock.monotonic() > deadline:
                raise Violation(f"it does not come back:\n{self.tail()}")
            clock.sleep(_POLL)

    def _alive(self) -> bool:
        with self._lock:
            child = self._child
        if child is None:
            return False
        code = child.poll()
        if code not in (None, -signal.SIGKILL):
            raise Violation(f"it ended with {code}:\n{self.tail()}")
        return code is None

    def _serves(self) -> bool:
        if not self.url:
            for line in self.log.read_bytes()[self._mark :].splitlines():
                event = json.loads(line) if line.startswith(b"{") and line.endswith(b"}") else {}
                if event.get("event") == "serving":
                    self.url = str(event["url"])
        return bool(self.url)

    def _start(self) -> None:
        self.url = ""
        words = [sys.executable, "-m", self.module, "--config", str(self.installed.config), "run"]
        with self.log.open("ab") as log:
            self._mark = log.tell()
            child = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)
        with self._lock:
            self._child = child
        self.starts += 1

    def kill(self) -> None:
        """SIGKILL, wherever it is; from any thread."""
        with self._lock:
            child = self._child
            if child is not None and child.poll() is None:
                child.kill()
                self.kills += 1

    def end(self) -> None:
        """In order."""
        with self._lock:
            child = self._child
        if child is not None:
            if child.poll() is None:
                child.terminate()
            child.wait(PATIENCE)

    def tail(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


class People:
    """They ask by the API, with a key, until they have an answer."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.refused: Counter[str] = Counter()
        self.asked = self.again = 0
        self._client: httpx.Client | None = None
        self._keys = 0

    def post(self, path: str, body: Answer | None = None, method: str = "POST") -> Answer:
        """Ask; asked again where the service died or was busy meanwhile. Raises Refused.

        An order has a key, so that it is placed once. Everything else is the same done twice,
        and has none: a key in use by a request that died is free only after minutes.
        """
        self._keys += 1
        headers = {"Idempotency-Key": f"soak-{self._keys}"} if path == "/orders" else {}
        return self._until_answered(method, path, body or {}, headers)

    def get(self, path: str) -> Answer:
        """Look at something."""
        return self._until_answered("GET", path, None, {})

    def _until_answered(
        self, method: str, path: str, body: Answer | None, headers: dict[str, str]
    ) -> Answer:
        clock = SystemClock()
        deadline = clock.monotonic() + PATIENCE
        self.asked += 1
        while True:
            self.service.running()
            try:
                answer = self._talk().request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                said = repr(error)
            else:
                if answer.is_success:
                    found: Answer = answer.json()
                    return found
                said = answer.text
                if answer.status_code not in _BUSY:
                    raise self._no(path, answer)
            if clock.monotonic() > deadline:
                raise Violation(f"{method} {path} has no answer: {said}")
            self.again += 1
            clock.sleep(_POLL)

    def _no(self, path: str, answer: httpx.Response) -> Refused:
        problem = answer.json()
        kind = str(problem.get("code", problem.get("type", answer.status_code)))
        self.refused[f"{path.split('/')[1]}: {kind}"] += 1
        return Refused(f"{path}: {answer.status_code} {answer.text}")

    def _talk(self) -> httpx.Client:
        base = f"{self.service.url}/api/v1"
        if self._client is None or str(self._client.base_url).rstrip("/") != base:
            self.close()
            secret = self.service.installed.secrets[Role.ENGINEER]
            self._client = httpx.Client(
                base_url=base,
                headers={"Authorization": f"Bearer {secret}"},
                timeout=_REQUEST_SECONDS,
            )
        return self._client

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None


def instant(text: str | None) -> datetime | None:
    """An instant of an answer."""
    return None if text is None else datetime.fromisoformat(text)
