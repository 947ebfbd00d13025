# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of `HttpApplication`: lists and their history, the audit chain, reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter, ExportEnforced, ImportList, KnownHead
from enforcer.application.record_views import AuditEntryView, ListDiff, Report, SignatureView
from enforcer.application.views import AuditCheck, EventView, ListView
from enforcer.client.connection import Connection, read
from enforcer.client.paths import part


class HttpRecord:
    """Part of `Application`, by the API."""

    def __init__(self, connection: Connection) -> None:
        self._server = connection

    def import_list(self, actor: Actor, command: ImportList) -> ListView:
        """See `Application.import_list`."""
        body = command.model_dump(exclude={"name"})
        return read(ListView, self._server.post(f"/lists/{part(command.name)}", body))

    def lists(self, actor: Actor) -> Sequence[ListView]:
        """See `Application.lists`."""
        return self._server.all(ListView, "/lists")

    def list_versions(self, actor: Actor, name: str) -> Sequence[ListView]:
        """See `Application.list_versions`."""
        return self._server.all(ListView, f"/lists/{part(name)}")

    def list_report(self, actor: Actor, name: str, version: int | None = None) -> Sequence[str]:
        """See `Application.list_report`."""
        answer = self._server.get(f"/lists/{part(name)}/rejects", {"version": version})
        return [str(line) for line in answer["lines"]]

    def list_diff(self, actor: Actor, name: str, old: int, new: int, limit: int = 1000) -> ListDiff:
        """See `Application.list_diff`."""
        asked = {"old": old, "new": new, "limit": limit}
        return self._server.one(ListDiff, f"/lists/{part(name)}/diff", asked)

    def list_refresh(self, actor: Actor, name: str, confirm_shrink: bool = False) -> ListView:
        """See `Application.list_refresh`."""
        body = {"confirm_shrink": confirm_shrink}
        return read(ListView, self._server.post(f"/lists/{part(name)}/refresh", body))

    def export(self, actor: Actor, command: ExportEnforced) -> Iterator[str]:
        """See `Application.export`."""
        asked = {
            "list": command.list_name,
            "version": command.version,
            "device": command.device,
            "format": command.format,
        }
        return self._server.lines("/export", asked)

    def audit_list(self, actor: Actor, which: AuditFilter) -> Sequence[EventView]:
        """See `Application.audit_list`."""
        asked = _asked(which) | {"before": which.before, "newest_first": which.newest_first}
        return self._server.all(EventView, "/audit", asked, which.limit)

    def audit_show(self, actor: Actor, sequence: int) -> AuditEntryView:
        """See `Application.audit_show`."""
        return self._server.one(AuditEntryView, f"/audit/{sequence}")

    def audit_export(self, actor: Actor, which: AuditFilter) -> Iterator[str]:
        """See `Application.audit_export`."""
        return self._server.lines("/audit/export", _asked(which) | {"limit": which.limit})

    def audit_sign(self, actor: Actor) -> SignatureView:
        """See `Application.audit_sign`."""
        return read(SignatureView, self._server.post("/audit/sign"))

    def audit_signatures(self, actor: Actor) -> Sequence[SignatureView]:
        """See `Application.audit_signatures`."""
        return self._server.all(SignatureView, "/audit/signatures")

    def audit_verify(self, actor: Actor, heads: Sequence[KnownHead] = ()) -> AuditCheck:
        """See `Application.audit_verify`."""
        body = {"heads": [head.model_dump() for head in heads]}
        return read(AuditCheck, self._server.post("/audit/verify", body))

    def report(self, actor: Actor, subject: str) -> Report:
        """See `Application.report`."""
        return self._server.one(Report, "/disputes", {"subject": subject})


def _asked(which: AuditFilter) -> dict[str, str | int | float | bool | Sequence[str] | None]:
    return {
        "kind": which.kinds,
        "subject": which.subject,
        "device": which.device,
        "actor": which.actor,
        "since": None if which.since is None else which.since.isoformat(),
        "until": None if which.until is None else which.until.isoformat(),
        "after": which.after,
    }
