# SPDX-License-Identifier: GPL-2.0-or-later
"""Console blocks: what is typed, what is answered, and what of it differs from run to run."""

from __future__ import annotations

import re

_PROMPT = re.compile(r"^[$#] ")
_VARYING = (
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?(\.\d+)?Z", "TIME"),
    (r"\b(now|\d+s ago|\d+m\d+s ago)\b", "AGO"),
    (r"\bin (2h|1h59m(\d+s)?)\b", "LATER"),
    (r"\b[0-9A-F]{8}\b", "CONTROLLER"),
    (r"\bby \S+, (cli|now|AGO)", r"by SOMEBODY, \1"),
    (r"\(\d{6,}:\d+\)", "(TOKEN)"),
    (r"\bpid \d+", "pid N"),
    (r"\bnft \d+\.\d+\.\d+\b", "nft VERSION"),
    (r"\bchange \d+ included", "change N included"),
    (r"\b\d+ ms\b", "N ms"),
    (r"\s+", " "),
)


def typed(conversation: str) -> list[str]:
    """The command lines of a console block."""
    lines = conversation.splitlines()
    return [line[2:] for line in lines if _PROMPT.match(line)]


def masked(conversation: str) -> list[str]:
    """The lines of a conversation, prompts alike, without what differs from run to run."""
    lines = [_PROMPT.sub("$ ", line) for line in conversation.splitlines() if line.strip()]
    for pattern, word in _VARYING:
        lines = [re.sub(pattern, word, line.strip()) for line in lines]
    return lines
