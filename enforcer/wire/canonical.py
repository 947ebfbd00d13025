# SPDX-License-Identifier: GPL-2.0-or-later
"""One way to write a JSON value as bytes, so that equal values have equal digests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from enforcer.errors import InvalidInput

JSONValue: TypeAlias = (
    bool | int | float | str | Sequence["JSONValue"] | Mapping[str, "JSONValue"] | None
)
"""What JSON can say. Sequences are written as arrays, mappings as objects."""


def canonical(value: JSONValue) -> bytes:
    """The one way to write `value`: UTF-8, sorted keys, no spaces, no NaN.

    Raises InvalidInput when JSON (or UTF-8) cannot say it.
    """
    try:
        return _ENCODER.encode(value).encode()
    except (TypeError, ValueError) as problem:
        raise InvalidInput(
            f"cannot be written as JSON ({problem}): give text, numbers, lists and objects"
        ) from problem


def _container(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray, memoryview)):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODER = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    allow_nan=False,
    default=_container,
)
