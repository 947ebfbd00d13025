# SPDX-License-Identifier: GPL-2.0-or-later
"""The controller, the audit chain's verdict and the doctor's checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from enforcer.application.views import AuditCheck, ControlView, DoctorCheck
from enforcer.cli.tables.layout import Status, columns, facts, words
from enforcer.cli.words import both, counted
from enforcer.errors import AuditBroken


def controller(view: ControlView, now: datetime) -> RenderableType:
    """The controller's state and who set it."""
    table = facts()
    table.add_row("controller", Status("running" if view.leader else "not running"))
    if view.leader_name:
        table.add_row("leader", words(view.leader_name))
    table.add_row("writes", Status("on" if view.state == "running" else view.state))
    if view.since and view.state != "running":
        table.add_row("since", both(view.since, now))
        table.add_row("by", words(view.by or "-"))
        table.add_row("reason", words(view.reason or "-"))
    table.add_row("identity", words(f"{view.controller}, epoch {view.epoch}"))
    table.add_row("changes", f"{view.head:,}")
    if view.alarms:
        table.add_row("alarms", words(f"{view.alarms:,} open: 'enforcer alarm list'", "bold red"))
    return table


def chain(view: AuditCheck, now: datetime) -> RenderableType:
    """Whether the audit chain holds, and what to do if it does not."""
    good = counted(view.entries, "entry", "entries")
    if view.ok:
        warned = [words(f"but {view.warning}", "yellow")] if view.warning else []
        holds = Text(f"the audit chain holds: {good}", style="green")
        return Group(holds, *_signed(view), *warned)
    return Group(
        words(f"the audit chain is broken: {view.why}", "bold red"),
        *([words(f"first bad entry: {view.first_bad:,}")] if view.first_bad is not None else []),
        words(f"{good} before it {'is' if view.entries == 1 else 'are'} good"),
        words(AuditBroken.REMEDY, "yellow"),
    )


def _signed(view: AuditCheck) -> list[RenderableType]:
    """Up to where the chain is signed, and whose key it was."""
    if view.signed is None or view.signed_by is None:
        return [words("signed: nothing")]
    whose = {
        True: "this installation's key",
        False: "another key than this installation's",
        None: "compare it with the key that you kept: none is set here",
    }[view.own_key]
    return [words(f"signed up to {view.signed:,} by key {view.signed_by}: {whose}")]


def checks(found: Sequence[DoctorCheck], now: datetime) -> RenderableType:
    """One row per check; advice under what failed."""
    table = columns("", "Check", "Found", fixed=("",))
    for check in found:
        detail: RenderableType = words(check.detail)
        if check.advice and not check.ok:
            detail = Group(detail, words(check.advice, "yellow"))
        table.add_row(Status("ok" if check.ok else "failed"), words(check.check, "bold"), detail)
    return table
