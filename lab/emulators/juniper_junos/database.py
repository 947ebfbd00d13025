# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration database of the emulated Junos: shared candidate, locks, commits.

Live: the refusals of `configure exclusive` and `configure private`, that a plain commit in
shared mode commits other people's edits, that `rollback 0` destroys them, that a commit or a
commit check inside the window confirms, that the rollback is `by root via other`. Manual: no
confirmed commit on a private copy.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from lab.emulators.device import Emulator
from lab.emulators.juniper_junos.checkout import Complaint, complaints
from lab.emulators.juniper_junos.commits import (
    Commit,
    History,
    Trial,
    from_set_lines,
    lines_of,
    stamp,
)
from lab.emulators.juniper_junos.edits import EditRefused
from lab.emulators.juniper_junos.merging import merge
from lab.emulators.juniper_junos.nodes import Identity, Node, empty
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.values import network

Mode = Literal["shared", "exclusive", "private"]
USERS = "Users currently editing the configuration:"
UNCOMMITTED = "The configuration has been changed but not committed"


@dataclass(eq=False)
class Editor:
    """One session in configuration mode.

    Attributes:
        copy: the private candidate; None in the other modes.
        base: what the private copy was taken from.
        touched: a private copy that was edited.
    """

    user: str
    terminal: str
    pid: int
    since: datetime
    mode: Mode = "shared"
    path: str = ""
    copy: Node | None = None
    base: Node | None = None
    touched: bool = False

    def lines(self) -> list[str]:
        """As other users see it."""
        who = f"  {self.user} terminal {self.terminal} (pid {self.pid})"
        mode = "" if self.mode == "shared" else f"{self.mode} "
        return [f"{who} on since {stamp(self.since)}", f"      {mode}[edit{self.path}]"]


def _numeric(item: tuple[Identity, Node]) -> tuple[int, int, int]:
    """Where a member of a prefix-list stands in numeric order; other statements come first."""
    node = item[1]
    if node.statement.kind != "list":
        return (0, 0, 0)
    member = network(node.key[0])
    return (member.version, int(member.network_address), member.prefixlen)


class CommitFailed(EditRefused):
    """The check-out failed; the message is everything Junos prints."""


class Database:
    """All configurations of one router.

    Attributes:
        active: the committed configuration; replaced, never changed.
        candidate: the shared candidate.
        changed: whether somebody edited the shared candidate since the last commit or rollback.
        history: past commits and the one that waits for its confirmation.
        editors: sessions in configuration mode.
    """

    def __init__(
        self,
        router: Emulator,
        options: JunosOptions,
        committed: Callable[[Node], None],
        broadcast: Callable[[str], None],
    ) -> None:
        self._lock = router.lock
        self._clock = router.clock
        self._faults = router.faults
        self._options = options
        self._committed = committed
        self._broadcast = broadcast
        self.active = empty()
        self.candidate = empty()
        self.changed = False
        self.history = History()
        self.editors: list[Editor] = []

    def start(self, configuration: Node) -> None:
        """`configuration` is what the router was given by root before anyone logged in."""
        self.history = History()
        self._sort_lists(configuration)
        self.active = configuration
        self.reset_candidate()
        lines = lines_of(configuration)
        self.history.record(Commit(self._clock.wall(), "root", "other", "", None, lines))

    def reset_candidate(self) -> None:
        """The shared candidate is the active configuration again."""
        self.candidate = self.active.clone()
        self.changed = False

    # ------------------------------------------------------------ entering and leaving

    def enter(self, editor: Editor) -> str:
        """Open the database for `editor`, in its mode.

        Returns:
            What Junos prints.

        Raises:
            EditRefused: locked or modified.
        """
        self._admit(editor)
        lines = []
        if editor.mode != "shared":
            lines.append("warning: uncommitted changes will be discarded on exit")
        lines.append("Entering configuration mode")
        if editor.mode != "private":
            lines += self._others()
        if self.changed:
            lines.append(UNCOMMITTED)
        if editor.mode == "private":
            editor.copy = self.active.clone()
            editor.base = self.active
        self.editors.append(editor)
        return "\n".join(lines)

    def _others(self) -> list[str]:
        listed = [line for other in self.editors for line in other.lines()]
        return [USERS, *listed] if listed else []

    def _admit(self, editor: Editor) -> None:
        if editor.mode == "shared":
            return
        self.require_unlocked(editor)
        if self.changed and editor.mode == "private":
            raise EditRefused("error: shared configuration database modified")
        if self.changed:
            raise EditRefused(
                "\n".join([*self._others(), "error: configuration database modified"])
            )

    def require_unlocked(self, editor: Editor | None) -> None:
        """Nobody else has the database exclusively.

        Raises:
            EditRefused: with the lines of who has it.
        """
        for other in self.editors:
            if other.mode == "exclusive" and other is not editor:
                lines = ["error: configuration database locked by:", *other.lines()]
                raise EditRefused("\n".join(lines))

    def leave(self, editor: Editor) -> None:
        """Close it: an exclusive session's and a private one's edits are gone, shared ones stay."""
        with self._lock:
            if editor in self.editors:
                self.editors.remove(editor)
                if editor.mode == "exclusive" and self.changed:
                    self.reset_candidate()

    # ------------------------------------------------------------ candidates

    def candidate_of(self, editor: Editor) -> Node:
        """What `editor` edits."""
        return self.candidate if editor.copy is None else editor.copy

    def is_changed(self, editor: Editor) -> bool:
        """Whether what `editor` edits has uncommitted changes."""
        return self.changed if editor.copy is None else editor.touched

    def touch(self, editor: Editor) -> None:
        """What `editor` edits was changed."""
        if editor.copy is None:
            self.changed = True
        else:
            editor.touched = True

    def rollback(self, editor: Editor, number: int) -> None:
        """Put a past configuration into the candidate; 0: drop all uncommitted edits in it.

        Raises:
            EditRefused: there is no such commit, or the database is locked.
        """
        self.require_unlocked(editor)
        old = self.active.clone() if number == 0 else self.history.configuration(number)
        if old is None:
            raise EditRefused(f"error: rollback {number} does not exist")
        if editor.copy is None:
            self.candidate = old
            self.changed = not old.same(self.active)
        else:
            editor.copy = old
            editor.touched = not old.same(self.active)

    # ------------------------------------------------------------ commits

    def check(self, editor: Editor) -> str:
        """`commit check`: it confirms a commit that waits for it (live).

        Returns:
            The lines before `configuration check succeeds`: warnings.

        Raises:
            CommitFailed, EditRefused: the check-out failed, the database is locked.
        """
        self.require_unlocked(editor)
        text = self._checked(self.candidate_of(editor))
        self._confirm()
        return text

    def commit(self, editor: Editor, comment: str, minutes: int | None) -> str:
        """Commit what `editor` edits: in shared mode everybody's edits.

        Returns:
            Warnings.

        Raises:
            CommitFailed: the check-out failed; nothing changed.
            EditRefused: locked, modified, or a confirmed commit on a private copy.
        """
        self.require_unlocked(editor)
        if editor.copy is None:
            warnings = self._checked(self.candidate)
            self._activate(self.candidate.clone(), editor.user, comment, minutes)
            self.reset_candidate()
            return warnings
        if minutes is not None:
            raise EditRefused("error: commit confirmed is not supported on a private copy")
        if self.changed:
            raise EditRefused("error: shared configuration database modified")
        merged = self._merged(editor)
        warnings = self._checked(merged)
        self._activate(merged, editor.user, comment, None)
        self.reset_candidate()
        editor.copy = self.active.clone()
        editor.base = self.active
        editor.touched = False
        return warnings

    def _merged(self, editor: Editor) -> Node:
        """The active configuration with the private edits; others' commits meanwhile stay."""
        assert editor.copy is not None and editor.base is not None
        if editor.base is self.active:
            return editor.copy.clone()
        merged = self.active.clone()
        merge(editor.base, editor.copy, merged)
        return merged

    def _checked(self, configuration: Node) -> str:
        found = complaints(configuration, self._options, self._faults)
        lines = [line for complaint in found for line in complaint.lines()]
        failures: list[Complaint] = [one for one in found if not one.warning]
        if not failures:
            return "\n".join(lines)
        mandatory = any(one.mandatory for one in failures)
        suffix = ": (missing mandatory statements)" if mandatory else ""
        raise CommitFailed("\n".join([*lines, f"error: configuration check-out failed{suffix}"]))

    def _activate(self, new: Node, user: str, comment: str, minutes: int | None) -> None:
        self._confirm()
        before = self.history.commits[0].lines
        self._put_in_force(new, user, "cli", comment, minutes)
        if minutes is not None:
            seconds = minutes * 60 + self._options.rollback_late_seconds
            timer = self._clock.call_later(seconds, functools.partial(self._expire, before))
            due = self._clock.now() + timedelta(minutes=minutes)
            self.history.trial = Trial(minutes, due, timer, before)

    def _put_in_force(
        self, new: Node, user: str, client: str, comment: str, minutes: int | None
    ) -> None:
        self._sort_lists(new)
        lines = lines_of(new)
        self.history.record(Commit(self._clock.wall(), user, client, comment, minutes, lines))
        old, self.active = self.active, new
        self._committed(old)

    def _sort_lists(self, configuration: Node) -> None:
        if self._options.sorts_prefix_lists:
            for node in configuration.children.get(("policy-options",), configuration).listed(
                "prefix-list"
            ):
                node.children = dict(sorted(node.children.items(), key=_numeric))

    def _confirm(self) -> None:
        if self.history.trial is not None:
            self.history.trial.timer.cancel()
            self.history.trial = None

    def _expire(self, before: list[str]) -> None:
        """Nobody confirmed. GUESS: uncommitted edits in the shared candidate go with it."""
        with self._lock:  # the clock fires it in whatever thread looks first
            self.history.trial = None
            self._put_in_force(from_set_lines(before), "root", "other", "", None)
            self.reset_candidate()
            self._broadcast("Commit was not confirmed; automatic rollback complete.")

    def seize(self, new: Node, user: str) -> None:
        """Another person's commit, made at once.

        Raises:
            CommitFailed: the check-out failed.
        """
        self._checked(new)
        self._activate(new, user, "", None)
        if not self.changed:
            self.reset_candidate()

    def reboot(self) -> None:
        """Candidates and sessions are gone; a commit that waits is rolled back at its time."""
        self.editors.clear()
        self.reset_candidate()

    def trial_notice(self) -> str:
        """What stands above the configuration prompt while a commit waits; empty: none does."""
        trial = self.history.trial
        if trial is None:
            return ""
        left = max(0.0, (trial.due - self._clock.now()).total_seconds())
        minutes = max(1, -int(-left // 60))
        return f"# commit confirmed will be rolled back in {minutes} minutes"
