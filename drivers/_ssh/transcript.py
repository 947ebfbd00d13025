# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, without the secrets."""

from __future__ import annotations


class Transcript:
    """What was sent and received, the newest `limit` characters of it; thread-safe.

    Secrets that were told to `hide`, and what stands where configurations have secrets
    (passwords, keys, communities), are masked.
    """

    def __init__(self, limit: int = 200_000) -> None:
        raise NotImplementedError

    def hide(self, secret: str) -> None:
        """Mask `secret` wherever it occurs."""
        raise NotImplementedError

    def text(self) -> str:
        """All that is kept, oldest first; received text as it came, sent lines marked ``> ``."""
        raise NotImplementedError


def masked(text: str) -> str:
    """`text` with what stands where configurations have secrets replaced by ``***``."""
    raise NotImplementedError
