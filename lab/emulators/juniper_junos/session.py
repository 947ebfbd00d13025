# SPDX-License-Identifier: GPL-2.0-or-later
"""One terminal session at the emulated Junos: operational mode, and the way into the other."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lab.emulators.juniper_junos import reports
from lab.emulators.juniper_junos.configuring import ConfigurationMode, completed, marked
from lab.emulators.juniper_junos.database import Editor, Mode
from lab.emulators.juniper_junos.edits import EditRefused
from lab.emulators.juniper_junos.nodes import StatementRefused
from lab.emulators.juniper_junos.pipes import filtered, split
from lab.emulators.juniper_junos.showing import last_commit, show
from lab.emulators.juniper_junos.values import Word, words_of
from lab.emulators.shell import Reply, TerminalShell

if TYPE_CHECKING:
    from lab.emulators.juniper_junos.router import Router

COMMANDS = ("clear", "configure", "edit", "exit", "quit", "set", "show")
MODES: dict[str, Mode] = {"exclusive": "exclusive", "private": "private"}


class JunosShell(TerminalShell):
    """A session of `user`; Junos prints an empty line before every prompt."""

    def __init__(self, router: Router, user: str, remote: str, number: int) -> None:
        super().__init__(page_lines=24, more="---(more)---")
        self._router = router
        self.user = user
        self.remote = remote
        self.terminal = f"pts/{number % 100}"
        self.pid = 20000 + number
        self.since = router.clock.wall()
        self._mode: ConfigurationMode | None = None

    # ------------------------------------------------------------ what the terminal shows

    @property
    def configuring(self) -> bool:
        """True in configuration mode, lines of a load included."""
        return self._mode is not None

    def greeting(self) -> str:
        """Junos announces its release; the word EMULATED is ours."""
        return f"--- JUNOS {self._router.options.release} EMULATED, not the vendor's software"

    def _prompt_line(self) -> str:
        sign = ">" if self._mode is None else "#"
        return f"{self.user}@{self._router.hostname}{sign} "

    def prompt(self) -> str:
        """`user@host> `, or `[edit]` and `user@host# `; nothing while a load takes lines."""
        with self._router.lock:
            if self._mode is None:
                mastership = self._router.options.mastership
                return "\n" + f"{mastership}\n" * bool(mastership) + self._prompt_line()
            if self._mode.loading is not None:
                return ""
            return f"\n{self._mode.banner()}\n{self._prompt_line()}"

    def commits(self, text: str) -> bool:
        """`commit` with any option but `check`."""
        return self._mode is not None and self._mode.commits(text)

    def notices(self) -> list[str]:
        """Broadcasts; none while a load takes lines."""
        if self._mode is not None and self._mode.loading is not None:
            return []
        return super().notices()

    def reset(self) -> None:
        """The router rebooted under the session."""
        self._mode = None

    def closed(self) -> None:
        """The session's locks go, and its exclusive or private edits; shared edits stay."""
        with self._router.lock:
            if self._mode is not None:
                editor, self._mode = self._mode.editor, None
                seconds = self._router.options.stale_session_seconds
                if seconds:
                    leave = functools.partial(self._router.database.leave, editor)
                    self._router.clock.call_later(seconds, leave)
                else:
                    self._router.database.leave(editor)
            if self in self._router.shells:
                self._router.shells.remove(self)

    # ------------------------------------------------------------ lines

    def line(self, text: str) -> Reply:
        """Do one line in whatever mode the session is."""
        self._router.clock.fire_due()
        with self._router.lock:
            column = len(self._prompt_line())
            if self._mode is None:
                return self._operational(text, column)
            reply = self._mode.line(text, column)
            if self._mode.ended:
                self._mode = None
            return reply

    def end_of_file(self, typed: str) -> Reply | None:
        """Ctrl-D ends the input of a load; elsewhere nothing."""
        self._router.clock.fire_due()
        with self._router.lock:
            if self._mode is None or self._mode.loading is None:
                return None
            return self._mode.end_load(typed)

    def interrupt(self, typed: str) -> Reply | None:
        """Ctrl-C: a new prompt; a question or a load is given up."""
        with self._router.lock:
            return Reply() if self._mode is None else self._mode.cancel()

    def _operational(self, text: str, column: int) -> Reply:
        command, pipes = split(text)
        words = words_of(command)
        if not words:
            return Reply()
        try:
            return self._command(words, pipes)
        except StatementRefused as refusal:
            return Reply(marked(words, refusal, column))
        except EditRefused as refusal:
            return Reply(str(refusal))

    def _run(self, text: str, _column: int) -> Reply:
        """`run COMMAND` in configuration mode."""
        words = words_of(text)
        if words and completed(words[0].text, COMMANDS) in ("configure", "exit", "quit", "edit"):
            raise StatementRefused(1, "unknown command")
        return self._operational(text, len(self._prompt_line()) + len("run "))

    def _command(self, words: list[Word], pipes: list[str]) -> Reply:
        verb = completed(words[0].text, COMMANDS)
        rest = [word.text for word in words[1:]]
        if verb in ("exit", "quit"):
            return Reply(close=True)
        if verb in ("configure", "edit"):
            return self._configure(rest)
        if verb == "show":
            return Reply(self._show(rest, pipes))
        if verb == "set":
            return Reply(self._set_cli(rest))
        if verb == "clear" and rest[:1] == ["firewall"]:
            self._router.clear_counters(rest[-1] if len(rest) > 1 else "all")
            return Reply()
        if verb == "clear" and rest[:2] == ["bgp", "neighbor"]:
            return Reply()
        raise StatementRefused(0, "unknown command")

    def _configure(self, words: list[str]) -> Reply:
        if self.user in self._router.options.view_only:
            raise StatementRefused(0, "unknown command")
        if words and words[0] not in MODES:
            raise StatementRefused(1, "syntax error")
        mode: Mode = MODES[words[0]] if words else "shared"
        editor = Editor(self.user, self.terminal, self.pid, self._router.clock.wall(), mode)
        text = self._router.database.enter(editor)
        self._mode = ConfigurationMode(self._router, editor, self._run)
        return Reply(text)

    def _set_cli(self, words: list[str]) -> str:
        if words[:1] != ["cli"] or len(words) != 3:
            raise StatementRefused(1, "syntax error")
        option, value = words[1:]
        if option == "screen-length" and value.isdigit():
            self.page_lines = int(value)
            return f"Screen length set to {value}"
        if option == "screen-width" and value.isdigit():
            return f"Screen width set to {value}"
        if option == "complete-on-space":
            return "Disabling complete-on-space" if value == "off" else "Enabling complete-on-space"
        if option in ("prompt", "timestamp", "idle-timeout"):
            return ""
        raise StatementRefused(2, "syntax error")

    # ------------------------------------------------------------ show

    def _show(self, words: list[str], pipes: list[str]) -> str:
        if words[:1] == ["configuration"]:
            return self._show_configuration(words[1:], pipes)
        router = self._router
        plain: dict[tuple[str, ...], Callable[[Router], str]] = {
            ("version",): reports.version,
            ("system", "uptime"): reports.uptime,
            ("system", "users"): reports.users,
            ("system", "commit"): lambda _router: router.database.history.shown(),
            ("bgp", "summary"): reports.bgp_summary,
        }
        report = plain.get(tuple(words))
        if report is not None:
            return filtered(report(router), pipes)
        chosen: dict[tuple[str, ...], Callable[[Router, Sequence[str]], str]] = {
            ("firewall",): reports.firewall,
            ("bgp", "neighbor"): reports.bgp_neighbor,
            ("interfaces", "terse"): reports.interfaces_terse,
        }
        for start, told in chosen.items():
            if tuple(words[: len(start)]) == start:
                return filtered(told(router, words[len(start) :]), pipes)
        raise StatementRefused(1, "syntax error, expecting <command>.")

    def _show_configuration(self, words: list[str], pipes: list[str]) -> str:
        database = self._router.database
        try:
            text = show(database, database.active, words, pipes)
        except StatementRefused as refusal:
            raise StatementRefused(refusal.index + 2, refusal.reason) from None
        plain = not any(pipe.startswith(("display set", "compare")) for pipe in pipes)
        header = last_commit(database.history.commits)
        return filtered(f"{header}\n", pipes) + text if plain and not words else text
