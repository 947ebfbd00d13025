# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType

from enforcer.application.notice_views import ChannelView, NoticeView
from enforcer.cli.tables.layout import Status, columns, facts, words
from enforcer.cli.words import both


def listing(found: Sequence[NoticeView], now: datetime) -> RenderableType:
    """One row per notice, newest first."""
    table = columns("Notice", "State", "To", "What", fixed=("Notice", "State"))
    for view in found:
        what = Group(words(view.title), words(view.error or view.event, "dim"))
        table.add_row(str(view.id), Status(view.state), words(view.channel), what)
    return table


def notice(view: NoticeView, now: datetime) -> RenderableType:
    """Everything about one."""
    table = facts()
    table.add_row("notice", words(str(view.id), "bold"))
    table.add_row("state", Status(view.state))
    for name, value in (
        ("to", view.channel),
        ("event", view.event),
        ("entry", str(view.sequence or "")),
        ("attempts", str(view.attempts)),
        ("next", both(view.next, now) if view.next is not None else ""),
        ("error", view.error),
        ("subject", view.title),
        ("text", view.text),
    ):
        if value:
            table.add_row(name, words(value))
    return table


def channels(found: Sequence[ChannelView], now: datetime) -> RenderableType:
    """One row per channel."""
    table = columns("Channel", "Kind", "Events", "Waiting", "Dead", right=("Waiting", "Dead"))
    for view in found:
        events = words(", ".join(view.events))
        dead = words(str(view.dead), "red" if view.dead else "")
        table.add_row(words(view.name, "bold"), view.kind, events, str(view.waiting), dead)
    return table
