# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers of the server that are errors, as the exceptions that they were there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

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
    ServerUnreachable,
    StaleState,
    StorageError,
    Throttled,
    Unauthenticated,
    Unsupported,
)

_PLAIN: Mapping[str, type[EnforcerError]] = {
    "invalid-input": InvalidInput,
    "not-found": NotFound,
    "unauthenticated": Unauthenticated,
    "forbidden": Forbidden,
    "configuration": ConfigurationInvalid,
    "storage": StorageError,
    "not-sent": NotSent,
    "another-controller": AnotherControllerActive,
}
_DEVICES: Mapping[str, type[DeviceError]] = {
    "device-unreachable": DeviceUnreachable,
    "device-login": AuthenticationFailed,
    "device-busy": DeviceBusy,
    "device-moved": StaleState,
    "device-braked": PlanBraked,
    "device-unsupported": Unsupported,
    "device-not-owned": NotOwned,
    "device": DeviceError,
}
_UNPROCESSABLE = 422
_TOO_MANY = 429


def error_of(response: httpx.Response) -> EnforcerError:
    """The error that an answer tells of; one that is none of ours: ServerUnreachable."""
    problem = _problem(response)
    if problem is None:
        return ServerUnreachable(
            f"{response.request.url.host} answers {response.status_code}, and not as an enforcer:"
            " correct --server"
        )
    code, detail = str(problem.get("code", "")), str(problem.get("detail", ""))
    if response.status_code == _TOO_MANY:
        return Throttled(float(response.headers.get("Retry-After", "1")), detail)
    if code in _DEVICES:
        name = str(problem.get("device", ""))
        return _DEVICES[code](name, detail.removeprefix(f"{name}: "))
    if code in _PLAIN:
        return _PLAIN[code](_in_words(detail))
    if response.status_code == _UNPROCESSABLE:
        return OrderRefused(code, detail)
    return EnforcerError(detail or f"the server answers {response.status_code}")


def awaiting(answer: Mapping[str, Any]) -> AwaitingApproval:
    """What an answer says that became a proposal."""
    proposal = answer["proposal"]
    name = proposal["id"] if isinstance(proposal, dict) else proposal
    return AwaitingApproval(str(name), str(answer["detail"]))


def _problem(response: httpx.Response) -> dict[str, Any] | None:
    if "problem+json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        problem = response.json()
    except ValueError:
        return None
    return problem if isinstance(problem, dict) else None


def _in_words(detail: str) -> str:
    """A field of a body is an option to who typed it."""
    return detail.removeprefix("body.")
