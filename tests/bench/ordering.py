# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to have one sender's packets dropped, each told until the first packet is."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from enforcer import bootstrap
from enforcer.application.account_views import CreateToken, CreateUser
from enforcer.core.access import Role
from lab.errors import NoVerdict
from lab.installation import Controller, Installation
from tests.bench.enforcing import ME, SENT_FROM, settings_of
from tests.bench.ground import Node
from tests.bench.probes import DROPPED, PASSING, Probes

API, CLI, NFT = "POST /orders", "enforcer order", "nft"
_PREFIX = "/api/v1"
_TABLE = """
table inet bench {
    set source { type ipv4_addr; }
    chain input {
        type filter hook input priority -150;
        ip saddr @source drop;
    }
}
"""
_REST = 0.03
_ORDER = {
    "demand": {"kind": "block_address", "prefix": SENT_FROM},
    "reason": "a benchmark",
    "duration": "1d",
}

Undo = Callable[[], None]
Act = Callable[[], Undo]


@dataclass(frozen=True, slots=True)
class Taken:
    """Something was done at `began`; `seconds` later the first packet was dropped."""

    what: str
    round: int
    began: float
    seconds: float


class Client:
    """One who uses the API on one connection, as a program that is running does."""

    def __init__(self, url: str, secret: str) -> None:
        place = urlsplit(url)
        assert place.hostname is not None
        self._connection = HTTPConnection(place.hostname, place.port, timeout=60.0)
        self._headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer. Raises NoVerdict: it was no."""
        told = None if body is None else json.dumps(body).encode()
        self._connection.request(method, _PREFIX + path, told, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise NoVerdict(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@contextmanager
def client_of(installation: Installation, controller: Controller) -> Iterator[Client]:
    """An engineer with a token."""
    accounts = bootstrap.accounts(settings_of(installation))
    accounts.create_user(ME, CreateUser(name="bench", roles=(str(Role.ENGINEER),)))
    made = CreateToken(source="api", roles=(str(Role.ENGINEER),), owner="bench")
    secret = accounts.create_token(ME, made).secret
    (url,) = (e["url"] for e in controller.log.events() if e.get("event") == "serving")
    client = Client(str(url), secret)
    try:
        yield client
    finally:
        client.close()


class Ways:
    """Where it is done: by orders on the router, by hand on the host that the packets are for."""

    def __init__(self, installation: Installation, client: Client, host: Node) -> None:
        self._installation = installation
        self._client = client
        self._host = host
        host.nft(_TABLE)

    def by_api(self) -> Undo:
        """A program that is running places an order."""
        return self._lifting(str(self._client.ask("POST", "/orders", _ORDER)["id"]))

    def by_command(self) -> Undo:
        """A person at a shell does."""
        words = ["order", "block-address", SENT_FROM, "--for", "1d", "--reason", "a benchmark"]
        line = self._installation.words(*words, "--output", "json")
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoVerdict(f"enforcer {' '.join(words)}: {done.stderr}")
        return self._lifting(str(json.loads(done.stdout)["id"]))

    def by_nft(self) -> Undo:
        """A person without enforcer."""
        self._nft("add")
        return lambda: self._nft("delete")

    def _nft(self, verb: str) -> None:
        self._host.timed("nft", f"{verb} element inet bench source {{ {SENT_FROM} }}")

    def _lifting(self, order: str) -> Undo:
        self._client.ask("GET", f"/orders/{order}/wait?timeout=20")

        def lift() -> None:
            self._client.ask("POST", f"/orders/{order}/lift", {"reason": "the round is over"})
            self._client.ask("GET", f"/orders/{order}/wait?timeout=20")

        return lift


def timed(what: str, act: Act, number: int, probes: Probes) -> Taken:
    """Do it, and undo it again. Raises NoVerdict: packets were dropped at no time, or others."""
    probes.still()
    began = time.monotonic()
    undo = act()
    seconds = probes.until(DROPPED, began)
    time.sleep(_REST)
    probes.still()
    undone = time.monotonic()
    undo()
    probes.until(PASSING, undone)
    time.sleep(_REST)
    return Taken(what, number, began, seconds)
