# SPDX-License-Identifier: GPL-2.0-or-later
"""The commit database: what is committed, who committed it, trials, locks and sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lab.emulators.cisco_xr.tree import Node, root
from lab.emulators.clock import EmulatorClock, Timer

FIRST_COMMIT = 1000000001
TRIAL_LATENESS = 2.5  # seconds that a rollback comes after its time [LIVE: 2 to 3]
ROW_LINGERS = timedelta(minutes=9)  # the row of a lost session stays "several minutes" [LIVE]
KEPT_COMMITS = 100


@dataclass(frozen=True)
class Commit:
    """One entry of the commit list.

    Attributes:
        number: the commit ID.
        user: who.
        line: from where (`vty0`).
        client: `CLI` or `Rollback`.
        at: when.
        before: what was committed before it.
        after: what it made.
        label: empty: none.
        comment: empty: none.
        edits: what was typed; None for a rollback.
    """

    number: int
    user: str
    line: str
    client: str
    at: datetime
    before: Node
    after: Node
    label: str = ""
    comment: str = ""
    edits: Node | None = None


@dataclass(eq=False)
class ConfigSession:
    """A configuration session: a row of `show configuration sessions`.

    Attributes:
        identity: as printed, `00001000-00003595-00000000`.
        pid: of its process.
        line: `vty0`.
        user: who.
        since: when it began.
        seen: the newest commit it knows; later ones of others raise a question.
        exclusive: it holds the lock.
        gone: when its connection was lost; None: it lives.
    """

    identity: str
    pid: int
    line: str
    user: str
    since: datetime
    seen: int
    exclusive: bool = False
    gone: datetime | None = None


@dataclass(eq=False)
class Trial:
    """An unconfirmed commit.

    Attributes:
        session: who armed it; only it can confirm.
        row: the second row that the router shows for it.
        before: what comes back.
        timer: when.
    """

    session: ConfigSession
    row: ConfigSession
    before: Node
    timer: Timer


@dataclass
class CommitDatabase:
    """The committed configuration and its history.

    Attributes:
        clock: the router's.
        changed: called after every change of the committed configuration.
        running: the committed configuration; nobody alters it.
        commits: newest first.
        trial: the unconfirmed commit.
        sessions: open configuration sessions and rows of lost ones.
    """

    clock: EmulatorClock
    changed: Callable[[], None]
    running: Node = field(default_factory=root)
    commits: list[Commit] = field(default_factory=list)
    trial: Trial | None = None
    sessions: list[ConfigSession] = field(default_factory=list)
    _next: int = FIRST_COMMIT
    _next_pid: int = 0x3595

    # ------------------------------------------------------------ sessions

    def open(self, user: str, line: str, *, exclusive: bool) -> ConfigSession:
        """A configuration session begins; `exclusive` takes the lock (ask `locked_by` first)."""
        self._next_pid += 28
        pid = self._next_pid
        session = ConfigSession(
            f"00001000-{pid:08x}-00000000", pid, line, user, self.clock.wall(), self._next - 1
        )
        session.exclusive = exclusive
        self.sessions.append(session)
        return session

    def close(self, session: ConfigSession, *, lost: bool) -> None:
        """A session ends. Of a lost one the row stays for minutes, without its lock [LIVE]."""
        session.exclusive = False
        if lost:
            session.gone = self.clock.now()
        elif session in self.sessions:
            self.sessions.remove(session)

    def rows(self) -> list[ConfigSession]:
        """The rows of `show configuration sessions`."""
        limit = self.clock.now() - ROW_LINGERS
        self.sessions = [row for row in self.sessions if row.gone is None or row.gone > limit]
        trial = [] if self.trial is None else [self.trial.row]
        return [*self.sessions, *trial]

    def locked_by(self, session: ConfigSession | None) -> ConfigSession | None:
        """Another session that holds the lock."""
        return next((row for row in self.rows() if row.exclusive and row is not session), None)

    def trial_of_another(self, session: ConfigSession | None) -> Trial | None:
        """An unconfirmed commit that another session armed."""
        return None if self.trial is None or self.trial.session is session else self.trial

    def overtaken(self, session: ConfigSession) -> bool:
        """Whether others committed since this session began or last committed."""
        return self._next - 1 > session.seen

    # ------------------------------------------------------------ commits

    def record(
        self,
        session: ConfigSession,
        after: Node,
        *,
        client: str = "CLI",
        label: str = "",
        comment: str = "",
        edits: Node | None = None,
    ) -> Commit:
        """Make `after` the committed configuration, as a commit of `session`."""
        commit = Commit(
            self._next,
            session.user,
            session.line,
            client,
            self.clock.wall(),
            self.running,
            after,
            label,
            comment,
            edits,
        )
        self._next += 1
        self.commits.insert(0, commit)
        del self.commits[KEPT_COMMITS:]
        session.seen = commit.number
        self.running = after
        self.changed()
        return commit

    def arm(self, session: ConfigSession, before: Node, seconds: int) -> None:
        """The newest commit is a trial: `before` comes back unless it is confirmed in time."""
        session.exclusive = False  # the lock is released once the trial runs [LIVE]
        self._next_pid += 1
        row = ConfigSession(
            f"00001000-{self._next_pid:08x}-00000000",
            self._next_pid,
            session.line,
            session.user,
            self.clock.wall(),
            0,
        )
        timer = self.clock.call_later(seconds + TRIAL_LATENESS, self.roll_back)
        self.trial = Trial(session, row, before, timer)

    def confirm(self) -> None:
        """The trial becomes permanent."""
        if self.trial is not None:
            self.trial.timer.cancel()
            self.trial = None

    def roll_back(self) -> None:
        """The trial is over and undone, with its own entry in the commit list [LIVE]."""
        trial, self.trial = self.trial, None
        if trial is None:
            return
        trial.timer.cancel()
        self.record(trial.session, trial.before, client="Rollback")

    # ------------------------------------------------------------ what survives

    def durable(self) -> Node:
        """What the router boots with: a trial is not confirmed by a reboot [GUESS]."""
        return self.running if self.trial is None else self.trial.before

    def boot(self) -> None:
        """Power cycle: the committed configuration stays, sessions are gone."""
        if self.trial is not None:
            self.roll_back()
        self.sessions.clear()
