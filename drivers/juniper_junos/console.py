# SPDX-License-Identifier: GPL-2.0-or-later
"""Junos' command line as this driver uses it: shown, locked, loaded, committed, left.

Everything that may ask is answered explicitly. The candidate configuration is only ever touched
under `configure exclusive`, so that it holds our own edits and nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers._ssh.terminal import Terminal
from drivers.juniper_junos.answers import (
    Commits,
    adjacencies,
    busy,
    check_failure,
    commit_failure,
    commits,
    load_errors,
)
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
)

COMMIT_SECONDS = 600.0
"""A big chassis is silent for minutes over one commit."""
_SHOW_SECONDS = 120.0
_RAN_OUT = "its timer ran out: the box rolled the change back by itself; it is read again"
_INVITATION = r"\[Type \^D at a new line to end input\]"
_QUESTIONS = (
    # Ours alone: under `configure exclusive` there are no other edits to discard.
    (r"Discard uncommitted changes\? \[yes,no\] \(yes\)\s*", "yes"),
    # Only in a shared candidate, in which we never are: then nothing may be left behind there.
    (r"Exit with uncommitted changes\? \[yes,no\] \(yes\)\s*", "no"),
)


class Console:
    """One terminal; `editing`: it is in configuration mode, and nobody else can commit."""

    def __init__(self, device: str, terminal: Terminal) -> None:
        self.device = device
        self.editing = False
        self._dirty = False
        self._terminal = terminal

    def alive(self) -> bool:
        """Whether the session can be used as far as this side knows."""
        return self._terminal.alive()

    def show(self, command: str, timeout: float = _SHOW_SECONDS) -> str:
        """The answer to a command of operational mode, in whatever mode we are."""
        asked = f"run {command}" if self.editing else command
        return self._terminal.ask(asked, timeout=timeout)

    def configuration(self, section: str, pipes: str) -> str:
        """A section of the committed configuration through `pipes`.

        In configuration mode it is the candidate that is shown; alone in it, and with nothing
        loaded, it is the same.
        """
        if not self.editing:
            return self.show(f"{f'show configuration {section}'.rstrip()} | {pipes}")
        asked = f"{f'show {section}'.rstrip()} | {pipes}"
        return self._terminal.ask(asked, timeout=_SHOW_SECONDS)

    def commits(self) -> Commits:
        """The commit log."""
        return commits(self.device, self.show("show system commit"))

    def adjacencies(self) -> dict[str, int]:
        """The BGP neighbors that are up."""
        return adjacencies(self.device, self.show("show bgp summary"))

    # -- configuration mode --------------------------------------------------------------

    def lock(self) -> None:
        """Enter configuration mode alone.

        Raises DeviceBusy where somebody edits or has edited without committing;
        AuthenticationFailed where we may not.
        """
        said = self._terminal.dialog("configure exclusive", (), "", 60.0, refuse=False)
        entered = "Entering configuration mode" in said
        if entered and "has been changed but not committed" in said:
            # Somebody's edits: neither to be committed nor to be discarded. Only hanging up
            # leaves them as they are.
            self._terminal.close()
            raise DeviceBusy(self.device, "somebody has edits that are not committed; left alone")
        if entered:
            self.editing = True
            return
        who = busy(said)
        if who is not None:
            raise DeviceBusy(
                self.device, f"its configuration cannot be edited now: {who}; it is tried again"
            )
        raise AuthenticationFailed(
            self.device,
            f"`configure exclusive` was refused ({_short(said)}): give our login class the"
            " permissions of docs/platforms/juniper-junos.md",
        )

    def unlock(self) -> None:
        """Leave configuration mode, our own uncommitted edits thrown away."""
        if not self.editing:
            return
        if self._dirty:
            self._terminal.ask("rollback 0", timeout=_SHOW_SECONDS)
            self._dirty = False
        said = self._terminal.dialog("exit configuration-mode", _QUESTIONS, "", 60.0)
        if "Exiting configuration mode" not in said:
            self._terminal.close()
            raise DeviceError(self.device, f"did not leave configuration mode: {_short(said)}")
        self.editing = False

    def load(self, lines: Iterable[str]) -> str:
        """Put commands into the candidate; what changed, as ``show | compare`` says.

        Raises CommandRejected when any of them was not taken.
        """
        self._dirty = True
        said = self._terminal.load(
            "load set terminal", lines, ready=_INVITATION, timeout=COMMIT_SECONDS
        )
        bad = load_errors(self.device, said)
        if bad:
            raise CommandRejected(
                self.device, f"did not take {len(bad)} lines, and nothing stands: {bad[0]}"
            )
        return self._terminal.ask("show | compare", timeout=_SHOW_SECONDS)

    def check(self) -> None:
        """``commit check``. Never while a commit waits: it would confirm that one."""
        said = self._terminal.ask("commit check", timeout=COMMIT_SECONDS, refuse=False)
        why = check_failure(said)
        if why:
            raise CommandRejected(self.device, f"its check refused the change: {why}")

    def commit(self, comment: str, before: str, minutes: int = 0) -> Commits:
        """Commit what is loaded; `minutes`: it is rolled back by itself unless confirmed.

        `before`: the digest of the commit log until now. Raises CommandRejected when nothing of
        it stands, DeviceUnreachable and others when that cannot be known.
        """
        how = f"commit confirmed {minutes}" if minutes else "commit"
        said = self._terminal.ask(
            f'{how} comment "{comment}"', timeout=COMMIT_SECONDS, refuse=False
        )
        why = commit_failure(said)
        log = self.commits()
        if why and log.digest == before:
            raise CommandRejected(self.device, f"refused the commit: {why}")
        if why:
            raise DeviceError(self.device, f"it is unknown what was committed ({why}); read back")
        self._dirty = False
        if log.digest == before:
            raise DeviceError(self.device, "said `commit complete`, and its commit log has nothing")
        return log

    def confirm(self, comment: str, armed: Commits) -> Commits:
        """Commit once more, which confirms what waits; a box need not note that as a commit.

        `armed`: the commit log since it waits. Raises DeviceError where it does not wait any
        more, or still does.
        """
        self._still_waits(armed)
        said = self._terminal.ask(
            f'commit comment "{comment}"', timeout=COMMIT_SECONDS, refuse=False
        )
        why, log = commit_failure(said), self.commits()
        if why or log.pending:
            raise DeviceError(
                self.device, f"the commit was not confirmed ({why or 'it still waits'}); read back"
            )
        if log.digest != armed.digest and (log.by_itself or not log.follows(armed)):
            raise DeviceError(self.device, f"while it was confirmed {_RAN_OUT}")
        return log

    def roll_back(self, armed: Commits) -> None:
        """Commit what stood before the one that waits; only under the same lock.

        `armed`: the commit log since it waits. Nothing is to be done where the box was faster.
        Raises DeviceError where that cannot be known.
        """
        log = self.commits()
        if log.by_itself and log.follows(armed):
            return
        self._still_waits(armed)
        self._dirty = True
        self._terminal.ask("rollback 1", timeout=_SHOW_SECONDS)
        # Asked again: had the timer run out before, this would have loaded what was rolled back.
        self._still_waits(armed)
        self.commit("enforcer: taken back", armed.digest)

    def _still_waits(self, armed: Commits) -> None:
        log = self.commits()
        if log.digest != armed.digest or not log.pending:
            raise DeviceError(self.device, _RAN_OUT)

    def close(self) -> None:
        """Hang up."""
        self._terminal.close()

    def transcript(self) -> str:
        """What was said, secrets masked."""
        return self._terminal.transcript.text()

    def said(self) -> str:
        """What was said since this was last asked, in excerpt, secrets masked."""
        return self._terminal.transcript.take()

    def check_alive(self) -> None:
        """Raises DeviceUnreachable where the session is known to be gone."""
        if not self._terminal.alive():
            raise DeviceUnreachable(self.device, "the session is gone; it is opened anew")


def _short(said: str) -> str:
    return " / ".join(line.strip() for line in said.split("\n") if line.strip())[-300:]
