# SPDX-License-Identifier: GPL-2.0-or-later
"""CrowdSec: ask a local API for its decisions, and report them; what goes there is over here.

``[service.intake.adapters.crowdsec]`` says where. After a start or an outage everything is asked
for, and what this adapter reported and the local API no longer has is resolved: so the rules lift
what they made of it, and nothing else. Where that would be too much at once it is held
(`enforcer.intake.crowdsec_guard`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import structlog

from enforcer import secrets
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.report_views import PullView
from enforcer.clock import Clock
from enforcer.core.prefixes import parse_network
from enforcer.core.signals import Evidence, Signal, Status
from enforcer.core.times import parse_duration
from enforcer.errors import ConfigurationInvalid, EnforcerError, InvalidInput, ServerUnreachable
from enforcer.intake.arrivals import Arrival
from enforcer.intake.crowdsec_guard import FORMAT, LASTING, MOST, Guard, key_of
from enforcer.intake.documents import network_of, read_object, text_of, word_of
from enforcer.intake.engine import Intake
from enforcer.intake.inbox import Inbox
from enforcer.intake.local_actor import local_actor
from enforcer.service_settings import IntakeSettings
from enforcer.storage.reports import StoredReport
from enforcer.usecases.world import World

log = structlog.get_logger()

NAME = FORMAT
PLACE = f"service.intake.adapters.{NAME}"
ESTABLISHED = (
    "crowdsecurity/ssh-*", "crowdsecurity/http-*", "crowdsecurity/nginx-*",
    "crowdsecurity/apache-*", "crowdsecurity/postfix-*", "crowdsecurity/dovecot-*",
    "crowdsecurity/ftp-*", "crowdsecurity/vsftpd-*", "crowdsecurity/mysql-*",
    "crowdsecurity/pgsql-*", "crowdsecurity/telnet-*", "crowdsecurity/smb-*",
    "crowdsecurity/exim-*", "crowdsecurity/appsec-*", "manual 'ban' from *",
)  # fmt: skip
"""Scenarios that read what a service said over an established TCP connection, and what a person
banned with cscli."""
_STANDING = ("counted", "taken", "ordered", "failed", "open")
_KEYS = frozenset(
    ["url", "key", "scopes", "origins", "every", "established", "ca", "source", "limits"]
)
_PORTION = 200
_LARGEST = 256 * 1024 * 1024
_TIMEOUT = 30.0
_AGENT = f"enforcer/v{version('network-enforcer')}"
"""A local API complains of those that do not say NAME/VERSION."""
_DURATION = re.compile(r"(-?)((?:\d+(?:\.\d*)?(?:h|ms|m|us|µs|ns|s))+)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class LapiSettings:
    """Which local API. `key`: a reference (``file:``, ``env:``); `every`: between two pulls."""

    url: str
    key: str
    actor: Actor
    scopes: tuple[str, ...] = ("ip", "range")
    origins: tuple[str, ...] = ("crowdsec", "cscli")
    every: timedelta = timedelta(seconds=15)
    established: tuple[str, ...] = ESTABLISHED
    ca: str = ""


def read_settings(stated: Mapping[str, Any]) -> LapiSettings:
    """The settings. Raises ConfigurationInvalid naming the key."""
    for key in stated:
        if key not in _KEYS:
            raise ConfigurationInvalid(f"{PLACE}: {key}: there is no such key: {sorted(_KEYS)}")
    url, key = str(stated.get("url", "")), str(stated.get("key", ""))
    if not url.startswith(("http://", "https://")):
        raise ConfigurationInvalid(f"{PLACE}: url: write where the local API is, with http(s)://")
    if not secrets.is_reference(key):
        raise ConfigurationInvalid(f"{PLACE}: key: write a reference: file:PATH or env:NAME")
    laid: dict[str, Any] = {}
    for name in ("scopes", "origins", "established"):
        if name in stated:
            value = stated[name]
            if isinstance(value, str) or not all(isinstance(one, str) for one in value):
                raise ConfigurationInvalid(f"{PLACE}: {name}: write a list of names")
            laid[name] = tuple(value)
    if "every" in stated:
        try:
            laid["every"] = parse_duration(str(stated["every"]))
        except InvalidInput as problem:
            raise ConfigurationInvalid(f"{PLACE}: every: {problem}") from None
    actor = local_actor(NAME, stated)
    return LapiSettings(url.rstrip("/"), key, actor, ca=str(stated.get("ca", "")), **laid)


def signal_of(
    decision: Mapping[str, Any], status: Status, established: Sequence[str] = ESTABLISHED
) -> Signal | None:
    """A decision as a signal; None: it is about no address, or asks for no ban."""
    target = network_of(decision.get("value"))
    scope, kind = word_of(decision.get("scope")), word_of(decision.get("type"))
    if scope not in ("ip", "range") or target is None or kind != "ban":
        return None
    if decision.get("simulated") is True:
        return None
    scenario = text_of(decision.get("scenario"))
    proved = any(fnmatchcase(scenario.lower(), glob.lower()) for glob in established)
    lasting = go_seconds(text_of(decision.get("duration")))
    return Signal(
        NAME,
        word_of(scenario.rpartition("/")[2]) or kind,
        target,
        evidence=Evidence.ESTABLISHED if proved else Evidence.UNKNOWN,
        # A bouncer knows decisions by their value; several of one value are one here too.
        key=str(target),
        status=status,
        reporter=text_of(decision.get("origin")),
        duration=timedelta(seconds=lasting) if lasting and lasting > 0 else None,
        fields={
            "scenario": scenario,
            "origin": decision.get("origin"),
            "id": decision.get("id"),
            LASTING: lasting,
        },
    )


def go_seconds(text: str) -> float | None:
    """What Go's duration says; None: it is none. At most ten years."""
    found = _DURATION.fullmatch(text)
    if found is None or len(text) > 60:
        return None
    total = sum(
        float(number) * _UNITS[unit]
        for number, unit in re.findall(r"(\d+(?:\.\d*)?)(h|ms|m|us|µs|ns|s)", found[2])
    )
    return min(total, 86_400.0 * 3650) * (-1 if found[1] else 1)


class Poller:
    """Asks again and again. `pull_once` is one turn."""

    def __init__(self, inbox: Inbox, settings: LapiSettings, world: World) -> None:
        self._inbox = inbox
        self._settings = settings
        self._world = world
        self._whole = True
        """Whether everything is to be asked for: at the start, and after an outage."""
        self._guard = Guard(world, inbox.intake.would_lift, settings.actor, settings.url)

    @property
    def held(self) -> int:
        """So many decisions are said to be over, and not believed yet."""
        return len(self._guard.held)

    def run(self, stop: threading.Event, clock: Clock) -> None:
        """Until `stop`; what fails is logged and tried again."""
        said = ""
        while not stop.is_set():
            try:
                self.pull_once()
                said = ""
            except EnforcerError as error:
                if str(error) != said:
                    said = str(error)
                    log.error("crowdsec.not-polled", error=said)
            clock.wait(stop, self._settings.every.total_seconds())

    def pull_once(self, confirmed: Actor | None = None) -> int:
        """One pull; how many signals were stored. Raises ServerUnreachable, InvalidInput,
        StorageError, Throttled; then the next turn asks for everything.

        `confirmed`: who says that what is over may be as much as it is.
        """
        whole, self._whole = self._whole, True
        answer = self._ask(whole)
        new = self._signals(answer.get("new"), Status.FIRING)
        deleted = self._signals(answer.get("deleted"), Status.RESOLVED)
        standing = {one.key for one in new}
        over = [one for one in deleted if one.key not in standing]
        if whole:
            over += self._vanished(standing | {one.key for one in over})
        over = self._guard.passed(over, standing, whole, confirmed)
        self._submit([*over, *new])
        self._whole = False
        return len(over) + len(new)

    def _ask(self, whole: bool) -> dict[str, Any]:
        settings = self._settings
        key = secrets.read(settings.key, self._world.installation.base).reveal()
        asked = {
            "startup": "true" if whole else "false",
            "scopes": ",".join(settings.scopes),
            "origins": ",".join(settings.origins),
        }
        try:
            trusted: Any = _context(settings.ca, self._world.installation.base)
            with (
                httpx.Client(verify=trusted, timeout=_TIMEOUT) as client,
                client.stream(
                    "GET",
                    f"{settings.url}/v1/decisions/stream",
                    params={name: value for name, value in asked.items() if value},
                    headers={"X-Api-Key": key, "User-Agent": _AGENT},
                ) as answer,
            ):
                raw = bytearray()
                for chunk in answer.iter_bytes():
                    raw += chunk
                    if len(raw) > _LARGEST:
                        raise InvalidInput(f"{settings.url}: its answer is longer than {_LARGEST}")
                status = answer.status_code
        except (httpx.HTTPError, OSError) as problem:
            said = str(problem) or type(problem).__name__
            raise ServerUnreachable(f"{settings.url}: {said}") from None
        if status != httpx.codes.OK:
            raise ServerUnreachable(f"{settings.url} answered {status}: check url and key")
        return read_object(bytes(raw))

    def _signals(self, decisions: object, status: Status) -> list[Signal]:
        if decisions is None:
            return []
        if not isinstance(decisions, list):
            raise InvalidInput(f"{self._settings.url}: its answer is not that of a local API")
        found: dict[str, Signal] = {}
        for one in decisions:
            signal = None
            if isinstance(one, Mapping):
                signal = signal_of(one, status, self._settings.established)
            if signal is not None and signal.key not in found:
                found[signal.key] = signal
        return list(found.values())

    def _vanished(self, standing: set[str]) -> list[Signal]:
        """What was reported here and neither stands at the local API nor was deleted by it."""
        with self._world.database.read() as reader:
            rows = reader.reports.search(
                states=_STANDING,
                formats=(NAME,),
                source=self._settings.actor.source,
                limit=MOST,
            )
        return [_over(row) for row in rows if row.target and key_of(row) not in standing]

    def _submit(self, signals: Sequence[Signal]) -> None:
        for start in range(0, len(signals), _PORTION):
            some = signals[start : start + _PORTION]
            results = self._inbox.submit([Arrival(self._settings.actor, s, True) for s in some])
            for one in results:
                if isinstance(one, EnforcerError):
                    raise one


def _over(row: StoredReport) -> Signal:
    assert row.target is not None
    return Signal(
        NAME, row.type, parse_network(row.target), key=key_of(row), status=Status.RESOLVED
    )


def _context(ca: str, base: Path) -> object:
    import ssl

    return ssl.create_default_context(cafile=str(base / ca) if ca else None)


def pull_now(
    world: World,
    application: Application,
    settings: IntakeSettings,
    actor: Actor,
    confirm_shrink: bool = False,
) -> PullView:
    """Ask once, beside the service or without it. Raises as `Poller.pull_once`, and
    InvalidInput where the settings name no local API."""
    stated = settings.adapters.get(NAME)
    if stated is None:
        raise InvalidInput(f"the settings name no local API: there is no [{PLACE}]")
    lapi = read_settings(stated)
    with Inbox(Intake(world, application, settings), settings.queue) as inbox:
        poller = Poller(inbox, lapi, world)
        taken = poller.pull_once(actor if confirm_shrink else None)
    return PullView(source=lapi.actor.source, url=lapi.url, taken=taken, held=poller.held)


@contextmanager
def polling(inbox: Inbox, settings: LapiSettings, world: World) -> Iterator[Poller]:
    """Ask while the block runs."""
    stop = threading.Event()
    poller = Poller(inbox, settings, world)
    thread = threading.Thread(
        target=poller.run, args=(stop, world.clock), name="crowdsec", daemon=True
    )
    thread.start()
    try:
        yield poller
    finally:
        stop.set()
        thread.join()
