# SPDX-License-Identifier: GPL-2.0-or-later
"""The commits that the emulated Junos remembers: at most 50 to roll back to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from lab.emulators.clock import Timer
from lab.emulators.juniper_junos.display import set_lines
from lab.emulators.juniper_junos.edits import apply_set_line
from lab.emulators.juniper_junos.nodes import Node, empty
from lab.emulators.juniper_junos.values import words_of

KEPT = 50


def stamp(instant: datetime) -> str:
    """`2026-09-20 23:16:51 UTC`, as Junos prints instants."""
    return instant.strftime("%Y-%m-%d %H:%M:%S UTC")


def from_set_lines(lines: list[str]) -> Node:
    """The configuration that `lines` of `| display set` describe."""
    root = empty()
    for line in lines:
        apply_set_line(root, [word.text for word in words_of(line)])
    return root


@dataclass(frozen=True)
class Commit:
    """One committed configuration.

    Attributes:
        at: when, by the router's own clock.
        user: who.
        client: through what: `cli`, `other` (the system itself).
        comment: of `commit comment "..."`; empty: none.
        minutes: of `commit confirmed`; None: a plain commit. It stays when the commit was
            confirmed, and so does its text in `show system commit` (live).
        lines: the configuration as of this commit, as `| display set` shows it.
    """

    at: datetime
    user: str
    client: str
    comment: str
    minutes: int | None
    lines: list[str] = field(repr=False)


@dataclass
class Trial:
    """A commit that waits for its confirmation."""

    minutes: int
    due: datetime
    timer: Timer
    before: list[str]


class History:
    """Commits, newest first; index 0 is the one in force."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.trial: Trial | None = None

    def record(self, commit: Commit) -> None:
        """A new commit; the oldest one is forgotten when there are more than 50."""
        self.commits.insert(0, commit)
        del self.commits[KEPT:]

    def configuration(self, number: int) -> Node | None:
        """The configuration of `rollback NUMBER`; None: there is none."""
        if not 0 <= number < len(self.commits):
            return None
        return from_set_lines(self.commits[number].lines)

    def shown(self) -> str:
        """`show system commit`."""
        lines: list[str] = []
        for number, commit in enumerate(self.commits):
            line = f"{number:<3} {stamp(commit.at)} by {commit.user} via {commit.client}"
            if commit.minutes is not None:
                line += f" commit confirmed, rollback in {commit.minutes}mins"
            lines.append(line)
            if commit.comment:
                lines.append(f"    {commit.comment}")
            if number == 0 and self.trial is not None:
                lines.append("    rollback pending")
        return "\n".join(lines)


def lines_of(configuration: Node) -> list[str]:
    """The set lines of a whole configuration."""
    return set_lines(configuration)
