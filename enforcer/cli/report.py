# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors on standard error: one line for people, or one JSON object."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any

from enforcer.cli.exit_codes import ExitCode, NotSettled, exit_code_of
from enforcer.cli.options import Format, Globals
from enforcer.cli.output import wants_color
from enforcer.cli.words import plain
from enforcer.errors import (
    AnotherControllerActive,
    ConfigurationInvalid,
    DeviceError,
    EnforcerError,
    InvalidInput,
    NotFound,
    OrderRefused,
    StorageError,
)

_KINDS: tuple[tuple[type[EnforcerError], str], ...] = (
    (InvalidInput, "invalid-input"),
    (NotFound, "not-found"),
    (OrderRefused, "refused"),
    (ConfigurationInvalid, "configuration"),
    (StorageError, "storage"),
    (AnotherControllerActive, "another-controller"),
    (DeviceError, "device"),
    (NotSettled, "not-settled"),
)


def report(error: EnforcerError, form: Format, options: Globals) -> ExitCode:
    """Write `error` to standard error; returns its exit code. ``-vv`` adds where it came from."""
    code = exit_code_of(error)
    kind = next((name for types, name in _KINDS if isinstance(error, types)), "error")
    details: dict[str, Any] = {"error": kind, "message": str(error), "exit_code": int(code)}
    if isinstance(error, OrderRefused):
        details["code"] = error.code
    if isinstance(error, DeviceError):
        details["device"] = error.device
    write(details, form, options.no_color)
    if options.verbose > 1:
        traceback.print_exception(error)
    return code


def report_usage(message: str, form: Format, options: Globals) -> ExitCode:
    """Write that the command line cannot be understood."""
    details = {"error": "usage", "message": message, "exit_code": int(ExitCode.USAGE)}
    write(details, form, options.no_color)
    return ExitCode.USAGE


def write(details: dict[str, Any], form: Format, no_color: bool) -> None:
    """One error, as ``error: [code] message`` or as the JSON object that `details` is."""
    if form in (Format.JSON, Format.NDJSON):
        sys.stderr.write(json.dumps(details, ensure_ascii=False) + "\n")
        return
    label = "error:"
    if wants_color(sys.stderr, no_color):
        label = f"\x1b[1;31m{label}\x1b[0m"
    code = f" [{details['code']}]" if "code" in details else ""
    sys.stderr.write(f"{label}{code} {plain(details['message'])}\n")
