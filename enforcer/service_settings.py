# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the service: tables `[web]`, `[oidc]`, `[four_eyes]`, `[[notify]]`, `[intake]`.

Every key is explained in `docs/configuration.md`. Secrets are references (``env:``, ``file:``),
resolved where they are used.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

TICKET = "{ticket}"
"""What stands for a ticket's name in an address."""


class Part(BaseModel):
    """Base: frozen, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WebSettings(Part):
    """The HTTP server of `enforcer run`."""

    listen: str = "127.0.0.1:8080"
    """Address and port; empty: no server."""
    url: str = ""
    """How people reach it from outside (``https://enforcer.example.net``); in notices, OpenID
    redirects, and what decides about secure cookies. Empty: ``http://LISTEN``."""
    tls_certificate: str = ""
    tls_key: str = ""
    """PEM files; both or neither. Without them a proxy in front is expected to do TLS."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or prefixes whose X-Forwarded-For and -Proto are believed."""
    session_hours: float = Field(default=12.0, gt=0)
    idle_minutes: float = Field(default=60.0, gt=0)
    zone: str = "UTC"
    """In which zone times are shown to whom has chosen none (IANA name)."""
    ticket_url: str = ""
    """Where tickets are (``https://tickets.example.net/{ticket}``), for links; empty: no links."""
    presets: tuple[str, ...] = ("1h", "6h", "1d", "1w", "30d")
    """Durations that the form offers."""
    metrics_open_to: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """From where `/metrics` needs no token."""
    metrics_dropped_minutes: float = Field(default=5.0, ge=0)
    """How often devices that count are asked for the packets dropped; 0: never."""

    @field_validator("ticket_url")
    @classmethod
    def _one_place_for_the_ticket(cls, stated: str) -> str:
        parts = urlsplit(stated)
        before, found, after = stated.partition(TICKET)
        plain = not any(sign in before + after for sign in "{} \t\r\n<>\"'\\")
        web = parts.scheme in {"http", "https"} and parts.hostname and TICKET not in parts.netloc
        if stated and not (web and found and plain):
            raise ValueError(
                f"{stated!r} is no address of tickets: write https://tickets.example.net/{TICKET},"
                f" with {TICKET} once, behind the host"
            )
        return stated


class OidcSettings(Part):
    """One OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret: str = ""
    """A reference."""
    label: str = "Single sign-on"
    roles_claim: str = "groups"
    roles: dict[str, tuple[str, ...]] = {}
    """Value of that claim -> roles. Whoever gets no role by it is not let in."""
    name_claim: str = "preferred_username"
    name: str = Field(default="sso", pattern="^[a-z0-9][a-z0-9-]{0,31}$")
    """What it is called in addresses: ``URL/login/NAME/callback`` is the redirect URI."""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    ca: str = ""
    """PEM file of the authority that signed the provider's certificate; empty: the system's."""
    token_days: float = Field(default=30.0, gt=0)
    """API tokens of an account open nothing when it has not logged in for so long: who left
    at the provider does not go on by a token."""


class FourEyesSettings(Part):
    """What waits for a second person. Each can be switched off; the shell is not asked."""

    enabled: bool = True
    prefix4: int = 22
    """A target prefix this short, or shorter."""
    prefix6: int = 44
    customers: int = 3
    """So many customers hit, or more."""
    open_ended: bool = True
    longest_days: float = Field(default=90.0, ge=0)
    """An order that lasts longer than so many days, as one without an end; 0: never."""
    protected: bool = True
    """Covering protected space (which is withheld) with a confirmation."""
    sessions: bool = True
    """Shutting a session or a port."""
    routes: bool = True
    """Rejecting routes with a confirmation (all of them, the default route ...)."""
    days: float = 3.0
    """So long a proposal waits before it lapses."""


class NotifySettings(Part):
    """One channel of notices."""

    name: str
    url: str = ""
    """An apprise URL (``mailto://``, ``slack://`` ...) or a reference to one."""
    webhook: str = ""
    """Or an HTTP(S) URL that gets signed JSON."""
    secret: str = ""
    """Of the webhook's signature: a reference."""
    events: tuple[str, ...] = ("*",)
    """As `enforcer notice events` lists them (order.placed, drift.found ...); ``*`` all,
    ``alarm.*``."""
    attempts: int = Field(default=8, ge=1, le=50)


class NoticesSettings(Part):
    """What all channels of notices have in common."""

    templates: str = ""
    """A directory with templates of one's own (``order.placed.txt`` ...)."""
    expiring_hours: float = Field(default=24.0, gt=0)
    """So long before its end it is told that an order expires."""


class IntakeSettings(Part):
    """What becomes of reports; see `docs/detectors`."""

    rules: tuple[dict[str, Any], ...] = ()
    """In order; the first that fits takes a report. `enforcer.intake` knows their keys."""
    adapters: dict[str, dict[str, Any]] = {}
    """Settings of adapters by name: mail listener, files to follow, LAPIs to poll, mappings."""
    default_duration: str = "1h"
    """Of orders of rules that state neither `duration` nor `ladder`."""
    keep_days: float = Field(default=90.0, gt=0)
    """How long reports are kept, and how far back repeat offenders are known."""
    strangers_per_hour: int = Field(default=1000, ge=1)
    """So many new reports may be opened in an hour by what nobody authenticated (mail)."""
    queue: int = Field(default=10_000, ge=1)
    """So many reports wait at most to be stored; who comes then is told to come again."""
    largest: int = Field(default=1_048_576, ge=1024)
    """Bytes of one report at most."""
    open_reports: bool = False
    """Take XARF reports without a token at `/api/v1/in/report`; they wait for a person."""


class ServiceSettings(Part):
    """Everything of the service."""

    web: WebSettings = WebSettings()
    oidc: tuple[OidcSettings, ...] = ()
    four_eyes: FourEyesSettings = FourEyesSettings()
    notify: tuple[NotifySettings, ...] = ()
    notices: NoticesSettings = NoticesSettings()
    intake: IntakeSettings = IntakeSettings()
    mode: Literal["all", "none"] = "all"
    """none: `enforcer run` is the controller only."""
