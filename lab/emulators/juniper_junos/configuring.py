# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration mode of the emulated Junos: one session's commands, levels and questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.emulators.juniper_junos.committing import commit, commit_words
from lab.emulators.juniper_junos.database import UNCOMMITTED, Editor
from lab.emulators.juniper_junos.edits import EditRefused, apply_set_line
from lab.emulators.juniper_junos.loading import DENIED, Load, load_braces, load_set
from lab.emulators.juniper_junos.nodes import StatementRefused, empty, steps_of
from lab.emulators.juniper_junos.pipes import split
from lab.emulators.juniper_junos.schema import schema
from lab.emulators.juniper_junos.showing import show
from lab.emulators.juniper_junos.values import Word, words_of
from lab.emulators.shell import Reply

if TYPE_CHECKING:
    from lab.emulators.juniper_junos.router import Router

LEFT = "Exiting configuration mode"
EDITS = ("set", "delete", "activate", "deactivate", "insert", "rename")
COMMANDS = (
    *EDITS, "commit", "edit", "exit", "load", "quit", "rollback", "run", "show", "status",
    "top", "up",
)  # fmt: skip
Answer = Callable[[str], Reply]


class ConfigurationMode:
    """What one session does between `configure` and `exit`.

    Attributes:
        editor: the session in the database.
        ended: the mode was left; the shell is operational again.
        loading: lines are the input of `load ... terminal`.
    """

    def __init__(self, router: Router, editor: Editor, run: Callable[[str, int], Reply]) -> None:
        self._router = router
        self._database = router.database
        self._run_operational = run
        self.editor = editor
        self.ended = False
        self.loading: str | None = None
        self._typed: list[str] = []
        self._path: list[str] = []
        self._levels: list[list[str]] = []
        self._answer: Answer | None = None

    def banner(self) -> str:
        """`[edit ...]` with what stands above it."""
        notice = self._database.trial_notice()
        path = "".join(f" {word}" for word in self._path)
        return f"{notice}\n" * bool(notice) + f"{self._router.options.mastership}[edit{path}]"

    def commits(self, text: str) -> bool:
        """Whether the line commits."""
        return self.loading is None and self._answer is None and commit_words(text)

    def line(self, text: str, column: int) -> Reply:
        """Do one line; `column` is where it begins behind the prompt."""
        if self.loading is not None:
            self._typed.append(text)
            return Reply()
        if self._answer is not None:
            answer, self._answer = self._answer, None
            return answer(text.strip().lower())
        command, pipes = split(text)
        words = words_of(command)
        if not words:
            return Reply()
        try:
            return self._command(words, pipes, command)
        except StatementRefused as refusal:
            return Reply(marked(words, refusal, column))
        except EditRefused as refusal:
            return Reply(str(refusal))

    # ------------------------------------------------------------ commands

    def _command(self, words: list[Word], pipes: list[str], command: str) -> Reply:
        verb = completed(words[0].text, COMMANDS)
        rest = [word.text for word in words[1:]]
        if verb in EDITS:
            return self._edit_line(verb, rest)
        if verb in ("exit", "quit"):
            return self._exit(rest)
        if verb == "commit":
            done = commit(self._database, self.editor, rest, self._router.options)
            if done.leaves:
                return Reply(f"{done.text}\n{self._close().text}")
            return Reply(done.text)
        if verb == "run":
            return self._run_operational(command.partition(" ")[2], words[0].column)
        if verb in ("top", "up", "edit"):
            return self._move(verb, words, pipes)
        if verb == "show":
            return self._show(rest, pipes)
        actions: dict[str, Callable[[list[str]], Reply]] = {
            "rollback": self._rollback,
            "load": self._load,
            "status": self._status,
        }
        if verb not in actions:
            raise StatementRefused(0, "unknown command")
        return actions[verb](rest)

    def _show(self, words: list[str], pipes: list[str]) -> Reply:
        root = self._database.candidate_of(self.editor)
        try:
            return Reply(show(self._database, root, self._path + words, pipes))
        except StatementRefused as refusal:
            raise self._relative(refusal) from None

    def _relative(self, refusal: StatementRefused) -> StatementRefused:
        """`refusal` counted from the verb instead of from the top of the configuration."""
        return StatementRefused(refusal.index - len(self._path) + 1, refusal.reason)

    def _edit_line(self, verb: str, words: list[str]) -> Reply:
        self._database.require_unlocked(self.editor)
        if not self.may(self._path + words):
            return Reply(DENIED)
        if verb == "delete" and not words:
            return self._ask("Delete everything under this level? [yes,no] (no) ", self._emptied)
        self._apply([verb, *self._path, *words])
        return Reply()

    def _apply(self, words: list[str]) -> None:
        try:
            if apply_set_line(self._database.candidate_of(self.editor), words):
                self._database.touch(self.editor)
        except StatementRefused as refusal:
            raise StatementRefused(refusal.index - len(self._path), refusal.reason) from None

    def _emptied(self, answer: str) -> Reply:
        if answer in ("yes", "y"):
            self._apply(["delete", *self._path])
        return Reply()

    def may(self, words: Sequence[str]) -> bool:
        """Whether the user's class may edit the statement `words`."""
        rights = self._router.options.edit_rights.get(self.editor.user)
        path = " ".join(words) + " "
        return rights is None or any(path.startswith(f"{right} ") for right in rights)

    # ------------------------------------------------------------ levels

    def _move(self, verb: str, words: list[Word], pipes: list[str]) -> Reply:
        rest = [word.text for word in words[1:]]
        if verb == "edit":
            try:
                steps_of(self._path + rest, schema())
            except StatementRefused as refusal:
                raise self._relative(refusal) from None
            self._levels.append(self._path)
            self._path = [*self._path, *rest]
            return Reply()
        path = self._path
        self._path = [] if verb == "top" else self._above()
        if not rest:
            self._levels.clear()
            return Reply()
        try:  # `top show ...` and the like are done up there, the session stays where it is
            return self._command(words[1:], pipes, " ".join(rest))
        finally:
            if completed(rest[0], COMMANDS) != "edit":
                self._path = path

    def _above(self) -> list[str]:
        steps = steps_of(self._path, schema())
        if not steps:
            return []
        last = steps[-1]
        return self._path[: -len([word for word in last.identity if word])]

    def _exit(self, words: list[str]) -> Reply:
        if self._levels and not words:
            self._path = self._levels.pop()
            return Reply()
        if self._path and not words:
            self._path = []
            return Reply()
        if not self._database.is_changed(self.editor):
            return self._close()
        if self.editor.mode == "shared":
            question = f"{UNCOMMITTED}\nExit with uncommitted changes? [yes,no] (yes) "
            return self._ask(question, self._leave_dirt)
        warning = ""
        if self.editor.mode == "exclusive":
            warning = "warning: Auto rollback on exiting 'configure exclusive'\n"
        question = f"{UNCOMMITTED}\n{warning}Discard uncommitted changes? [yes,no] (yes) "
        return self._ask(question, self._discard)

    def _ask(self, question: str, answer: Answer) -> Reply:
        self._answer = answer
        return Reply(question, question=True)

    def _leave_dirt(self, answer: str) -> Reply:
        return self._close() if answer in ("", "yes", "y") else Reply()

    def _discard(self, answer: str) -> Reply:
        if answer not in ("", "yes", "y"):
            return Reply()
        closing = self._close().text
        return Reply(f"warning: discarding uncommitted changes\nload complete\n{closing}")

    def _close(self) -> Reply:
        self._database.leave(self.editor)
        self.ended = True
        return Reply(LEFT)

    def cancel(self) -> Reply:
        """Ctrl-C: a question is answered no, the input of a load is dropped."""
        self._answer = None
        self.loading = None
        self._typed.clear()
        return Reply()

    # ------------------------------------------------------------ load, rollback

    def _rollback(self, words: list[str]) -> Reply:
        number = words[0] if words else "0"
        if not number.isdigit() or len(words) > 1:
            raise StatementRefused(1, "syntax error")
        self._database.rollback(self.editor, int(number))
        return Reply("load complete")

    def _load(self, words: list[str]) -> Reply:
        if len(words) != 2 or words[0] not in ("set", "merge", "override"):
            raise StatementRefused(1 if len(words) != 1 else 2, "syntax error")
        if words[1] != "terminal":
            return Reply(f"error: could not open file: {words[1]}")
        self._database.require_unlocked(self.editor)
        self.loading = words[0]
        return Reply("[Type ^D at a new line to end input]")

    def end_load(self, typed: str) -> Reply:
        """Ctrl-D: the lines typed since `load ... terminal` go into the candidate."""
        kind, self.loading = self.loading, None
        lines, self._typed = [*self._typed, typed], []
        try:
            self._database.require_unlocked(self.editor)
        except EditRefused as refusal:
            return Reply(str(refusal))
        options = self._router.options
        root = self._database.candidate_of(self.editor)
        if kind == "set":
            load = load_set(root, lines, self.may, options)
        elif kind == "merge":
            load = load_braces(root, lines, self.may)
        else:
            load = self._override(lines)
        if load.changed:
            self._database.touch(self.editor)
        return Reply(load.result(options.counts_load_errors or kind != "set"))

    def _override(self, lines: list[str]) -> Load:
        """`load override`: nothing is replaced when a line is wrong."""
        new = empty()
        load = load_braces(new, lines, self.may)
        if load.errors:
            load.changed = False
        else:
            root = self._database.candidate_of(self.editor)
            root.children = new.children
        return load

    def _status(self, _words: list[str]) -> Reply:
        lines = [line for editor in self._database.editors for line in editor.lines()]
        return Reply("\n".join(["Current configuration editors:", *lines]))


def completed(word: str, commands: Sequence[str]) -> str:
    """The command that `word` abbreviates; `word` itself where it is none or several."""
    if word in commands:
        return word
    found = [command for command in commands if command.startswith(word)]
    return found[0] if len(found) == 1 else word


def marked(words: Sequence[Word], refusal: StatementRefused, column: int) -> str:
    """The caret under the wrong word and what is wrong with it, as Junos prints both."""
    if refusal.index < len(words):
        place = words[refusal.index].column
    else:
        place = words[-1].column + len(words[-1].text) + 1
    reason = refusal.reason if refusal.reason.endswith(".") else f"{refusal.reason}."
    return f"{' ' * (column + place)}^\n{reason}"
