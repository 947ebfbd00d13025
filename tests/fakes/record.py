# SPDX-License-Identifier: GPL-2.0-or-later
"""The record of the fake application: lists and their versions, audit entries, reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from enforcer.application.actor import Actor
from enforcer.application.commands import AuditFilter, ExportEnforced, ImportList, KnownHead
from enforcer.application.record_views import AuditEntryView, ListDiff, Report, SignatureView
from enforcer.application.views import AuditCheck, EventView, ListView
from enforcer.core.prefixes import parse_network
from enforcer.errors import EnforcerError, InvalidInput, NotFound, OrderRefused
from tests.fakes.calls import FakeCalls
from tests.fakes.views import NOW, a_report, a_signature, an_event


class FakeRecord(FakeCalls):
    """Imported lists are kept with all versions; the audit entries are an attribute."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__(now)
        self.list_views: dict[str, ListView] = {}
        self.versions: dict[str, list[ListView]] = {}
        self.entries = [an_event(number) for number in (1, 2, 3)]
        self.signatures = [a_signature(3)]
        self.chain = AuditCheck(ok=True, entries=41, first_bad=None, why="")
        self.lines = ["192.0.2.7/32", "2001:db8::/64"]
        self.breaks_off: EnforcerError | None = None
        """What an export ends with after its lines."""

    def import_list(self, actor: Actor, command: ImportList) -> ListView:
        """One entry per line; what is no prefix is rejected. None at all needs --confirm-shrink."""
        self._called("import_list", actor, command)
        entries, rejected = 0, []
        for number, line in enumerate(command.text.splitlines(), 1):
            try:
                parse_network(line)
                entries += 1
            except InvalidInput as error:
                rejected.append(f"line {number}: {error}")
        if not entries and not command.confirm_shrink:
            raise OrderRefused("list-shrunk", "the list is empty: add --confirm-shrink")
        before = self.list_views.get(command.name)
        view = ListView(
            name=command.name,
            version=before.version + 1 if before else 1,
            entries=entries,
            imported_at=self.now,
            source=command.source,
            rejected=len(rejected),
            rejected_lines=rejected,
            added=max(0, entries - (before.entries if before else 0)),
        )
        if not command.dry_run:
            self.list_views[command.name] = view
            self.versions.setdefault(command.name, []).insert(0, view)
        return view

    def lists(self, actor: Actor) -> Sequence[ListView]:
        """What was imported."""
        self._called("lists", actor, None)
        return list(self.list_views.values())

    def list_versions(self, actor: Actor, name: str) -> Sequence[ListView]:
        """All of them, newest first."""
        self._called("list_versions", actor, name)
        return self._versions(name)

    def list_report(self, actor: Actor, name: str, version: int | None = None) -> Sequence[str]:
        """The lines that the import rejected."""
        self._called("list_report", actor, (name, version))
        found = self._versions(name)
        return next(v.rejected_lines for v in found if version in (None, v.version))

    def list_diff(self, actor: Actor, name: str, old: int, new: int, limit: int = 1000) -> ListDiff:
        """One range more, and two less, of which `limit` are told."""
        self._called("list_diff", actor, (name, old, new, limit))
        self._versions(name)
        removed = ["198.51.100.0/25", "203.0.113.1-203.0.113.9"]
        return ListDiff(
            name=name,
            old=old,
            new=new,
            added=["192.0.2.0/24"],
            removed=removed[:limit],
            added_total=1,
            removed_total=2,
        )

    def list_refresh(self, actor: Actor, name: str, confirm_shrink: bool = False) -> ListView:
        """The list as it is, fetched just now."""
        self._called("list_refresh", actor, (name, confirm_shrink))
        newest = self._versions(name)[0]
        return newest.model_copy(update={"changed": False, "fetched_at": self.now})

    def export(self, actor: Actor, command: ExportEnforced) -> Iterator[str]:
        """The lines that were set."""
        self._called("export", actor, command)
        return self._told(self.lines)

    def audit_verify(self, actor: Actor, heads: Sequence[KnownHead] = ()) -> AuditCheck:
        """The verdict that was set."""
        self._called("audit_verify", actor, tuple(heads))
        return self.chain

    def audit_list(self, actor: Actor, which: AuditFilter) -> Sequence[EventView]:
        """The entries that were set, those of a subject."""
        self._called("audit_list", actor, which)
        found = [e for e in self.entries if which.subject in (None, e.subject)]
        return (found[::-1] if which.newest_first else found)[: which.limit]

    def audit_show(self, actor: Actor, sequence: int) -> AuditEntryView:
        """One of them."""
        self._called("audit_show", actor, sequence)
        for entry in self.entries:
            if entry.sequence == sequence:
                native = ["add element inet enforcer from4 { 192.0.2.7 }"]
                return AuditEntryView(
                    entry=entry, hash="ab" * 32, previous="cd" * 32, native=native, outcome=entry
                )
        raise NotFound(f"there is no audit entry {sequence}: 'enforcer audit list' shows them")

    def audit_export(self, actor: Actor, which: AuditFilter) -> Iterator[str]:
        """The lines that were set."""
        self._called("audit_export", actor, which)
        return self._told(['{"seq":1}', '{"seq":2}'])

    def audit_sign(self, actor: Actor) -> SignatureView:
        """The first signature that was set."""
        self._called("audit_sign", actor, None)
        return self.signatures[0]

    def audit_signatures(self, actor: Actor) -> Sequence[SignatureView]:
        """All of them."""
        self._called("audit_signatures", actor, None)
        return self.signatures

    def report(self, actor: Actor, subject: str) -> Report:
        """A report about the subject."""
        self._called("report", actor, subject)
        return a_report(subject)

    # ------------------------------------------------------------------ inside

    def _versions(self, name: str) -> list[ListView]:
        if name not in self.versions:
            raise NotFound(f"there is no list '{name}': 'enforcer list show' shows all")
        return self.versions[name]

    def _told(self, lines: Sequence[str]) -> Iterator[str]:
        yield from lines
        if self.breaks_off is not None:
            raise self.breaks_off
