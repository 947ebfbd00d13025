# SPDX-License-Identifier: GPL-2.0-or-later
"""What IOS-XR says about commits. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from enforcer.errors import ParseFailed

_ROW = re.compile(
    r"^\s*(?P<number>\d+)\s+(?P<label>\S+)\s+(?P<user>\S+)\s+(?P<line>\S+)\s+(?P<client>\S.*?)\s+"
    r"(?P<stamp>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} +\d+ [\d:.]+ \d{4})\s*$"
)
_HEADER = re.compile(r"(?m)^\s*SNo\.\s+Label/ID\s+User\s+Line\s+Client\s+Time Stamp\s*$")
_EMPTY = re.compile(r"(?i)^\s*(?:% *)?No (?:configuration )?(?:commits|history)")


@dataclass(frozen=True, slots=True)
class Commit:
    """The newest commit: its id or label, who made it, how, and when (the box's own words)."""

    label: str
    user: str
    client: str
    stamp: str

    @property
    def token(self) -> str:
        """Other after every commit: an id or a label is given once."""
        return f"{self.label} {self.stamp}"


def newest(device: str, text: str) -> Commit | None:
    """The first row of ``show configuration commit list``; None: nothing was ever committed."""
    if _EMPTY.match(text):
        return None
    header = _HEADER.search(text)
    rows = [] if header is None else [r for r in text[header.end() :].splitlines() if r.strip()]
    rows = [r for r in rows if not re.fullmatch(r"[\s~]+", r)]
    if header is None:
        raise ParseFailed(device, f"commit list: {text.strip()[:80]!r} is not understood")
    if not rows:
        return None
    found = _ROW.match(rows[0])
    if found is None or found["number"] != "1":
        raise ParseFailed(device, f"commit list: {rows[0].strip()[:80]!r} is not understood")
    return Commit(found["label"], found["user"], found["client"], " ".join(found["stamp"].split()))


class Said(StrEnum):
    """What came of a commit."""

    DONE = "done"
    NOTHING = "nothing to commit"
    CONFIRMED = "trial confirmed"
    FAILED = "failed"
    BUSY = "held by somebody else"
    STALE = "others committed"
    UNKNOWN = "not understood"


_SAYINGS = (
    (Said.STALE, r"One or more commits have occurred from other"),
    (Said.CONFIRMED, r"% *Confirming commit for trial session"),
    (Said.NOTHING, r"No configuration changes to commit"),
    (Said.BUSY, r"unexpired trial/rollback session|[Nn]amespace is locked|locked by another agent"),
    (Said.BUSY, r"trial commit is underway"),
    (Said.FAILED, r"% *Failed to commit|operation\. (?:All changes made|No changes have)"),
    (Said.FAILED, r"(?m)^\s*% (?!WARNING)"),
    (Said.FAILED, r"(?m)^\s*(?:% ?This command is not authorized|Command authorization failed)"),
)


def said(text: str) -> Said:
    """Judge the answer to a commit; nothing but blank lines and warnings is success."""
    for what, pattern in _SAYINGS:
        if re.search(pattern, text):
            return what
    rest = [x for x in text.splitlines() if x.strip() and not x.lstrip().startswith("% WARNING")]
    return Said.UNKNOWN if rest else Said.DONE


_FULL = re.compile(
    r"(?i)resource not available|out of resource|no (?:more )?(?:tcam|resource)|tcam .*full"
    r"|insufficient"
)


def why_failed(text: str) -> str:
    """The reasons that ``show configuration failed`` gives, in one line."""
    reasons = [line.strip()[3:].strip() for line in text.splitlines() if line.startswith("!!%")]
    reasons = list(dict.fromkeys(r for r in reasons if r))
    told = "; ".join(reasons) or "the device gives no reason (`show configuration failed` is empty)"
    if _FULL.search(told):
        return f"its hardware is full (TCAM): {told}; lift orders, or block by route (rtbh)"
    return told


_LOCKED = re.compile(
    r"Cannot enter exclusive mode|[Nn]amespace is locked|locked by another|trial commit is underway"
)


def locked(text: str) -> bool:
    """Whether ``configure exclusive`` was refused because somebody else is at it."""
    return _LOCKED.search(text) is not None


_ALONE = re.compile(r"(?i)\A\s*(?:% *)?(?:there are )?no (?:\w+ ){0,2}sessions?[^\n]*\s*\Z")
_SESSION = re.compile(r"(?m)^\s*\d+\)\s+Session:\s+(?P<session>\S+)")
_FIELDS = re.compile(r"(?m)^\s*User:\s+(?P<user>\S+)\s+Client:\s+(?P<client>\S.*?)\s*$")


def pending(device: str, text: str) -> str:
    """Who has a trial that is not confirmed yet, by ``show configuration sessions detail``.

    "" nobody. Raises ParseFailed where the table was cut or is another one.
    """
    if not text.strip() or _ALONE.match(text):
        return ""
    starts = [found.start() for found in _SESSION.finditer(text)]
    if not starts or text[: starts[0]].strip():
        raise ParseFailed(device, f"configuration sessions: {_start(text)!r} is not understood")
    for first, last in pairwise([*starts, len(text)]):
        fields = _FIELDS.search(text, first, last)
        if fields is None:
            raise ParseFailed(device, f"configuration sessions: {_start(text)!r} was cut")
        if fields["client"] == "commit-confirm":
            return fields["user"]
    return ""


def _start(text: str) -> str:
    return " ".join(text.split())[:80]
