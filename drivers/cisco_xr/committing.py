# SPDX-License-Identifier: GPL-2.0-or-later
"""Into configuration mode, one commit, and out again: every question that IOS-XR asks there."""

from __future__ import annotations

from collections.abc import Sequence

from drivers._ssh.errors import LineRejected
from drivers._ssh.noise import without_timestamp
from drivers._ssh.terminal import Terminal
from drivers.cisco_xr.parse_commit import Said, locked, said, why_failed
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError, ParseFailed, StaleState

COMMIT_TIMEOUT = 600.0
PASTE_TIMEOUT = 120.0
ANSWERS = (
    # Somebody else's commits are in between: what we planned was planned without them.
    (r"proceed with this commit anyway\? \[no\]:\s*$", "no"),
    # Of a commit that would replace everything, or that is forced: never ours.
    (r"(?i)proceed\b[^\n]*\? \[no\]:\s*$", "no"),
    (r"(?i)do you wish to (?:proceed|continue)[^\n]*\? \[no\]:\s*$", "no"),
)
ROLL_BACK = ((r"Do you wish to exit\? \[no\]:\s*$", "yes"),)
"""The answer to leaving a trial: it is undone at once."""
COMMENT = 60
"""Characters of a commit's comment that IOS-XR keeps."""


def enter(device: str, terminal: Terminal) -> None:
    """Configuration mode with the lock. Raises DeviceBusy where somebody else has it."""
    answer = terminal.ask("configure exclusive", refuse=False, timeout=60.0)
    if locked(answer):
        raise DeviceBusy(device, f"somebody else is configuring it: {_one_line(answer)}")
    if any(line.lstrip().startswith("% ") for line in answer.splitlines()):
        raise CommandRejected(device, f"refused configuration mode: {_one_line(answer)}")


def leave(terminal: Terminal) -> None:
    """Back to exec mode; what is uncommitted is dropped. Never while a trial of ours runs."""
    terminal.ask("abort", timeout=60.0)


def fill(device: str, terminal: Terminal, lines: Sequence[str]) -> None:
    """Put `lines` into the target buffer. Raises CommandRejected: the session must then be closed.

    Whatever submode a refused line left the session in, the buffer dies with it.
    """
    try:
        terminal.paste(lines, timeout=PASTE_TIMEOUT)
    except LineRejected as refused:
        raise CommandRejected(
            device,
            f"refused {refused.line!r}: {refused.said!r}; nothing of the batch was committed\n"
            f"{terminal.transcript.text()[-4000:]}",
        ) from refused


def commit(device: str, terminal: Terminal, options: str) -> bool:
    """``commit OPTIONS``; False: there was nothing to commit, and nothing was armed.

    Raises CommandRejected with the reasons of ``show configuration failed``, StaleState,
    DeviceBusy, each after `abort`: the buffer is empty then.
    """
    answer = _said_to(terminal, f"commit {options}".strip())
    what = said(answer)
    if what is Said.DONE:
        return True
    if what is Said.NOTHING:
        return False
    raise _refusal(device, terminal, what, answer)


def _refusal(device: str, terminal: Terminal, what: Said, answer: str) -> DeviceError:
    reasons = ""
    if what is Said.FAILED:
        reasons = terminal.ask("show configuration failed", refuse=False, timeout=120.0)
    leave(terminal)
    if what is Said.STALE:
        return StaleState(device, "others committed meanwhile; nothing was written")
    if what is Said.BUSY:
        return DeviceBusy(device, f"somebody else's commit is pending: {_one_line(answer)}")
    if what is Said.FAILED:
        return CommandRejected(
            device,
            f"refused the commit, nothing of it stands: {why_failed(reasons)}\n"
            f"{_one_line(answer)}\n{terminal.transcript.clean(reasons)}",
        )
    return ParseFailed(device, f"the answer to commit is not understood: {_one_line(answer)}")


def _said_to(terminal: Terminal, command: str) -> str:
    answer = terminal.dialog(command, ANSWERS, until="", timeout=COMMIT_TIMEOUT, refuse=False)
    return without_timestamp(answer)


def confirm(device: str, terminal: Terminal) -> bool:
    """Make a trial of this session stay; False: it was over, so it was rolled back."""
    answer = _said_to(terminal, "commit")
    what = said(answer)
    if what is Said.CONFIRMED:
        return True
    if what is Said.NOTHING:
        return False
    raise DeviceError(device, f"the answer to the confirmation is: {_one_line(answer)}")


def roll_back(terminal: Terminal) -> None:
    """Leave a trial, which undoes it at once."""
    terminal.dialog("end", ROLL_BACK, until="", timeout=COMMIT_TIMEOUT, refuse=False)


def comment_of(orders: Sequence[str]) -> str:
    """``enforcer`` and as many printed ids as fit, with the number of those that do not."""
    if not orders:
        return "enforcer removal"
    for count in range(len(orders), 0, -1):
        rest = f" +{len(orders) - count}" if count < len(orders) else ""
        text = f"enforcer {' '.join(orders[:count])}{rest}"
        if len(text) <= COMMENT:
            return text
    return "enforcer"


_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def label_of(orders: Sequence[str], milliseconds: int) -> str:
    """A label that was never given before: at most 30 characters, a letter first.

    IOS-XR takes letters, digits, hyphens and underscores, and each label once; the time makes it
    new where the same orders are written again after a rollback.
    """
    time = ""
    while milliseconds:
        milliseconds, digit = divmod(milliseconds, len(_DIGITS))
        time = _DIGITS[digit] + time
    return f"ENF-{orders[0] if orders else 'removal'}-{time}"


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
