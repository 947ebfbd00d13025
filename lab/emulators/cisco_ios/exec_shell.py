# SPDX-License-Identifier: GPL-2.0-or-later
"""A session at the emulated IOS-XE router: exec mode, configuration mode, questions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios import exec_configure, exec_show
from lab.emulators.cisco_ios.commands import Command, match
from lab.emulators.cisco_ios.editor import Editor
from lab.emulators.cisco_ios.words import InvalidInput, Refusal, expand
from lab.emulators.shell import Reply, TerminalShell

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.router import Router

PROMPT_CHARACTERS = 20  # of the host name, in configuration mode [SRC]
_SAVES = re.compile(r"\s*(do\s+)?(wr(i(te?)?)?(\s+m\w*)?|conf\w*\s+confirm)\s*$")
_BANNER = re.compile(r"banner \w+ (?P<mark>\^C|\S)(?P<text>.*?)(?P=mark)", re.DOTALL)
_USER_MODE = ("enable", "exit", "logout", "quit", "show", "terminal", "ping", "traceroute")
Answer = Callable[[str], Reply]


class ExecShell(TerminalShell):
    """One operator's session.

    Attributes:
        router: whose session it is.
        user: the login.
        remote: where it comes from.
        vty: the line's number.
        privileged: `#` rather than `>`.
        editor: in configuration mode; None in exec mode.
    """

    def __init__(self, router: Router, user: str, remote: str, vty: int) -> None:
        super().__init__(page_lines=24, more=" --More-- ")
        self.router = router
        self.user = user
        self.remote = remote
        self.vty = vty
        self.privileged = router.enable_secret is None
        self.editor: Editor | None = None
        self._answer: Answer | None = None
        self._saving = False

    @property
    def configuring(self) -> bool:
        """True in configuration mode."""
        return self.editor is not None

    def greeting(self) -> str:
        """The banners `motd`, `login` and `exec`, in this order [DOC]."""
        banners = [
            _BANNER.match(text)
            for kind in ("motd", "login", "exec")
            for text in self.router.configuration.root.lines
            if text.startswith(f"banner {kind} ")
        ]
        return "".join(f"{found['text']}\n" for found in banners if found)

    def prompt(self) -> str:
        """`host>`, `host#`, `host(config-if)#`; the name is cut to 20 characters there [SRC]."""
        name = self.router.hostname
        if self.editor is None:
            return f"{name}{'#' if self.privileged else '>'}"
        if self.editor.in_banner:
            return ""
        return f"{name[:PROMPT_CHARACTERS]}({self.editor.mode.prompt})#"

    def commits(self, text: str) -> bool:
        """`write memory`, the answer to `copy ...`, and `configure confirm`."""
        if self._answer is not None:
            return self._saving
        return bool(_SAVES.match(text)) and (self.editor is None or "do " in text)

    def line(self, text: str) -> Reply:
        """Do one line, in whatever mode the session is."""
        with self.router.lock:
            if self._answer is not None:
                answer, self._answer, self._saving = self._answer, None, False
                return answer(text.strip())
            try:
                if self.editor is not None:
                    return self._configure(self.editor, text)
                return self.execute(text)
            except InvalidInput as refusal:
                caret = " " * (len(self.prompt()) + refusal.column) + "^"
                return Reply(f"{caret}\n{refusal.text}\n")
            except Refusal as refusal:
                return Reply(refusal.text + "\n" if refusal.text.endswith("\n") else refusal.text)

    def ask(
        self, question: str, answer: Answer, *, hidden: bool = False, saves: bool = False
    ) -> Reply:
        """Ask; `answer` gets the next line. `saves`: the answer saves the configuration."""
        self._answer, self._saving = answer, saves
        return Reply(question, question=True, hidden=hidden)

    def interrupt(self, typed: str) -> Reply:
        """Ctrl-C: drops a question; in configuration mode back to exec mode [GUESS]."""
        self._answer = None
        return self.suspend(typed)

    def suspend(self, typed: str) -> Reply:
        """Ctrl-Z: back to exec mode."""
        with self.router.lock:
            self.leave_configuration()
        return Reply()

    def closed(self) -> None:
        """The line is free again; a lock is released; what was configured stays [GUESS-certain]."""
        with self.router.lock:
            if self.router.lock_owner is self:
                self.router.lock_owner = None
            if self.router.shells.get(self.vty) is self:
                del self.router.shells[self.vty]

    # ------------------------------------------------------------ configuration mode

    def _configure(self, editor: Editor, text: str) -> Reply:
        word = text.strip().split(" ", 1)[0]
        if editor.in_banner:
            self.router.edit(editor, text)
        elif word == "end":
            self.leave_configuration()
        elif word in ("exit", "exi", "ex"):
            if not editor.leave():
                self.leave_configuration()
        elif word == "do" and " " in text.strip():
            return self.execute(text.strip()[3:], start=text.index("do") + 3)
        else:
            self.router.edit(editor, text)
            return _invitation(editor)
        return Reply()

    def leave_configuration(self) -> None:
        """Back to exec mode."""
        if self.editor is not None:
            self.editor = None
            self.router.changed_by = f" by {self.user}"
            if self.router.lock_owner is self:
                self.router.lock_owner = None

    # ------------------------------------------------------------ exec mode

    def execute(self, text: str, start: int = 0) -> Reply:
        """An exec command; `start` is its column on the typed line.

        Raises:
            Refusal: as the router says it.
        """
        if not text.strip() or text.lstrip().startswith("!"):
            return Reply()
        command, pipe, tail = text.partition("|")
        try:
            if not self.privileged and not expand(command.split()[0], set(_USER_MODE)):
                raise InvalidInput(len(text) - len(text.lstrip()))
            action, words = match(COMMANDS, command)
            reply = action(self, words)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.column + start) from None
        if not pipe:
            return reply
        return Reply(exec_show.piped(reply.text, tail, start + len(command) + 1))

    def enable(self, words: list[str]) -> Reply:
        """`enable`: asks for the secret where there is one."""
        if self.privileged or self.router.enable_secret is None:
            self.privileged = True
            return Reply()
        return self.ask("Password: ", self._check_secret, hidden=True)

    def _check_secret(self, typed: str) -> Reply:
        if typed != self.router.enable_secret:
            return Reply("% Bad secrets\n\n")
        self.privileged = True
        return Reply()

    def disable(self, words: list[str]) -> Reply:
        """`disable`."""
        self.privileged = False
        return Reply()

    def logout(self, words: list[str]) -> Reply:
        """`exit`, `logout`, `quit`."""
        return Reply(close=True)

    def terminal(self, words: list[str]) -> Reply:
        """`terminal length N`; the other settings do nothing here."""
        setting = words[0].split()
        if len(setting) == 2 and setting[0] and "length".startswith(setting[0]):
            if not setting[1].isdecimal() or int(setting[1]) > 512:
                raise InvalidInput(len("terminal length "))
            self.page_lines = int(setting[1])
        return Reply()


def _invitation(editor: Editor) -> Reply:
    """What follows a line that may have begun a banner."""
    return Reply("Enter TEXT message.  End with the character '^'." if editor.in_banner else "")


Action = Callable[[ExecShell, list[str]], Reply]
COMMANDS: tuple[Command[Action], ...] = (
    Command("enable", ExecShell.enable),
    Command("disable", ExecShell.disable),
    Command("exit", ExecShell.logout),
    Command("logout", ExecShell.logout),
    Command("quit", ExecShell.logout),
    Command("terminal ...", ExecShell.terminal),
    *(Command(pattern, action) for pattern, action in exec_configure.COMMANDS),
    *(Command(pattern, action) for pattern, action in exec_show.COMMANDS),
)
