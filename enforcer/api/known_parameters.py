# SPDX-License-Identifier: GPL-2.0-or-later
"""A parameter that a route does not know is refused: mistyped, it would be left out silently."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.exceptions import RequestValidationError

BY_ITSELF = "fragment"
"""Says that a page asks, not a person (`guard.by_itself`); every route takes it."""


def refuse_unknown(path: str, dependant: Dependant) -> None:
    """Let the route of `dependant` refuse them, after everything else: first comes who asks."""
    known = sorted(set(_names(dependant)))
    said = f"there is no such parameter: choose of {', '.join(known)}" if known else "it takes none"

    async def all_known(request: Request) -> None:
        unknown = sorted(set(request.query_params) - {*known, BY_ITSELF})
        if unknown:
            raise RequestValidationError(
                [
                    {"type": "extra_forbidden", "loc": ("query", name), "msg": said, "input": None}
                    for name in unknown
                ]
            )

    dependant.dependencies.append(get_dependant(path=path, call=all_known))


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)
