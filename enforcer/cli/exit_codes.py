# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit codes: stable, scripts rely on them."""

from __future__ import annotations

from enum import IntEnum

from enforcer.errors import (
    AwaitingApproval,
    EnforcerError,
    Forbidden,
    InvalidInput,
    NotFound,
    OrderRefused,
)


class ExitCode(IntEnum):
    """What the shell sees; see `docs/cli.md`."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_FOUND = 3
    REFUSED = 4
    PARTIAL = 5
    DRIFT = 10
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.ERROR: "an error, or a check that failed (`doctor`, `inventory check`,"
    " `inventory reload`, `audit verify`, `audit signatures`)",
    ExitCode.USAGE: "the command line or a value in it cannot be understood",
    ExitCode.NOT_FOUND: "no such order, device, customer, service set or list",
    ExitCode.REFUSED: "a guardrail refused (the error carries a stable code), or whoever asks may"
    " not do this",
    ExitCode.PARTIAL: "stored, but not (yet) true on every device: `--wait` ran out of time,"
    " or a pause, a freeze or the brake keeps writes back; of `order bulk`: not every line was"
    " placed; or it waits for a second person (`enforcer approval list`)",
    ExitCode.DRIFT: "`device drift --check` found drift",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C",
}


class NotSettled(EnforcerError):
    """An order is stored, but not true on every device within the time that was given."""


def exit_code_of(error: EnforcerError) -> ExitCode:
    """The exit code for an error of the application."""
    if isinstance(error, InvalidInput):
        return ExitCode.USAGE
    if isinstance(error, NotFound):
        return ExitCode.NOT_FOUND
    if isinstance(error, OrderRefused | Forbidden):
        return ExitCode.REFUSED
    if isinstance(error, NotSettled | AwaitingApproval):
        return ExitCode.PARTIAL
    return ExitCode.ERROR
