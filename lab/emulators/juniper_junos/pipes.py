# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands behind the `|` of a command of the emulated Junos."""

from __future__ import annotations

import re


def split(line: str) -> tuple[str, list[str]]:
    """The command and its pipes, in order; a `|` inside quotes is no pipe."""
    parts = re.split(r'\|(?=(?:[^"]*"[^"]*")*[^"]*$)', line)
    return parts[0].strip(), [" ".join(part.split()) for part in parts[1:]]


def filtered(text: str, pipes: list[str]) -> str:
    """`text` through `match`, `except`, `find`, `last`, `count`; other pipes leave it alone."""
    for pipe in pipes:
        name, _, argument = pipe.partition(" ")
        lines = text.split("\n") if text else []
        pattern = argument.strip().strip('"')
        if name == "match":
            text = "\n".join(line for line in lines if re.search(pattern, line, re.IGNORECASE))
        elif name == "except":
            text = "\n".join(line for line in lines if not re.search(pattern, line, re.IGNORECASE))
        elif name == "find":
            first = next(
                (i for i, line in enumerate(lines) if re.search(pattern, line)), len(lines)
            )
            text = "\n".join(lines[first:])
        elif name == "last":
            text = "\n".join(lines[-int(argument or 10) :])
        elif name == "count":
            text = f"Count: {len(lines)} lines"
    return text
