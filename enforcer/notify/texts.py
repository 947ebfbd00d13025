# SPDX-License-Identifier: GPL-2.0-or-later
"""What notices say: a Jinja2 template per event, and one for floods.

``NAME.txt``: the first line is the subject, the rest after an empty line the text. A file of the
same name in the operator's own directory takes its place; one that is broken is said in the log,
and ours is used. Templates run in Jinja2's sandbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import SandboxedEnvironment

from enforcer.notify.events import EVENTS, Event
from enforcer.notify.gathering import Flood

log = structlog.get_logger()

OURS = Path(__file__).parent / "templates"
FLOOD = "flood"
NAMES = (*EVENTS, FLOOD, "test")
"""Every template that there is."""
_LONGEST_SUBJECT = 200
_LONGEST_TEXT = 20_000

Order = Mapping[str, Any]
"""``id, kind, target, status, issuer, source, reason, ticket, created, start, end`` of an order."""


@dataclass(frozen=True, slots=True)
class Text:
    """One notice as people read it."""

    subject: str
    body: str


class Texts:
    """`own`: the operator's directory; None: there is none. `url`: of the desk, without a slash."""

    def __init__(self, own: Path | None, url: str) -> None:
        self._url = url
        self._own = None if own is None else _environment(FileSystemLoader(own))
        self._ours = _environment(FileSystemLoader(OURS))

    def event(self, event: Event, order: Order | None = None) -> Text:
        """Of one event; `order`: the one that it is about, where it is about one."""
        return self._rendered(event.name, {**_shown(event), "order": order, "url": self._url})

    def flood(self, flood: Flood, lines: list[str]) -> Text:
        """Of many; `lines`: the subjects of the first of them."""
        given = {
            **_shown(flood.last),
            "count": flood.count,
            "first": flood.first[0].at,
            "lines": lines,
            "more": flood.count - len(lines),
            "url": self._url,
        }
        return self._rendered(FLOOD, given)

    def broken(self) -> list[str]:
        """What is wrong with the operator's own templates, in words."""
        found: list[str] = []
        if self._own is None:
            return found
        for name in NAMES:
            try:
                self._own.get_template(f"{name}.txt")
            except TemplateError as error:
                if not _is_absent(error):
                    found.append(f"{name}.txt: {error}")
        return found

    def _rendered(self, name: str, given: Mapping[str, Any]) -> Text:
        if self._own is not None:
            try:
                return _text(self._own.get_template(f"{name}.txt").render(given))
            except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                if not _is_absent(error):
                    log.warning("template of a notice is broken", template=name, error=str(error))
        return _text(self._ours.get_template(f"{name}.txt").render(given))


def _is_absent(error: Exception) -> bool:
    return isinstance(error, TemplateNotFound)


def _environment(loader: BaseLoader) -> SandboxedEnvironment:
    # Mail and chat get plain text: there is nothing to escape.
    environment = SandboxedEnvironment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters["when"] = _when
    return environment


def _when(instant: datetime | str | None) -> str:
    """An instant to the minute, in UTC."""
    if instant is None:
        return "no end"
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _shown(event: Event) -> dict[str, Any]:
    return {
        "event": event.name,
        "at": event.at,
        "sequence": event.seq,
        "subject": event.subject,
        "device": event.device,
        "actor": event.actor,
        "source": event.source,
        "detail": event.detail,
    }


def _text(rendered: str) -> Text:
    subject, _, body = rendered.strip().partition("\n")
    # A subject is a header of a mail: what somebody wrote into a reason must not add another one.
    return Text(" ".join(subject.split())[:_LONGEST_SUBJECT], body.strip()[:_LONGEST_TEXT])
