# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal session at the emulated router: modes, questions, commits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.emulators.cisco_xr import tables
from lab.emulators.cisco_xr.buffer import Buffer
from lab.emulators.cisco_xr.commits import ConfigSession
from lab.emulators.cisco_xr.committing import CommitOptions, Committer, commit_options
from lab.emulators.cisco_xr.execution import Execution
from lab.emulators.cisco_xr.statements import Invalid
from lab.emulators.cisco_xr.times import stamp
from lab.emulators.cisco_xr.tree import merge
from lab.emulators.cisco_xr.words import CONFIGURATION, EXEC, Refused, expand, marked, piped
from lab.emulators.shell import Reply, TerminalShell

if TYPE_CHECKING:
    from lab.emulators.cisco_xr.device import Router

UNCOMMITTED = "Uncommitted changes found, commit them before exiting(yes/no/cancel)? [cancel]:"
LEAVING_TRIAL = (
    "\nYou are exiting after a 'commit confirm' with an active rollback session.  If you exit the "
    "configuration awaiting confirmation will not be confirmed and the router will immediately "
    "rollback to the previous configuration.\nDo you wish to exit? [no]:"
)
OTHERS_COMMITTED = (
    "\nOne or more commits have occurred from other\n"
    "configuration sessions since this session started\n"
    "or since the last commit was made from this session.\n"
    "You can use the 'show configuration commit changes'\n"
    "command to browse the changes.\n"
    "Do you wish to proceed with this commit anyway? [no]: "
)
LOCKED = "Cannot enter exclusive mode. The Configuration Namespace is locked by another agent."
TRIAL_UNDERWAY = (
    "Cannot enter exclusive mode. A trial commit is underway in another configuration session."
)
NOT_SAVED = "No changes will be saved because there is a concurrent trial configuration session."
PROMPT_LIMIT = 53  # characters before the `#` in a submode [CAPTURE: one prompt; rule GUESS]
BASE_LIMIT = 31

Answer = Callable[[str], Reply]


class XrShell(TerminalShell):
    """One operator's session.

    Args:
        router: the router.
        user: who.
        remote: from where.
        vty: the terminal line, `vty0`.
    """

    def __init__(self, router: Router, user: str, remote: str, vty: str) -> None:
        super().__init__(page_lines=24, more=" --More-- ")
        self.user, self.remote, self.vty = user, remote, vty
        self._router = router
        self._execution = Execution(router, vty)
        self._session: ConfigSession | None = None
        self._buffer = Buffer(lambda: router.database.running)
        self._question: Answer | None = None
        self._asked: CommitOptions | None = None
        self._stamps = True

    # ------------------------------------------------------------ what the terminal asks

    @property
    def configuring(self) -> bool:
        """True in any configuration mode."""
        return self._session is not None

    def prompt(self) -> str:
        """`RP/0/RP0/CPU0:host(config-if)#`; long names are cut [CAPTURE]."""
        base = f"RP/0/RP0/CPU0:{self._router.hostname}"[:BASE_LIMIT]
        if self._session is None:
            return f"{base}#"
        mode = f"({self._buffer.shown_mode})"
        return f"{base[: PROMPT_LIMIT - len(mode)]}{mode}#"

    def commits(self, text: str) -> bool:
        """True for `commit`, and for a `yes` to a question that commits."""
        if self._asked is not None:
            return _yes(text)
        words = text.split()
        return (
            self._session is not None
            and not self._buffer.in_policy
            and bool(words)
            and len(words[0]) > 3
            and "commit".startswith(words[0])
        )

    def suspend(self, typed: str) -> Reply | None:
        """Ctrl-Z is `end`; in EXEC mode nothing."""
        if self._session is None or self._question is not None:
            return None
        return self.line("end")

    def interrupt(self, typed: str) -> Reply | None:
        """Ctrl-C takes back the line, or the question."""
        self._question = self._asked = None
        return Reply()

    def closed(self) -> None:
        """The connection is gone: the target buffer dies, a trial goes on to its timer [LIVE]."""
        with self._router.lock:
            if self._session is not None:
                self._router.database.close(self._session, lost=True)
                self._session = None
            self._router.forget(self)

    def power_lost(self) -> None:
        """The router went down: nothing of this session is left."""
        self._session = self._question = self._asked = None
        self._buffer.clear()

    def line(self, text: str) -> Reply:
        """The operator typed `text`."""
        with self._router.lock:
            self._router.clock.fire_due()
            if self._question is not None:
                answer, self._question, self._asked = self._question, None, None
                return answer(text)
            if not text.strip() or text.lstrip().startswith("!"):
                return Reply()
            try:
                return self._configure(text) if self._session is not None else self._exec(text)
            except Refused as refusal:
                return Reply(marked(self.prompt(), text, refusal))

    # ------------------------------------------------------------ EXEC mode

    def _exec(self, text: str, *, offset: int = 0) -> Reply:
        command_text, bar, filters = text.partition("|")
        words = command_text.split()[offset:]
        try:
            command, rest = expand(words, EXEC)
            if command[0] == "configure" and not offset:
                return self._enter(exclusive="exclusive" in command)
            if command[0] in ("exit", "logout", "quit") and not offset:
                return Reply(close=True)
            output = self._output(command, rest, len(words) - len(rest))
        except Refused as refusal:
            raise Refused(refusal.word + offset, refusal.text) from refusal
        if bar:
            output = piped(output, filters)
        return Reply(self._stamped(output))

    def _stamped(self, output: str) -> str:
        """The timestamp line before a command's output [CAPTURE], unless turned off [DOC]."""
        if not self._stamps:
            return output
        return f"{stamp(self._router.clock.wall())}\n{output}"

    def _output(self, command: tuple[str, ...], rest: list[str], before: int) -> str:
        if command[0] == "terminal":
            self._terminal(command, rest)
            return ""
        if not self._execution.knows(command):
            raise Refused(len(command))
        try:
            return self._execution.run(command, rest)
        except Refused as refusal:
            raise Refused(refusal.word + before, refusal.text) from refusal

    def _terminal(self, command: tuple[str, ...], rest: list[str]) -> None:
        if command[1] == "exec":
            if rest not in (["timestamp"], ["no-timestamp"]):
                raise Refused(3)
            self._stamps = rest == ["timestamp"]
        elif command[1] in ("length", "width"):
            if len(rest) != 1 or not rest[0].isdecimal():
                raise Refused(2)
            if command[1] == "length":
                self.page_lines = int(rest[0])

    def _enter(self, *, exclusive: bool) -> Reply:
        database = self._router.database
        if exclusive:
            holder = database.locked_by(None)
            if holder is not None:
                return Reply(f"{tables.session_table([holder])}\n{LOCKED}")
            if database.trial is not None:
                return Reply(TRIAL_UNDERWAY)
        others = database.rows()
        self._session = database.open(self.user, self.vty, exclusive=exclusive)
        self._buffer.clear()
        return Reply(tables.session_table(others))

    # ------------------------------------------------------------ configuration mode

    def _configure(self, text: str) -> Reply:
        words = text.split()
        assert self._session is not None
        if self._buffer.in_policy and words[0] not in ("exit", "abort"):
            return self._edit(text)
        try:
            command, rest = expand(words, CONFIGURATION)
        except Refused:
            if words[0] in ("show", "do"):
                raise
            return self._edit(text)
        if command[0] == "do":
            return self._exec(text, offset=1)
        if command[0] == "show":
            return self._show(command, rest, text)
        if command[0] == "commit":
            return self._commit(text, rest, len(words) - len(rest))
        if len(words) > 1 or len(words[0]) < 3:
            return self._edit(text)
        return self._leave(command[0])

    def _leave(self, word: str) -> Reply:
        if word == "exit" and self._buffer.mode != "config":
            return self._pop()
        if word in ("end", "exit"):
            return self._end()
        if word == "abort":
            if self._buffer.in_policy:
                self._buffer.drop_policy()
                return Reply()
            return self._abort()
        if word == "root":
            self._buffer.top()
        elif word == "clear":
            self._buffer.clear()
        return Reply(self._buffer.mode) if word == "pwd" else Reply()

    def _pop(self) -> Reply:
        try:
            self._buffer.pop()
        except Invalid as problem:
            raise Refused(problem.word) from problem
        return Reply()

    def _edit(self, text: str) -> Reply:
        try:
            return Reply(self._buffer.line(text))
        except Invalid as problem:
            if problem.incomplete:
                raise Refused(problem.word, "% Incomplete command.") from problem
            raise Refused(problem.word) from problem

    def _show(self, command: tuple[str, ...], rest: list[str], text: str) -> Reply:
        text, bar, filters = text.partition("|")
        if command == ("show", "configuration"):
            output = tables.target_configuration(self._buffer.pending())
        elif command == ("show", "configuration", "merge"):
            merged = merge(self._router.database.running, self._buffer.edits)
            output = tables.target_configuration(merged)
        else:
            command, rest = expand(text.split(), CONFIGURATION)
            output = self._output(command, rest, len(command))
        return Reply(self._stamped(piped(output, filters) if bar else output))

    # ------------------------------------------------------------ leaving

    def _close(self) -> Reply:
        if self._session is not None:
            self._router.database.close(self._session, lost=False)
        self._session = None
        self._buffer.clear()
        return Reply()

    def _armed(self) -> bool:
        trial = self._router.database.trial
        return trial is not None and trial.session is self._session

    def _end(self) -> Reply:
        database = self._router.database
        if self._armed():
            self._question = self._leave_trial
            return Reply(LEAVING_TRIAL, question=True)
        if not self._buffer.pending().children:
            return self._close()
        if database.trial_of_another(self._session) is not None:
            self._close()
            return Reply(NOT_SAVED)
        self._question, self._asked = self._save_first, CommitOptions()
        return Reply(UNCOMMITTED, question=True)

    def _abort(self) -> Reply:
        """Leave without a question; a trial of this session is undone at once [GUESS]."""
        if self._armed():
            self._router.database.roll_back()
        return self._close()

    def _leave_trial(self, answer: str) -> Reply:
        if not _yes(answer):
            return Reply()
        if self._armed():
            self._router.database.roll_back()
        return self._close()

    def _save_first(self, answer: str) -> Reply:
        if _yes(answer):
            reply = self._committed(CommitOptions())
            return self._close() if not reply.text.strip() else reply
        return self._close() if answer.strip().lower() in ("no", "n") else Reply()

    # ------------------------------------------------------------ commit

    def _commit(self, text: str, rest: list[str], before: int) -> Reply:
        try:
            options = commit_options(rest)
        except Refused as refusal:
            raise Refused(refusal.word + before, refusal.text) from refusal
        assert self._session is not None
        database = self._router.database
        other = database.trial_of_another(self._session) or database.locked_by(self._session)
        asks = (
            not self._armed()
            and other is None
            and database.overtaken(self._session)
            and bool(self._buffer.pending().children)
        )
        if asks:
            self._asked = options
            self._question = lambda answer: self._committed(options) if _yes(answer) else Reply()
            return Reply(self._stamped(OTHERS_COMMITTED), question=True)
        reply = self._committed(options)
        return Reply(self._stamped(reply.text))

    def _committed(self, options: CommitOptions) -> Reply:
        assert self._session is not None
        outcome = Committer(self._router).commit(self._session, self._buffer, options)
        if outcome.failed:
            self._execution.failed = outcome.failed
        elif outcome.done:
            self._execution.failed = ""
        return Reply(outcome.text)


def _yes(answer: str) -> bool:
    return answer.strip().lower() in ("y", "yes")
