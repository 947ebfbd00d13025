# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of others: read whole, or refused with a sentence."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from enforcer.errors import InvalidInput
from inventory.problems import dotted


def read_text(file: Path) -> str:
    """The text of `file`. Raises InvalidInput."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from None


def first_finding(error: ValidationError) -> str:
    """The first thing that is wrong, with its place: ``nodes.edge1.kind: Field required``.

    What was found is not shown: it may be a secret.
    """
    found = error.errors(include_url=False, include_input=False)[0]
    place = dotted(found["loc"])
    return f"{place}: {found['msg']}" if place else found["msg"]
