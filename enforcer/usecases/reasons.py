# SPDX-License-Identifier: GPL-2.0-or-later
"""What people give as their reason: some text, not a document."""

from __future__ import annotations

import re

from enforcer.errors import InvalidInput

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]",
)
"""Control characters, line ends, and what changes the direction of text."""
_SURROGATES = re.compile("[\ud800-\udfff]")
LONGEST_REASON = 500
"""Characters; what is longer belongs into the ticket."""


def need_reason(reason: str, message: str) -> None:
    """Raise InvalidInput with `message` for an empty `reason`, else as `check_reason`."""
    if not reason.strip():
        raise InvalidInput(f"{message}: --reason '...'")
    check_reason(reason)


def check_reason(reason: str) -> None:
    """Raise InvalidInput for a reason that is too long, or that is no text."""
    if len(reason) > LONGEST_REASON:
        raise InvalidInput(
            f"--reason has {len(reason)} characters, and at most {LONGEST_REASON} are kept:"
            " say it in short, and name a --ticket that has the rest"
        )
    check_text(reason, "--reason")


def check_text(text: str, option: str) -> None:
    """Raise InvalidInput where what was given with `option` is no text."""
    # A terminal's bytes that are not UTF-8 arrive as surrogates (PEP 383), which no file takes.
    if not text.isascii() and _SURROGATES.search(text):
        raise InvalidInput(f"{option} has characters that are not UTF-8: type it again")
    if found := _UNSEEN.search(text):
        raise InvalidInput(
            f"{option} has the character U+{ord(found[0]):04X}, which is not seen or turns text"
            " around: leave it out, and write one line"
        )
