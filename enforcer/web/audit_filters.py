# SPDX-License-Identifier: GPL-2.0-or-later
"""Which entries of the record a URL asks for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from starlette.datastructures import QueryParams

from enforcer.application.commands import AuditFilter
from enforcer.errors import InvalidInput
from enforcer.web.environment import url
from enforcer.web.times import machine, parse_local

PAGE = 50
_LONGEST = 255


@dataclass(frozen=True)
class EntriesAsked:
    """The fields of the form as they were sent; `problems` by field."""

    kind: str = ""
    subject: str = ""
    device: str = ""
    actor: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @staticmethod
    def of(query: QueryParams) -> EntriesAsked:
        """What a URL says."""
        names = ("kind", "subject", "device", "actor", "since", "until", "before")
        return EntriesAsked(*(query.get(name, "").strip()[:_LONGEST] for name in names))

    def query(self) -> dict[str, object]:
        """The same as a query."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "device": self.device,
            "actor": self.actor,
            "since": self.since,
            "until": self.until,
            "before": self.before,
        }

    @property
    def narrowed(self) -> bool:
        """Whether anything is left out."""
        return any(value for name, value in self.query().items() if name != "before")

    def older(self, sequence: int) -> str:
        """The URL of the next page."""
        return url("/audit", replace(self, before=str(sequence)).query())

    def newest(self) -> str:
        """The URL of the first page; empty where this is it."""
        return url("/audit", replace(self, before="").query()) if self.before else ""

    def filter(self, zone: tzinfo, now: datetime, limit: int) -> tuple[AuditFilter, dict[str, str]]:
        """What the application is asked for, and what is wrong with which field."""
        problems: dict[str, str] = {}

        def instant(name: str, text: str) -> datetime | None:
            try:
                return parse_local(text, zone, now) if text else None
            except InvalidInput as error:
                problems[name] = str(error)
                return None

        numeric = self.before.isascii() and self.before.isdecimal() and len(self.before) < 16
        which = AuditFilter(
            kinds=tuple(part for part in self.kind.replace(",", " ").split()),
            subject=self.subject or None,
            device=self.device or None,
            actor=self.actor or None,
            since=instant("since", self.since),
            until=instant("until", self.until),
            before=int(self.before) if numeric else None,
            limit=limit,
        )
        return which, problems

    def export(self, which: AuditFilter) -> str:
        """Where the API gives the same entries as lines that a third party can verify."""
        return url(
            "/api/v1/audit/export",
            {
                "kind": list(which.kinds),
                "subject": which.subject,
                "device": which.device,
                "actor": which.actor,
                "since": machine(which.since) if which.since else None,
                "until": machine(which.until) if which.until else None,
            },
        )
