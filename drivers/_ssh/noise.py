# SPDX-License-Identifier: GPL-2.0-or-later
"""What devices print between the lines of an answer."""

from __future__ import annotations


def without_noise(text: str) -> str:
    """`text` without syslog lines (``%FACILITY-n-MNEMONIC:``, with or without time before it)
    and Junos' broadcast messages."""
    raise NotImplementedError


def without_timestamp(text: str) -> str:
    """`text` without the line of the time that IOS-XR prints before every answer.

    ``Thu Nov 12 10:11:12.345 UTC``: only the first line that is not empty.
    """
    raise NotImplementedError
