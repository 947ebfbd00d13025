# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard of forms: as `guard.allowed`, with the CSRF token in the form field `csrf`."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from enforcer.api.guard import CSRF_FIELD, CSRF_HEADER, Caller, identify
from enforcer.core.access import Action
from enforcer.errors import Forbidden

LONGEST_FIELD = 1024 * 1024
"""Bytes of one field, where a form says nothing else; a file may be as long as the body."""


def form_allowed(
    action: Action, longest_field: int = LONGEST_FIELD
) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, if the form is ours and the caller may do `action`.

    A login by cookie proves that the form is ours by its CSRF token, in the field or the header.
    The form is read here, once: `longest_field` counts for whoever asks for it later, too.
    """

    async def guard(request: Request) -> Caller:
        caller = await run_in_threadpool(identify, request)
        if caller.session is not None:
            form = await request.form(max_part_size=longest_field)
            sent = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD)
            stated = sent if isinstance(sent, str) else ""
            if not hmac.compare_digest(stated.encode(), caller.csrf.encode()):
                raise Forbidden(
                    "the form is too old or not ours: load the page again and repeat it"
                )
        if not caller.actor.may(action):
            raise Forbidden(f"{caller.actor.name} may not do this: it needs the right '{action}'")
        return caller

    guard.action = action  # type: ignore[attr-defined]  # read by the test of roles and routes
    return guard
