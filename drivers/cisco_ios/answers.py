# SPDX-License-Identifier: GPL-2.0-or-later
"""What single commands of exec mode answer. Pure; what is not understood is ParseFailed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from enforcer.errors import ParseFailed

_HEADER = re.compile(r"Neighbor +V +AS .*State/PfxRcd", re.IGNORECASE)
_NO_BGP = re.compile(r"(?i)% ?BGP not active|% ?BGP.* not (?:enabled|running|configured)")
_CLOCK = re.compile(r"[*.]?(\d\d):(\d\d):(\d\d)(?:\.\d+)? (\S+) \w{3} (\w{3}) +(\d{1,2}) (\d{4})")
_ARCHIVE = re.compile(r"The (?:next|maximum) archive")
_NO_ARCHIVE = re.compile(r"(?i)archive feature not enabled")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def established(device: str, text: str) -> frozenset[str]:
    """The neighbors that are up, of ``show ip bgp summary`` or its sister for IPv6.

    A router without BGP has none. Raises ParseFailed.
    """
    lines = text.replace("\r", "").split("\n")
    starts = [at for at, line in enumerate(lines) if _HEADER.search(line)]
    if not starts:
        said = text.strip()
        if not said or _NO_BGP.search(said) or said.startswith("BGP router identifier"):
            return frozenset()
        raise _not_understood(device, "the summary of BGP", said)
    found: set[str] = set()
    address = ""
    for line in lines[starts[0] + 1 :]:
        words = line.split()
        if not words or _HEADER.search(line):
            continue
        if _address(words[0]):
            address, words = words[0].lstrip("*").lower(), words[1:]
        if not address or not words or not words[0].isdecimal():
            # Between two tables there are lines about the next one; an address may stand alone.
            continue
        if len(words) < 8:
            raise _not_understood(device, "a line of the summary of BGP", line)
        if words[8:] and words[8].isdecimal():
            found.add(address)
        address = ""
    return frozenset(found)


def _address(word: str) -> bool:
    try:
        ip_address(word.lstrip("*"))
    except ValueError:
        return False
    return True


def clock_ahead(device: str, text: str, utc: int, now: datetime) -> float:
    """Seconds that the clock of ``show clock`` is ahead of `now`; `utc`: minutes of its zone."""
    found = _CLOCK.search(text)
    if found is None or found[5] not in _MONTHS:
        raise _not_understood(device, "the clock", text)
    hour, minute, second = (int(found[at]) for at in (1, 2, 3))
    month = _MONTHS.index(found[5]) + 1
    try:
        told = datetime(int(found[7]), month, int(found[6]), hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _not_understood(device, "the clock", text) from None
    return (told - timedelta(minutes=utc) - now).total_seconds()


def has_archive(device: str, text: str) -> bool:
    """Whether ``show archive`` says that the box can roll back by itself."""
    if _NO_ARCHIVE.search(text):
        return False
    if _ARCHIVE.search(text):
        return "The next archive file will be named" in text
    if text.lstrip().startswith("%") or not text.strip():
        return False
    raise _not_understood(device, "the archive", text)


_TIMER = re.compile(r"(?i)timer value: *(\d+ \S+)")
_WHOSE = re.compile(r"(?i)user: *(\S+)")


def pending_trial(device: str, text: str) -> str:
    """What ``show archive config rollback timer`` says of a pending one; "" there is none.

    A release that does not know the command answers as one without. Raises ParseFailed.
    """
    said = text.strip()
    timer, whose = _TIMER.search(said), _WHOSE.search(said)
    if timer is None and (not said or "%" in said):
        return ""
    if timer is None:
        raise _not_understood(device, "the rollback timer", said)
    return f"{timer[1]}, armed by {whose[1] if whose else 'somebody'}"


def _not_understood(device: str, what: str, text: str) -> ParseFailed:
    shown = " ".join(text.split())[:120]
    return ParseFailed(device, f"{what} is not understood: {shown!r}")
