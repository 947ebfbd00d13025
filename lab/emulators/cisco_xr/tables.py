# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of show commands about commits, sessions, versions and users."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lab.emulators.cisco_xr.commits import Commit, ConfigSession
from lab.emulators.cisco_xr.times import calendar, uptime
from lab.emulators.cisco_xr.tree import Node, render_all

VERSION = "24.3.1"
NOTHING = "% No such configuration item(s)"
_COMMIT_HEAD = [
    "SNo. Label/ID    User      Line                Client      Time Stamp",
    "~~~~ ~~~~~~~~    ~~~~      ~~~~                ~~~~~~      ~~~~~~~~~~",
]
_SESSION_HEAD = "Current Configuration Session  Line       User     Date                     Lock"


def whole_configuration(top: Node, commits: Sequence[Commit]) -> str:
    """`show running-config` [LIVE]."""
    last = commits[0] if commits else None
    lines = ["!! Building configuration...", f"!! IOS XR Configuration {VERSION}"]
    if last is not None:
        lines.append(f"!! Last configuration change at {calendar(last.at)} by {last.user}")
    return "\n".join([*lines, "!", *render_all(top), "end", ""])


def target_configuration(edits: Node) -> str:
    """`show configuration`: what the target buffer changes."""
    head = ["Building configuration...", f"!! IOS XR Configuration {VERSION}"]
    return "\n".join([*head, *render_all(edits), "end", ""])


def section(top: Node, words: list[str]) -> str:
    """`show running-config WORDS`: the blocks that begin so, with what they stand in."""
    lines = _section(top, words, 0)
    return "\n".join([*lines, ""]) if lines else NOTHING + "\n"


def _section(node: Node, words: list[str], depth: int) -> list[str]:
    pad = " " * depth
    lines: list[str] = []
    for child in node.children:
        own = child.line.split()
        if own[: len(words)] == words:
            picked = Node("", "", children=[child])
            lines += [pad + line for line in render_all(picked)]
        elif words[: len(own)] == own and child.block:
            inner = _section(child, words[len(own) :], depth + 1)
            if inner:
                lines += [pad + child.line, *inner, f"{pad}!"]
    return lines


def commit_list(commits: Sequence[Commit]) -> str:
    """`show configuration commit list` [CAPTURE]: a label stands in place of the ID, cut off."""
    lines = list(_COMMIT_HEAD)
    for position, commit in enumerate(commits, 1):
        shown = (commit.label or str(commit.number))[:10]
        where = f"{commit.line}:node0_RP0_CPU0"[:18]
        lines.append(
            f"{position:<4} {shown:<10}  {commit.user[:8]:<8}  {where:<18}  "
            f"{commit.client:<10}  {calendar(commit.at)}"
        )
    return "\n".join(lines)


def commit_details(commits: Sequence[Commit]) -> str:
    """`show configuration commit list detail` [CAPTURE: public transcripts of 6.4.1]."""
    blocks = []
    for position, commit in enumerate(commits, 1):
        where = f"{commit.line}:node0_RP0_CPU0"
        blocks.append(
            f"   {position}) CommitId: {commit.number:<26} Label: {commit.label or 'NONE'}\n"
            f"      UserId:   {commit.user:<26} Line:  {where}\n"
            f"      Client:   {commit.client:<26} Time:  {calendar(commit.at)}\n"
            f"      Comment:  {commit.comment or 'NONE'}"
        )
    return "\n" + "\n\n".join(blocks)


def session_table(rows: Sequence[ConfigSession]) -> str:
    """`show configuration sessions` [LIVE]: nothing at all where none is open."""
    if not rows:
        return ""
    lines = [
        f"{row.identity:<30} {row.line:<10} {row.user:<8} {calendar(row.since)}"
        f"{' *' if row.exclusive else ''}"
        for row in rows
    ]
    return "\n".join([_SESSION_HEAD, *lines])


def session_details(
    rows: Sequence[ConfigSession], trial: ConfigSession | None, now: datetime
) -> str:
    """`show configuration sessions detail` [LIVE]."""
    blocks = []
    for position, row in enumerate(rows, 1):
        client, task = ("commit-confirm", "cfgmgr_trial_co") if row is trial else ("CLI", "config")
        lock = "Reserved" if row.exclusive else "None"
        elapsed = "unknown"
        if trial is not None:
            elapsed = f"{max(0, int((now - row.since).total_seconds()))} sec."
        blocks.append(
            f"  {position}) Session: {row.identity}  {calendar(row.since)}\n"
            f"     {'Line: ' + row.line:<36} Lock: {lock}\n"
            f"     {'User: ' + row.user:<36} Client: {client}\n"
            f"     {'Process: ' + task:<36} PID: {row.pid}\n"
            f"     {'Node:':<36} Elapsed Time: {elapsed}"
        )
    return "\n\n".join(blocks)


def version(hostname: str, booted: datetime, now: datetime) -> str:
    """`show version` of an emulated XRv9k, in the form of 7.x [CAPTURE]."""
    return (
        f"Cisco IOS XR Software, Version {VERSION} LNT\n"
        "Copyright (c) 2013-2024 by Cisco Systems, Inc.\n\n"
        "Build Information:\n"
        " Built By     : emulated\n"
        " Built On     : Thu Sep 12 07:17:45 UTC 2024\n"
        " Build Host   : emulated\n"
        " Workspace    : /emulated/ws\n"
        f" Version      : {VERSION}\n"
        f" Label        : {VERSION}-EMULATED\n\n"
        "cisco IOS-XRv 9000 () processor\n"
        f"{hostname} uptime is {uptime(now - booted)}\n"
    )


def users(lines: Sequence[tuple[str, str, str]], mine: str) -> str:
    """`show users`: line, user and address of everyone who is logged in."""
    table = ["   Line            User                 Service  Conns   Idle        Location"]
    for line, user, remote in lines:
        mark = "*" if line == mine else " "
        table.append(f"{mark}  {line:<15} {user:<20} ssh          0  00:00:00    {remote}".rstrip())
    return "\n".join(table)
