# SPDX-License-Identifier: GPL-2.0-or-later
"""Secrets of 256 random bits: how they are made, and what is kept of them.

SHA-256 is enough for what nobody can guess; slow hashes are for what people think of.
"""

from __future__ import annotations

import hashlib
import re
import secrets

_NAME_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_NAME = re.compile(r"enf_[a-z0-9]{8}")
_TOKEN = re.compile(r"enf_[a-z0-9]{8}_[A-Za-z0-9_-]{43}")


def digest(secret: str) -> str:
    """What is stored, in hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_token() -> tuple[str, str]:
    """The public name of a new token, and the whole of it, which begins with that."""
    name = "enf_" + "".join(secrets.choice(_NAME_LETTERS) for _ in range(8))
    return name, f"{name}_{secrets.token_urlsafe(32)}"


def is_token(text: str) -> bool:
    """Whether `text` has the shape of a token."""
    return _TOKEN.fullmatch(text) is not None


def is_token_name(text: str) -> bool:
    """Whether `text` has the shape of a token's name."""
    return _NAME.fullmatch(text) is not None
