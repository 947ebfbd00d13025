# SPDX-License-Identifier: GPL-2.0-or-later
"""Where notices go: apprise's services, and webhooks that we sign."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import apprise
import httpx

from enforcer.clock import Clock
from enforcer.errors import ConfigurationInvalid, NotSent
from enforcer.notify.outlets import Resolve
from enforcer.secrets import is_reference
from enforcer.service_settings import NotifySettings
from enforcer.storage.notices import StoredNotice

ID, TIMESTAMP, SIGNATURE = "Enforcer-Notice", "Enforcer-Timestamp", "Enforcer-Signature"
"""Headers of a webhook: which notice (the same at each attempt), Unix seconds of this attempt,
and ``v1=`` with HMAC-SHA256, hexadecimal, of the timestamp, a full stop and the body."""
TIMEOUT = 10.0
_LONGEST_ERROR = 300
_SHORTEST_SECRET = 3
_HIDDEN = "***"


class Channel(Protocol):
    """One way out."""

    def send(self, notice: StoredNotice) -> None:
        """Deliver one notice. Raises NotSent, ConfigurationInvalid."""
        ...


def channel_of(settings: NotifySettings, resolve: Resolve, clock: Clock) -> Channel:
    """The channel that the settings name. Raises ConfigurationInvalid, never with a secret."""
    if settings.webhook:
        address = resolve(settings.webhook) if is_reference(settings.webhook) else settings.webhook
        return Webhook(settings.name, address, resolve(settings.secret), clock)
    address = resolve(settings.url) if is_reference(settings.url) else settings.url
    return ByApprise(settings.name, address)


@dataclass(frozen=True, slots=True)
class Scrub:
    """Takes out of a text what an address or a secret would give away."""

    words: tuple[str, ...]

    def __call__(self, text: str) -> str:
        """The text without them, in one line, not too long."""
        for word in self.words:
            text = text.replace(word, _HIDDEN)
        return " ".join(text.split())[:_LONGEST_ERROR]


def scrub_of(address: str, *secrets: str) -> Scrub:
    """What must not be shown of an address: user, password, path and what follows it."""
    parts = urlsplit(address)
    pieces = [address, *secrets, parts.username, parts.password, parts.path, parts.query]
    pieces += [*parts.path.split("/"), *parts.query.replace("&", "=").split("=")]
    found = {piece for piece in pieces if piece and len(piece) >= _SHORTEST_SECRET}
    found |= {unquote(piece) for piece in found}
    return Scrub(tuple(sorted(found, key=len, reverse=True)))


class ByApprise:
    """Mail, chat, pager: whatever apprise knows."""

    def __init__(self, name: str, address: str) -> None:
        _hush()
        self._scrub = scrub_of(address)
        service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
        if service is None:
            scheme = address.partition(":")[0]
            known = scheme if scheme.isascii() and scheme.isalnum() else "..."
            raise ConfigurationInvalid(
                f"service.notify {name!r}: apprise cannot use this {known}:// address: see its"
                " documentation for what the service needs"
            )
        self._service = service

    def send(self, notice: StoredNotice) -> None:
        """See `Channel`."""
        with _Overheard() as said:
            try:
                taken = self._service.notify(
                    body=str(notice.body["text"]) or " ", title=str(notice.body["title"])
                )
            except (ArithmeticError, AttributeError, LookupError, OSError, TypeError) as error:
                raise NotSent(f"apprise broke: {self._scrub(str(error))}") from None
            except ValueError as error:
                raise NotSent(f"apprise refused it: {self._scrub(str(error))}") from None
        if not taken:
            why = self._scrub("; ".join(said.lines)) or "it gave no reason"
            raise NotSent(f"the service did not take it: {why}")


def _hush() -> None:
    """Let neither apprise nor what it uses write addresses into a log: they hold secrets."""
    ours = logging.getLogger("apprise")
    ours.propagate = False
    ours.setLevel(logging.WARNING)
    if not ours.handlers:
        ours.addHandler(logging.NullHandler())
    logging.getLogger("urllib3").setLevel(logging.ERROR)


class _Overheard(logging.Handler):
    """What apprise logs in this thread, which goes nowhere else: it may name secrets."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._thread = threading.get_ident()
        self._logger = logging.getLogger("apprise")

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it, if it is this thread's."""
        if record.thread == self._thread:
            self.lines.append(record.getMessage())

    def __enter__(self) -> _Overheard:
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)


class Webhook:
    """Signed JSON by POST. A redirect is a failure: the address is the operator's, and no answer
    sends us elsewhere."""

    def __init__(self, name: str, address: str, secret: str, clock: Clock) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationInvalid(
                f"service.notify {name!r}: webhook is no http:// or https:// address"
            )
        self._address = address
        self._secret = secret.encode()
        self._clock = clock
        self._scrub = scrub_of(address, secret)

    def send(self, notice: StoredNotice) -> None:
        """See `Channel`."""
        body = json.dumps(payload(notice), separators=(",", ":")).encode()
        stamp = str(int(self._clock.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "enforcer",
            ID: str(notice.id),
            TIMESTAMP: stamp,
            SIGNATURE: f"v1={signature(self._secret, stamp, body)}",
        }
        try:
            with (
                httpx.Client(follow_redirects=False, timeout=TIMEOUT, trust_env=False) as client,
                client.stream("POST", self._address, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            said = self._scrub(str(error)) or type(error).__name__
            raise NotSent(f"the webhook did not answer: {said}") from None
        if 300 <= status < 400:
            raise NotSent(f"the webhook answered {status}: redirects are not followed")
        if not 200 <= status < 300:
            raise NotSent(f"the webhook answered {status}")


def signature(secret: bytes, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) of ``STAMP.BODY``, hexadecimal."""
    return hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(notice: StoredNotice) -> Mapping[str, Any]:
    """What a webhook gets: the notice, the event, and how many where several were gathered."""
    many = notice.body.get("flood")
    return {
        "id": notice.id,
        "channel": notice.channel,
        "title": notice.body["title"],
        "text": notice.body["text"],
        "made": notice.body["made"],
        "count": 1 if many is None else many["count"],
        **notice.body["told"],
        "first": [] if many is None else many["first"],
    }
