# SPDX-License-Identifier: GPL-2.0-or-later
"""One request of a person: who asks, how they read times, and the pages that answer."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from enforcer.api.guard import Caller, by_https, is_machine, services_of
from enforcer.application import Application
from enforcer.application.actor import Actor
from enforcer.application.report_views import ReportFilter
from enforcer.application.services import Services
from enforcer.core.access import Action
from enforcer.errors import Forbidden, NotFound
from enforcer.web import navigation
from enforcer.web.environment import environment
from enforcer.web.times import zone_of

THEME_COOKIE = "enforcer_theme"
FLASH_COOKIE = "enforcer_said"
THEMES = ("auto", "light", "dark")
_TONES = frozenset({"good", "busy", "watch", "bad"})
_MOST = 99
_FLASH_BYTES = 3000
_HEADERS = {"cache-control": "private, no-cache", "vary": "Cookie"}
"""Asked for anew each time; going back to a preview, which was sent as a form, still works."""


@dataclass(frozen=True)
class Said:
    """What the page before has to tell: shown once."""

    text: str
    tone: str = "good"
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counts:
    """What waits for people, for the head of every page."""

    approvals: int
    alarms: int
    reports: int
    most: int = _MOST


class Desk:
    """A request and the one who sent it, in the words of the pages."""

    def __init__(self, request: Request, caller: Caller) -> None:
        if is_machine(caller.actor):
            raise Forbidden("the desk is for people: detectors ask the API")
        self.request = request
        self.caller = caller
        self.services: Services = services_of(request)
        self.application: Application = self.services.application

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return self.caller.actor

    def may(self, action: str) -> bool:
        """Whether the one who asks may do it."""
        return self.actor.may(Action(action))

    @cached_property
    def now(self) -> datetime:
        """The instant of this request."""
        return self.services.now()

    @cached_property
    def zone_name(self) -> str:
        """In which zone the one who asks reads times."""
        try:
            return self.services.accounts.me(self.actor).zone or self.services.settings.web.zone
        except NotFound:
            return self.services.settings.web.zone

    @cached_property
    def zone(self) -> tzinfo:
        """The same as an object."""
        return zone_of(self.zone_name)

    @cached_property
    def counts(self) -> Counts:
        """What waits for people."""
        waiting = self.application.proposals(self.actor)
        which = ReportFilter(states=("open",), limit=_MOST + 1)
        return Counts(
            len(waiting),
            self.application.control(self.actor).alarms,
            len(self.services.reports.reports(self.actor, which)),
        )

    def page(self, template: str, status: int = 200, **context: object) -> HTMLResponse:
        """A whole page; what the page before had to tell is told and forgotten."""
        said = flashed(self.request)
        text = self._render(
            template,
            {
                "control": self.application.control(self.actor),
                "counts": self.counts,
                "places": self._places(),
                "here": navigation.current(self.request.url.path),
                "said": said,
                **context,
            },
        )
        response = HTMLResponse(text, status, headers=_HEADERS)
        if said is not None:
            response.delete_cookie(FLASH_COOKIE, path="/")
        return response

    def fragment(self, template: str, **context: object) -> HTMLResponse:
        """A part of a page, for the script."""
        return HTMLResponse(self._render(template, context), headers=_HEADERS)

    def go(self, path: str, said: Said | None = None) -> RedirectResponse:
        """On to another page of ours after something was done."""
        return gone_to(path, said, by_https(self.request))

    def _render(self, template: str, context: dict[str, object]) -> str:
        stated = {
            "desk": self,
            "who": self.caller,
            "request": self.request,
            "csrf_token": self.caller.csrf,
            "now": self.now,
            "zone": self.zone,
            "theme": theme_of(self.request),
        }
        return environment().get_template(template).render({**stated, **context})

    def _places(self) -> list[tuple[str, list[navigation.Place]]]:
        known: frozenset[str] = getattr(self.request.app.state, "desk_paths", frozenset())
        shown = []
        for heading, group in navigation.GROUPS:
            some = [p for p in group if p.path in known and self.actor.may(p.action)]
            if some:
                shown.append((heading, some))
        return shown


def gone_to(path: str, said: Said | None = None, secure: bool = False) -> RedirectResponse:
    """303 to a page of ours, which tells `said` once."""
    response = RedirectResponse(path, 303, headers=_HEADERS)
    if said is not None:
        stated = [said.text[:500], said.tone, [line[:300] for line in said.lines[:8]]]
        packed = base64.urlsafe_b64encode(json.dumps(stated).encode()).decode()
        if len(packed) <= _FLASH_BYTES:
            response.set_cookie(
                FLASH_COOKIE,
                packed,
                max_age=60,
                path="/",
                secure=secure,
                httponly=True,
                samesite="lax",
            )
    return response


def flashed(request: Request) -> Said | None:
    """What the page before has to tell; None for nothing, or for what is not ours."""
    packed = request.cookies.get(FLASH_COOKIE)
    if not packed:
        return None
    try:
        text, tone, lines = json.loads(base64.urlsafe_b64decode(packed))
        told = [text, tone, *lines]
        if not all(isinstance(one, str) for one in told):
            return None
        "".join(told).encode()
    except (ValueError, TypeError, RecursionError):
        return None
    return Said(text, tone, tuple(lines)) if tone in _TONES else None


def theme_of(request: Request) -> str:
    """auto (as the system has it), light or dark."""
    stated = request.cookies.get(THEME_COOKIE, "")
    return stated if stated in THEMES else "auto"


def own_path(text: str, otherwise: str = "/") -> str:
    """`text` where it is a path of ours, so that nobody is sent elsewhere by a link."""
    parts = urlsplit(text)
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and not parts.netloc
    return text if ours and "\n" not in text and "\r" not in text else otherwise
