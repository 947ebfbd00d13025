# SPDX-License-Identifier: GPL-2.0-or-later
"""What a person or a program at the terminal of an emulated router sees: lines in, text out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Reply:
    """What the router answers to one line.

    Attributes:
        text: the output, lines separated by `\\n`, without the echo and without the prompt. It
            is printed as it is; an absent last `\\n` is added, except before a question.
        question: True when `text` ends in a question: no prompt follows and the next line (an
            empty one too) is the answer, given to `Shell.line` as usual.
        one_key: with `question`: the router reads one key, not a line (`[confirm]`).
        hidden: with `question`: the answer is not echoed (a password).
        close: the session ends after the text.
    """

    text: str = ""
    question: bool = False
    one_key: bool = False
    hidden: bool = False
    close: bool = False


@runtime_checkable
class Shell(Protocol):
    """One operator's session at an emulated router, without SSH.

    The SSH server drives one per connection; `Emulator.other_operator` gives one to a test.
    Subclass `TerminalShell`, which has the defaults.
    """

    @property
    def configuring(self) -> bool:
        """True while lines are configuration (`FaultPlan` counts these)."""
        ...

    @property
    def page_lines(self) -> int:
        """Lines of a page before the router stops and asks for more; 0: never."""
        ...

    @property
    def more(self) -> str:
        """What the router prints when a page is full (`--More--`)."""
        ...

    def greeting(self) -> str:
        """Text before the first prompt, empty or lines separated by `\\n`."""
        ...

    def prompt(self) -> str:
        """The prompt as it stands now, without a newline (Junos: `[edit]\\n` comes first)."""
        ...

    def echo(self, typed: str, added: str) -> str:
        """What the router echoes when `added` is typed behind `typed` on the same line."""
        ...

    def commits(self, text: str) -> bool:
        """Whether the line `text`, typed now, makes the device commit or save.

        `FaultPlan.slow_commit` and `FaultPlan.drop_during_commit` act on these lines.
        """
        ...

    def line(self, text: str) -> Reply:
        """The operator typed `text` and Enter."""
        ...

    def end_of_file(self, typed: str) -> Reply | None:
        """Ctrl-D after `typed`; None: the key means nothing here and is dropped."""
        ...

    def interrupt(self, typed: str) -> Reply | None:
        """Ctrl-C after `typed`; None: the key means nothing here and is dropped."""
        ...

    def suspend(self, typed: str) -> Reply | None:
        """Ctrl-Z after `typed`; None: the key means nothing here and is dropped."""
        ...

    def notices(self) -> list[str]:
        """Text that the router wants to print into this session now; each is told once."""
        ...

    def closed(self) -> None:
        """The session is gone (logout, lost connection, reboot): release locks and buffers."""
        ...


class TerminalShell:
    """The defaults of a `Shell`; a platform overrides what differs."""

    def __init__(self, page_lines: int = 24, more: str = " --More-- ") -> None:
        self.page_lines = page_lines
        self.more = more
        self._notices: list[str] = []

    @property
    def configuring(self) -> bool:
        """False: not in a configuration mode."""
        return False

    def greeting(self) -> str:
        """Nothing."""
        return ""

    def prompt(self) -> str:
        """A bare `>`."""
        return ">"

    def echo(self, typed: str, added: str) -> str:
        """What was typed."""
        return added

    def commits(self, text: str) -> bool:
        """False: nothing commits."""
        return False

    def line(self, text: str) -> Reply:
        """Every platform answers for itself."""
        raise NotImplementedError

    def end_of_file(self, typed: str) -> Reply | None:
        """Nothing."""
        return None

    def interrupt(self, typed: str) -> Reply | None:
        """Drop the typed line: a new prompt."""
        return Reply()

    def suspend(self, typed: str) -> Reply | None:
        """Nothing."""
        return None

    def notify(self, text: str) -> None:
        """Queue `text` for this session (see `Shell.notices`)."""
        self._notices.append(text)

    def notices(self) -> list[str]:
        """What was queued, once."""
        if not self._notices:
            return []
        queued, self._notices = self._notices, []
        return queued

    def closed(self) -> None:
        """Nothing to release."""


_: type[Shell] = TerminalShell
