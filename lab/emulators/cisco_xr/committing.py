# SPDX-License-Identifier: GPL-2.0-or-later
"""`commit` and its options: verify, apply, arm, confirm, refuse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.emulators.cisco_xr.buffer import Buffer
from lab.emulators.cisco_xr.checks import (
    ATOMIC,
    PSEUDO_ATOMIC,
    Failure,
    failed_text,
    failures,
    uncompressed,
)
from lab.emulators.cisco_xr.commits import ConfigSession
from lab.emulators.cisco_xr.tree import Node, merge
from lab.emulators.cisco_xr.view import View
from lab.emulators.cisco_xr.words import Refused

if TYPE_CHECKING:
    from lab.emulators.cisco_xr.device import Router

CONFIRMED = "\n% Confirming commit for trial session."
NO_CHANGES = "No configuration changes to commit."
UNEXPIRED = "% Cannot commit because there is an unexpired trial/rollback session '{}'."
LOCKED = "% Cannot commit because the configuration namespace is locked by another agent."
DEFAULT_TRIAL_SECONDS = 600


@dataclass(frozen=True)
class CommitOptions:
    """The words behind `commit`.

    Attributes:
        label: empty: none.
        comment: empty: none.
        seconds: of the trial; None: no trial.
    """

    label: str = ""
    comment: str = ""
    seconds: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a commit.

    Attributes:
        text: what the router says.
        done: something was committed or confirmed.
        failed: what `show configuration failed` prints now; empty: it did not fail.
    """

    text: str = ""
    done: bool = False
    failed: str = ""


def commit_options(words: list[str]) -> CommitOptions:
    """Options of `commit`, in any order; everything behind `comment` is the comment [DOC].

    Raises:
        Refused: an unknown word, a missing value or seconds outside 30..65535 [LIVE].
    """
    label, seconds = "", None
    at = 0
    while at < len(words):
        word = words[at]
        if word == "comment":
            if at + 1 == len(words):
                raise Refused(at + 1, "% Incomplete command.")
            return CommitOptions(label, " ".join(words[at + 1 :]).strip('"'), seconds)
        if word == "label":
            if at + 1 == len(words):
                raise Refused(at + 1, "% Incomplete command.")
            label, at = words[at + 1], at + 2
        elif len(word) > 3 and "confirmed".startswith(word):
            seconds, at = _trial(words, at + 1)
        elif word in ("force", "show-error"):
            at += 1
        else:
            raise Refused(at)
    return CommitOptions(label, "", seconds)


def _trial(words: list[str], at: int) -> tuple[int, int]:
    minutes = words[at : at + 1] == ["minutes"]
    value = at + 1 if minutes else at
    if value >= len(words):
        if minutes:
            raise Refused(value, "% Incomplete command.")
        return DEFAULT_TRIAL_SECONDS, value
    if not words[value].isdecimal():
        if minutes:
            raise Refused(value)
        return DEFAULT_TRIAL_SECONDS, value
    number = int(words[value])
    least, most = (1, 1024) if minutes else (30, 65535)
    if not least <= number <= most:
        raise Refused(value)
    return number * (60 if minutes else 1), value + 1


class Committer:
    """Commits a session's target buffer."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._database = router.database

    def commit(self, session: ConfigSession, buffer: Buffer, options: CommitOptions) -> Outcome:
        """Commit, confirm or refuse."""
        edits = buffer.pending()
        trial = self._database.trial
        if trial is not None and trial.session is session:
            return self._confirm(session, buffer, edits, options)
        if not edits.children:
            return Outcome(NO_CHANGES)
        if trial is not None:
            return Outcome(UNEXPIRED.format(trial.session.identity))
        if self._database.locked_by(session) is not None:
            return Outcome(LOCKED)
        return self._apply(session, buffer, edits, options)

    def _confirm(
        self, session: ConfigSession, buffer: Buffer, edits: Node, options: CommitOptions
    ) -> Outcome:
        """Any commit of the arming session confirms [LIVE]; changes since are committed [GUESS]."""
        self._database.confirm()
        if edits.children:
            outcome = self._apply(session, buffer, edits, options)
            return Outcome(CONFIRMED + outcome.text, done=True, failed=outcome.failed)
        return Outcome(CONFIRMED, done=True)

    def _apply(
        self, session: ConfigSession, buffer: Buffer, edits: Node, options: CommitOptions
    ) -> Outcome:
        before = self._database.running
        after = merge(before, edits)
        found = self._failures(View(before), View(after), edits)
        if found:
            words = ATOMIC if self._router.atomic else PSEUDO_ATOMIC
            return Outcome(words, failed=failed_text(edits, found))
        self._database.record(
            session, after, edits=edits, label=options.label, comment=options.comment
        )
        buffer.committed()
        if options.seconds is not None:
            self._database.arm(session, before, options.seconds)
        return Outcome(done=True)

    def _failures(self, before: View, after: View, edits: Node) -> list[Failure]:
        if self._router.commit_refusals:
            first = edits.children[0]
            return [Failure((first.key,), self._router.commit_refusals.pop(0))]
        compressed = [] if self._router.compression else list(uncompressed(edits))
        return compressed + list(failures(before, after, edits, self._router.faults))
