# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes whose whole request is one call of one thread: guard, parameters, endpoint, answer.

FastAPI gives every dependency that is a plain function a thread of its own, then the endpoint,
then the answer. Each of these hops waits for the interpreter twice, which under load is most of
what a request costs. Here the body is read first, and all of the rest runs at once in a thread.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from enforcer.api.known_parameters import refuse_unknown
from enforcer.api.regulars import Regulars
from enforcer.api.short_calls import ShortCalls

PREFIX = "/api/v1"
"""Of every path of the API."""

_Answer = TypeVar("_Answer")
Route = Callable[[Request], Coroutine[Any, Any, Response]]
_opened: ContextVar[ExitStack] = ContextVar("what ends with the request")


class OneCall(APIRoute):
    """As `APIRoute`; one whose endpoint is a coroutine stays as it is.

    Dependencies are plain functions and generators, or coroutines that wait for nothing.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **stated: Any) -> None:  # noqa: ANN401 - as APIRoute
        self._plain = _is_plain(endpoint)
        super().__init__(path, _as_coroutine(endpoint) if self._plain else endpoint, **stated)
        refuse_unknown(self.path_format, self.dependant)

    def get_route_handler(self) -> Route:
        """The request's one call."""
        if not self._plain:
            return super().get_route_handler()
        slow = False
        for one in _dependants(self.dependant):
            slow |= getattr(one.call, "slow", False)
            if one.call is not None and isgeneratorfunction(one.call):
                one.call = _kept_open(one.call)
            elif one.call is not None and _is_plain(one.call):
                one.call = _without_thread(one.call)
        whole = super().get_route_handler()

        async def one_call(request: Request) -> Response:
            if self.body_field is not None:
                await _read(request)
            call = functools.partial(_at_once, whole, request)
            if slow:
                return await run_in_threadpool(call)
            short: ShortCalls = request.app.state.short_calls
            regulars: Regulars = request.app.state.regulars
            try:
                return await short.run(regulars.who(request), call)
            finally:
                regulars.remember(request)

        return one_call


def api_router(
    prefix: str = "", tags: list[str] | None = None, route_class: type[APIRoute] = OneCall
) -> APIRouter:
    """A router of the API: its routes have their whole paths and are added as they are.

    A router that is included instead makes them anew while the first requests wait for it.
    """
    return APIRouter(
        prefix=PREFIX + prefix, tags=[*tags] if tags else None, route_class=route_class
    )


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    for one in dependant.dependencies:
        yield one
        yield from _dependants(one)


def _is_plain(call: Callable[..., Any]) -> bool:
    kinds = (iscoroutinefunction, isasyncgenfunction, isgeneratorfunction)
    return not any(kind(call) for kind in kinds)


def _as_coroutine(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(endpoint)
    async def called(**given: Any) -> Any:  # noqa: ANN401 - whatever the endpoint takes and gives
        return endpoint(**given)

    return called


@functools.cache
def _without_thread(dependency: Callable[..., Any]) -> Callable[..., Any]:
    """The same one for the same dependency: what it gave serves all who depend on it."""

    async def called(**given: Any) -> Any:  # noqa: ANN401 - as the dependency
        return dependency(**given)

    called.action = getattr(dependency, "action", None)  # type: ignore[attr-defined]  # as `guard`
    return called


@functools.cache
def _kept_open(dependency: Callable[..., Iterator[Any]]) -> Callable[..., Any]:
    """What the generator gives; it goes on when the request is over (`Surroundings`)."""
    opening = contextmanager(dependency)

    async def called(**given: Any) -> Any:  # noqa: ANN401 - as the dependency
        return _opened.get().enter_context(opening(**given))

    return called


async def _read(request: Request) -> None:
    try:
        await request.body()
    except ClientDisconnect:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body ended before its end") from None


def _at_once(route: Route, request: Request) -> Response:
    """Run a coroutine that waits for nothing, in this thread."""
    _opened.set(request.state.opened)
    running = route(request)
    try:
        running.send(None)
    except StopIteration as done:
        answer: Response = done.value
        return answer
    running.close()
    raise RuntimeError(f"{request.url.path}: a dependency waits: let it be a plain function")
