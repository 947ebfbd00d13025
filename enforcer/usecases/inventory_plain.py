# SPDX-License-Identifier: GPL-2.0-or-later
"""Parts of an inventory as plain JSON objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def plain(entry: object) -> dict[str, Any]:
    """One entry (a device, a customer, ...) with its fields; sets are sorted lists."""
    found: dict[str, Any] = _value(entry)
    return found


def _value(value: object) -> Any:  # noqa: ANN401  # whatever JSON has
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _value(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _value(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if value is None or isinstance(value, (int, float)):
        return value
    return str(value)
