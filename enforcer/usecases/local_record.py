# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of `LocalApplication`: lists and their history, the audit chain, reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter, ExportEnforced, ImportList, KnownHead
from enforcer.application.record_views import AuditEntryView, ListDiff, Report, SignatureView
from enforcer.application.views import AuditCheck, EventView, ListView
from enforcer.usecases import audit, export, feeds, list_history, lists, report
from enforcer.usecases.world import World


class LocalRecord:
    """Part of `Application`, on a local database."""

    def __init__(self, world: World) -> None:
        self._world = world

    def import_list(self, actor: Actor, command: ImportList) -> ListView:
        """See `Application.import_list`."""
        return lists.import_list(self._world, actor, command)

    def lists(self, actor: Actor) -> Sequence[ListView]:
        """See `Application.lists`."""
        return lists.current_lists(self._world)

    def list_versions(self, actor: Actor, name: str) -> Sequence[ListView]:
        """See `Application.list_versions`."""
        return list_history.versions(self._world, name)

    def list_report(self, actor: Actor, name: str, version: int | None = None) -> Sequence[str]:
        """See `Application.list_report`."""
        return list_history.rejects(self._world, name, version)

    def list_diff(self, actor: Actor, name: str, old: int, new: int, limit: int = 1000) -> ListDiff:
        """See `Application.list_diff`."""
        return list_history.diff(self._world, name, old, new, limit)

    def list_refresh(self, actor: Actor, name: str, confirm_shrink: bool = False) -> ListView:
        """See `Application.list_refresh`."""
        return feeds.refresh(self._world, actor, name, confirm_shrink)

    def export(self, actor: Actor, command: ExportEnforced) -> Iterator[str]:
        """See `Application.export`."""
        return export.export(self._world, command)

    def audit_verify(self, actor: Actor, heads: Sequence[KnownHead] = ()) -> AuditCheck:
        """See `Application.audit_verify`."""
        return audit.verify(self._world, heads)

    def audit_list(self, actor: Actor, which: AuditFilter) -> Sequence[EventView]:
        """See `Application.audit_list`."""
        return audit.entries(self._world, which)

    def audit_show(self, actor: Actor, sequence: int) -> AuditEntryView:
        """See `Application.audit_show`."""
        return audit.show(self._world, sequence)

    def audit_export(self, actor: Actor, which: AuditFilter) -> Iterator[str]:
        """See `Application.audit_export`."""
        return audit.export(self._world, which)

    def audit_sign(self, actor: Actor) -> SignatureView:
        """See `Application.audit_sign`."""
        return audit.sign(self._world, actor)

    def audit_signatures(self, actor: Actor) -> Sequence[SignatureView]:
        """See `Application.audit_signatures`."""
        return audit.signatures(self._world)

    def report(self, actor: Actor, subject: str) -> Report:
        """See `Application.report`."""
        return report.report(self._world, subject)
