# SPDX-License-Identifier: GPL-2.0-or-later
"""What Junos says beside its configuration: commits, locks, adjacencies, counters. Pure.

Every function raises ParseFailed for what it does not understand.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address

from enforcer.errors import ParseFailed

_COMMIT = re.compile(
    r"^(?P<number>\d{1,3}) +(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+)"
    r" by (?P<by>.+?) via (?P<via>\S+)"
    r"(?P<pending> commit confirmed, rollback in \S+| commit confirmed)?\s*$"
)
_PENDING = "rollback pending"
_BY_ITSELF = " root other"
_WHO = re.compile(r"^\s+(?P<who>\S+ .*\(pid \d+\).*)$")
_LOADED = re.compile(r"^load complete(?: \((\d+) errors?\))?$")
_BAD = re.compile(
    r"(?i)^\s*(?:error:|syntax error|unknown command|missing argument|invalid |.*\berror: )"
)
_COMPLETE = "commit complete"
_PEER = re.compile(r"^(\S+)\s+\d+(?:\.\d+)?\s+\d+\s+\d+\s+\d+\s+\d+\s+.*\S$")
_PEERS = re.compile(r"^Groups: \d+ +Peers: (\d+) +Down peers: \d+$")
_UP = re.compile(r"(?:Establ|\d+/\d+/\d+(?:/\d+)?(?: +\d+/\d+/\d+(?:/\d+)?)*)$")
_FILTER = re.compile(r"^Filter: (\S+)\s*$")
_COUNTER = re.compile(r"^(\S+) +(\d+) +(\d+)$")
_TITLES = ("Counters:", "Policers:")


@dataclass(frozen=True, slots=True)
class Commits:
    """The commit log. `digest`: moves with every commit. `pending`: who has a commit to confirm,
    "" nobody; `comment`: what was noted with the newest. `entries`: each commit, newest first.
    """

    digest: str
    pending: str
    comment: str
    entries: tuple[str, ...]

    def follows(self, other: Commits) -> bool:
        """Whether there is one commit more than in `other`; the oldest ones may be forgotten."""
        before = self.entries[1:]
        return bool(before) and before == other.entries[: len(before)]

    @property
    def by_itself(self) -> bool:
        """Whether the newest commit is the box's own: a timer ran out."""
        return self.entries[0].endswith(_BY_ITSELF)


def commits(device: str, text: str) -> Commits:
    """``show system commit``: newest first; what was noted with a commit stands below it."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    kept: list[str] = []
    pending, comment, newest = "", "", -1
    for line in lines:
        found = _COMMIT.match(line)
        if found is not None:
            newest += 1
            if int(found["number"]) != newest:
                raise ParseFailed(device, f"its commit log is not whole: {line!r}")
            if found["pending"] and newest == 0 and "rollback in" in found["pending"]:
                pending = f"{found['by']} via {found['via']} at {found['at']}"
            kept.append(f"{found['at']} {found['by']} {found['via']}")
        elif newest < 0 or not line.startswith(" "):
            raise ParseFailed(device, f"its commit log says {line!r}, which is not understood")
        elif line.strip() == _PENDING:
            pending = pending or "somebody"
        else:
            comment = line.strip() if newest == 0 and not comment else comment
            kept[-1] += f"\n{line.strip()}"
    if newest < 0:
        raise ParseFailed(device, "its commit log is empty: `show system commit` said nothing")
    digest = hashlib.blake2b("\n".join(kept).encode(), digest_size=12).hexdigest()
    return Commits(digest, pending, comment, tuple(kept))


def busy(text: str) -> str | None:
    """Who keeps us from the configuration, when `configure exclusive` was refused; None: it was
    not."""
    if "configuration database" not in text:
        return None
    who = [found["who"].strip() for line in text.split("\n") if (found := _WHO.match(line))]
    named = "; ".join(who) or "somebody"
    if "database modified" in text:
        return f"{named} has edits that are not committed"
    if "locked by" in text:
        return f"{named} has it locked"
    return None


def load_errors(device: str, text: str) -> list[str]:
    """The complaints of ``load set terminal``; none: every line was taken.

    Newer releases end in a bare ``load complete`` although lines were refused: so the
    complaints count, whatever the verdict.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    verdicts = [found for line in lines if (found := _LOADED.match(line))]
    if not verdicts:
        raise ParseFailed(device, f"loading ended without a verdict: {_end(lines)}")
    bad = [line for line in lines if _BAD.match(line)]
    number = verdicts[-1][1]
    if number is not None and int(number) and not bad:
        bad = [f"{number} errors"]
    return bad


def commit_failure(text: str) -> str:
    """Why a commit was refused; "": it is complete on every routing engine."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    bad = [line for line in lines if line.startswith("error:")]
    if bad or _COMPLETE not in lines:
        return " / ".join(lines[-6:]) or "nothing was said"
    return ""


def check_failure(text: str) -> str:
    """Why ``commit check`` failed; "": it passed."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    bad = any(line.startswith("error:") for line in lines)
    if bad or "configuration check succeeds" not in lines:
        return " / ".join(lines[-6:]) or "nothing was said"
    return ""


def refused(text: str) -> bool:
    """Whether a commit said for sure that nothing of it stands."""
    said = ("configuration check-out failed", "commit failed", "permission denied")
    return any(word in text for word in said)


def adjacencies(device: str, text: str) -> Counter[str]:
    """Addresses of the BGP neighbors that are up, by ``show bgp summary``; several instances may
    have the same one."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    if not lines or any("BGP is not running" in line for line in lines):
        return Counter()
    said = [int(found[1]) for line in lines if (found := _PEERS.match(line))]
    up: Counter[str] = Counter()
    number = 0
    for line in lines:
        peer = _PEER.match(line)
        if peer is None or not _is_address(peer[1]):
            continue
        number += 1
        if _UP.search(line):
            up[str(ip_address(peer[1]))] += 1
    if said != [number]:
        raise ParseFailed(device, f"`show bgp summary` shows {number} peers and counts {said}")
    return up


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def counters(device: str, text: str) -> dict[str, tuple[int, int]]:
    """(octets, packets) by counter's name, ``show firewall``; equal names add up."""
    found: dict[str, tuple[int, int]] = {}
    section = ""
    for raw in text.split("\n"):
        line = raw.strip()
        if not line or line.startswith("Name ") or line == "show firewall":
            continue
        if _FILTER.match(line):
            section = ""
        elif line in _TITLES:
            section = line
        elif (counted := _COUNTER.match(line)) and section:
            if section == _TITLES[0]:
                octets, packets = found.get(counted[1], (0, 0))
                found[counted[1]] = octets + int(counted[2]), packets + int(counted[3])
        else:
            raise ParseFailed(device, f"`show firewall` says {line!r}, which is not understood")
    return found


def _end(lines: Iterable[str]) -> str:
    return " / ".join(list(lines)[-3:]) or "nothing was said"
