# SPDX-License-Identifier: GPL-2.0-or-later
"""Validation errors as sentences: what was expected, and the near match for a typo."""

from __future__ import annotations

import re
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from enforcer.core.orders import LIST_NAME
from enforcer.core.prefixes import shown
from inventory.device_schema import COMMUNITY, names_a_secret
from inventory.located import Document, Plain
from inventory.problems import Problem, near
from inventory.schema import InventoryFile

_EXPECTED = {
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "greater_than": "expected a number above 0",
    "bool_type": "expected true or false",
    "float_type": "expected a number",
    "list_type": "expected a list",
    "dict_type": "expected a mapping (key: value)",
    "model_type": "expected a mapping (key: value)",
    "too_short": "expected at least one entry",
}
_BOUNDS = {"greater_than_equal": ("ge", "of at least"), "less_than_equal": ("le", "of at most")}
_PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$": (
        "expected a name: letters, digits, '.', '_' and '-', at most 63, a letter or digit first"
    ),
    r"^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,62})$": (
        "expected a source's name: letters, digits, '.', '_' and '-', or '*' for all others"
    ),
    LIST_NAME: (
        "expected a list's name: lower-case letters, digits, '.', '_' and '-', at most 63, a letter"
        " or digit first"
    ),
    r"\S": "expected some text",
    COMMUNITY: "expected a community, two numbers up to 65535: '64500:666'",
}


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """Every finding of `error` with its line in `document`."""
    return [_problem(one, document) for one in error.errors(include_url=False)]


def _problem(one: ErrorDetails, document: Document) -> Problem:
    location = tuple(part for part in one["loc"] if part != "[key]")
    return document.problem(location, _message(one))


def _message(one: ErrorDetails) -> str:
    kind, location = one["type"], one["loc"]
    if kind in _EXPECTED and any(names_a_secret(str(part)) for part in location):
        return f"{_EXPECTED[kind]} (what stands here is not shown)"
    if kind == "missing":
        return f"'{location[-1]}' is missing"
    if kind == "extra_forbidden":
        known = _keys_at(location[:-1])
        listed = ", ".join(known)
        return f"unknown key{near(str(location[-1]), known)} (known: {listed})"
    if kind == "literal_error":
        expected = str(one["ctx"]["expected"])
        known = re.findall(r"'([^']*)'", expected)
        return f"expected {expected}, found {_found(one['input'])}{near(str(one['input']), known)}"
    if kind == "string_pattern_mismatch":
        pattern = str(one["ctx"]["pattern"])
        expected = _PATTERNS.get(pattern, "expected an interface's name")
        return f"{expected}; found {_found(one['input'])}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        limit = one["ctx"][key]
        shown_limit = int(limit) if limit == int(limit) else limit
        return f"expected a number {words} {shown_limit}, found {_found(one['input'])}"
    if kind in _EXPECTED:
        quote = "; put it in quotes" if kind == "string_type" and _is_scalar(one["input"]) else ""
        return f"{_EXPECTED[kind]}, found {_found(one['input'])}{quote}"
    return one["msg"]


def _is_scalar(value: Plain) -> bool:
    return isinstance(value, int | float)


def _found(value: Plain) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{shown(value)}'" if isinstance(value, str) else str(value)


def _keys_at(location: tuple[str | int, ...]) -> list[str]:
    """The keys that the schema knows at `location`."""
    annotation: Any = InventoryFile
    for part in location:
        annotation = _inside(annotation, part)
    if not _is_model(annotation):
        return []
    return sorted(field.alias or name for name, field in annotation.model_fields.items())


def _inside(annotation: Any, part: str | int) -> Any:  # noqa: ANN401 - type expressions
    if _is_model(annotation):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return _present(fields[part].annotation) if part in fields else None
    if get_origin(annotation) in (dict, list):
        return _present(get_args(annotation)[-1])
    return None


def _present(annotation: Any) -> Any:  # noqa: ANN401 - type expressions
    """``X`` of ``X | None``."""
    if get_origin(annotation) is UnionType:
        return next(one for one in get_args(annotation) if one is not type(None))
    return annotation


def _is_model(annotation: Any) -> bool:  # noqa: ANN401 - type expressions
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
