# SPDX-License-Identifier: GPL-2.0-or-later
"""What devices print between the lines of an answer."""

from __future__ import annotations

import re

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TIME = r"\d{1,2}:\d\d:\d\d(?:\.\d+)?"

SYSLOG = (
    r"(?:"
    # IOS: sequence number, time (with a star or dot where the clock is not set), mnemonic
    rf"(?:\d{{1,10}}: )?(?:[*.]?{_MONTH} [ \d]\d(?: \d{{4}})? {_TIME}(?: \w+)? ?: )?"
    # IOS-XR: who says it, time, process
    rf"(?:(?:RP|LC|SP|DRP)?/?[\w/]+:{_MONTH} [ \d]\d(?: \d{{4}})? {_TIME}(?: \w+)? ?: "
    r"[\w\-]+\[\d+\]: )?"
    r"%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+ ?:[^\n]*"
    # IOS without a mnemonic, as some images print: only the time tells it from output
    rf"|\*{_MONTH} [ \d]\d(?: \d{{4}})? {_TIME}(?: \w+)? ?: [^\n]*"
    # IOS: what a revert timer says unasked, a minute before it runs out and when it does
    r"|Rollback Confirmed Change: (?:Rollback will begin|rolling to)[^\n]*"
    r"|Enter [^\w\n]?configure confirm[^\w\n]? if you wish[^\n]*"
    r")"
)
"""One syslog line of IOS or IOS-XR as it comes to a terminal."""

_UNASKED = "onfirm"
"""In both of a revert timer's lines: cheaper to look for than the whole pattern."""

_BROADCAST = (
    r"(?:Broadcast Message from|Message from) \S+@[^\n]*\n(?:[ \t]*\([^\n]*\n)?[ \t]*\n?"
    r"(?:[^\n]+(?:\n|$))+"
)
"""Junos: wall(1)'s block (a header, the time, then a paragraph)."""

_NOISE = re.compile(rf"(?m)(?:(?<=[#>])[ ]?(?={SYSLOG}$)|^){SYSLOG}(?:\n|\Z)")
_WALL = re.compile(rf"(?m)^{_BROADCAST}\n?")
_LINE = re.compile(SYSLOG)

_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_TIMESTAMP = re.compile(
    rf"\A\s*{_WEEKDAY} {_MONTH} [ \d]?\d {_TIME} (?:\w+|[+-]\d+)(?: \d{{4}})?[ \t]*(?:\n|\Z)"
)


def without_noise(text: str) -> str:
    """`text` without syslog lines and without Junos' broadcast messages.

    A syslog line is ``%FACILITY-n-MNEMONIC:`` with or without time and origin before it, or the
    time of a clock that is not set (``*Mar  1 00:12:31.123: ...``). Refusals (``% Invalid
    input``) are none. Lines end with a line feed alone.
    """
    if "%" in text or "*" in text or _UNASKED in text:
        text = _NOISE.sub("", text)
    return _WALL.sub("", text) if "essage from " in text else text


def noise_of(text: str) -> tuple[str, ...]:
    """The syslog lines that `without_noise` takes off."""
    if "%" not in text and "*" not in text:
        return ()
    return tuple(found.group().strip() for found in _NOISE.finditer(text))


def is_noise(line: str) -> bool:
    """Whether one line is a syslog line as a whole."""
    return ("%" in line or "*" in line or _UNASKED in line) and _LINE.fullmatch(line) is not None


def without_timestamp(text: str) -> str:
    """`text` without the line of the time that IOS-XR prints before every answer.

    ``Thu Nov 12 10:11:12.345 UTC``: only the first line that is not empty, so that such a line
    within an answer stays.
    """
    return _TIMESTAMP.sub("", text, count=1)
