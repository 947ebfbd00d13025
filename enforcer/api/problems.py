# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors as answers: problem details (RFC 9457), one for every error of the application.

`code` is stable: a guardrail's own where one refused, else one of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException

from enforcer.api.browsers import protect
from enforcer.api.turns import Busy
from enforcer.errors import (
    AnotherControllerActive,
    AuthenticationFailed,
    AwaitingApproval,
    ConfigurationInvalid,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    NotOwned,
    NotSent,
    OrderRefused,
    PlanBraked,
    StaleState,
    StorageError,
    Throttled,
    Unauthenticated,
    Unsupported,
)

MEDIA_TYPE = "application/problem+json"
AWAITING = "awaiting-approval"
API_PATHS = ("/api/", "/.well-known/", "/v1/", "/healthz", "/readyz", "/metrics")
"""What programs ask; everything else is for people."""
_SHOWN = 20
_BROKEN = "a fault of this server: its log tells more under the id of this request"


class KeyReused(InvalidInput):
    """An Idempotency-Key came a second time, with another request."""


class KeyInUse(EnforcerError):
    """The first request with this Idempotency-Key is still being worked on."""


class NotAcceptable(EnforcerError):
    """The client wants a form that there is not."""


class TooLarge(EnforcerError):
    """The body of a request is longer than this server takes."""


class Field(BaseModel):
    """One field of a request that cannot be understood."""

    model_config = ConfigDict(frozen=True)

    field: str
    """Its place: ``body.demand.prefix``, ``query.limit``."""
    message: str


class Problem(BaseModel):
    """Problem details, RFC 9457 section 3.1, with members of our own from `code` on."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable: a guardrail's, else what kind of problem it is."""
    instance: str | None = None
    """The request's id, which is in the log too."""
    fields: list[Field] | None = None
    device: str | None = None
    """Where a device is what failed."""
    proposal: str | None = None


@dataclass(frozen=True)
class Kind:
    """How one type of error is answered."""

    error: type[EnforcerError]
    status: HTTPStatus
    code: str
    title: str


KINDS = (
    Kind(KeyReused, HTTPStatus.UNPROCESSABLE_ENTITY, "key-reused", "Key used before"),
    Kind(KeyInUse, HTTPStatus.CONFLICT, "key-in-use", "Still being worked on"),
    Kind(NotAcceptable, HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", "No such form"),
    Kind(TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "Too large"),
    Kind(OrderRefused, HTTPStatus.UNPROCESSABLE_ENTITY, "refused", "Refused"),
    Kind(InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-input", "Not understood"),
    Kind(NotFound, HTTPStatus.NOT_FOUND, "not-found", "Not found"),
    Kind(AwaitingApproval, HTTPStatus.ACCEPTED, AWAITING, "Waits for a second person"),
    Kind(Throttled, HTTPStatus.TOO_MANY_REQUESTS, "throttled", "Too many attempts"),
    Kind(Unauthenticated, HTTPStatus.UNAUTHORIZED, "unauthenticated", "Not logged in"),
    Kind(Forbidden, HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    Kind(ConfigurationInvalid, HTTPStatus.SERVICE_UNAVAILABLE, "configuration", "Misconfigured"),
    Kind(StorageError, HTTPStatus.SERVICE_UNAVAILABLE, "storage", "Database refused"),
    Kind(
        AnotherControllerActive,
        HTTPStatus.CONFLICT,
        "another-controller",
        "Another controller leads",
    ),
    Kind(DeviceUnreachable, HTTPStatus.GATEWAY_TIMEOUT, "device-unreachable", "Device away"),
    Kind(AuthenticationFailed, HTTPStatus.BAD_GATEWAY, "device-login", "Device refused the login"),
    Kind(DeviceBusy, HTTPStatus.CONFLICT, "device-busy", "Device busy"),
    Kind(StaleState, HTTPStatus.CONFLICT, "device-moved", "Device changed meanwhile"),
    Kind(PlanBraked, HTTPStatus.CONFLICT, "device-braked", "Held by the brake"),
    Kind(Unsupported, HTTPStatus.UNPROCESSABLE_ENTITY, "device-unsupported", "Device cannot"),
    Kind(NotOwned, HTTPStatus.CONFLICT, "device-not-owned", "Device not ours"),
    Kind(DeviceError, HTTPStatus.BAD_GATEWAY, "device", "Device failed"),
    Kind(NotSent, HTTPStatus.BAD_GATEWAY, "not-sent", "Notice not taken"),
    Kind(Busy, HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Too much at once"),
    Kind(EnforcerError, HTTPStatus.INTERNAL_SERVER_ERROR, "error", "Error"),
)
"""The first that fits is taken."""


def kind_of(error: EnforcerError) -> Kind:
    """How `error` is answered."""
    return next(kind for kind in KINDS if isinstance(error, kind.error))


def problem_of(error: EnforcerError, instance: str | None) -> Problem:
    """What an error of the application is told as."""
    kind = kind_of(error)
    code = error.code if isinstance(error, OrderRefused) else kind.code
    return Problem(
        type=f"urn:enforcer:problem:{code}",
        title=kind.title,
        status=kind.status,
        detail=str(error),
        code=code,
        instance=instance,
        device=error.device if isinstance(error, DeviceError) else None,
        proposal=error.proposal if isinstance(error, AwaitingApproval) else None,
    )


class ProblemAnswer(JSONResponse):
    """The response that carries `problem`, with headers of its own in `extra`."""

    def __init__(self, problem: Problem, extra: Mapping[str, str] | None = None) -> None:
        self.problem = problem
        self.extra = dict(extra or {})
        shown = problem.model_dump(mode="json", exclude_none=True)
        super().__init__(shown, problem.status, self.extra, MEDIA_TYPE)


ProblemPage = Callable[[Request, Problem, Mapping[str, str]], Response]
"""How the desk shows a problem; the headers (Retry-After ...) go with it."""


def answer_to(error: EnforcerError, instance: str | None) -> ProblemAnswer:
    """The response to an error of the application."""
    headers: dict[str, str] = {}
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(max(1, ceil(error.seconds)))
    elif isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="enforcer"'
    elif isinstance(error, StorageError | Busy):
        headers["Retry-After"] = "1"
    return ProblemAnswer(problem_of(error, instance), headers)


def invalid(problems: Sequence[Mapping[str, Any]], instance: str | None) -> ProblemAnswer:
    """The response to a request that the models refuse."""
    fields = _fields(problems)
    return ProblemAnswer(
        Problem(
            type="urn:enforcer:problem:invalid-input",
            title="Not understood",
            status=HTTPStatus.UNPROCESSABLE_ENTITY,
            detail=said_of(problems),
            code="invalid-input",
            instance=instance,
            fields=fields,
        )
    )


def said_of(problems: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with a request, or with a part of it, in one line: field by field."""
    fields = _fields(problems)
    more = len(problems) - len(fields)
    said = "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in fields)
    return said + (f"; and {more} more" if more > 0 else "")


def _fields(problems: Sequence[Mapping[str, Any]]) -> list[Field]:
    return [
        Field(field=".".join(map(str, one["loc"])), message=_sentence(one))
        for one in problems[:_SHOWN]
    ]


def _sentence(problem: Mapping[str, Any]) -> str:
    """Where the model would speak of its own validation, what to do instead."""
    given = problem.get("ctx", {})
    what = "character" if isinstance(problem.get("input"), str) else "item"
    match str(problem["type"]).removeprefix("string_"):
        case "too_short":
            return f"too short: at least {_counted(given['min_length'], what)}"
        case "too_long":
            return f"too long: at most {_counted(given['max_length'], what)}"
        case _:
            return str(problem["msg"])


def _counted(number: int, what: str) -> str:
    """1 item, 2 items."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def plain_problem(
    status: int, detail: str, instance: str | None, headers: Mapping[str, str] | None = None
) -> ProblemAnswer:
    """The response where HTTP itself says what is wrong."""
    phrase = HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "-")
    return ProblemAnswer(
        Problem(
            type="about:blank",
            title=phrase,
            status=status,
            detail=detail,
            code=code,
            instance=instance,
        ),
        headers,
    )


def instance_of(request: Request) -> str | None:
    """The request's id as a URI."""
    found: str | None = request.scope.get("state", {}).get("request_id")
    return None if found is None else f"urn:enforcer:request:{found}"


def answer_for(error: Exception, instance: str | None) -> ProblemAnswer:
    """The response to anything that a route is left by on purpose."""
    if isinstance(error, EnforcerError):
        return answer_to(error, instance)
    if isinstance(error, RequestValidationError):
        return invalid(error.errors(), instance)
    assert isinstance(error, HTTPException)
    return plain_problem(error.status_code, str(error.detail), instance, error.headers)


def add_problem_answers(app: FastAPI, page: ProblemPage | None) -> None:
    """Every error that leaves a route becomes a problem; outside of the API, a `page`."""

    def answered(request: Request, error: Exception) -> Response:
        found = answer_for(error, instance_of(request))
        if page is None or request.url.path.startswith(API_PATHS):
            return found
        return page(request, found.problem, found.extra)

    for error in (EnforcerError, RequestValidationError, HTTPException):
        app.add_exception_handler(error, answered)

    def broken(request: Request, error: Exception) -> Response:
        found = plain_problem(HTTPStatus.INTERNAL_SERVER_ERROR, _BROKEN, instance_of(request))
        protect(MutableHeaders(raw=found.raw_headers), request.scope)
        return found

    # Asked outside of all middlewares; the error itself goes on to the log.
    app.add_exception_handler(Exception, broken)
