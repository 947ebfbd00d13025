# SPDX-License-Identifier: GPL-2.0-or-later
"""The top of the command line: every way a command can end becomes an exit code here."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.options import Format, Globals
from enforcer.cli.report import report, report_usage, write
from enforcer.errors import EnforcerError

DEFAULT_WAIT = "30s"

# Up to four digits are seconds: an order's id is longer. Durations do not begin with a
# zero: the first thousands of ids do.
_WAIT_VALUE = re.compile(r"\d{1,4}|([1-9]\d*[wdhms])+")


class TopGroup(TyperGroup):
    """Reports errors in the form that was asked for, and lets ``--wait`` stand alone."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401 - as the library declares it
    ) -> Any:  # noqa: ANN401 - as the library declares it
        """Run one command line and exit with its code."""
        arguments = with_wait_times(list(sys.argv[1:] if args is None else args))
        form, options = _as_reported(arguments)
        try:
            code = super().main(
                arguments, prog_name, complete_var, False, windows_expand_args, **extra
            )
            sys.stdout.flush()
        except EnforcerError as error:
            code = report(error, form, options)
        except typer.TyperException as error:
            code = report_usage(_usage_message(error), form, options) if str(error) else 2
        except typer.Abort:
            code = ExitCode.INTERRUPTED
        except OSError as error:
            code = _unwritten(error, form, options)
        sys.exit(int(code or 0))


def _unwritten(error: OSError, form: Format, options: Globals) -> ExitCode:
    """The answer could not be written; what is left of it must not be tried again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        message = f"{error.strerror or error}: what was asked may be done, but was not shown whole"
        write({"error": "output", "message": message, "exit_code": 1}, form, options.no_color)
    return ExitCode.ERROR


def with_wait_times(arguments: list[str]) -> list[str]:
    """`arguments` with a time after each ``--wait`` that has none (Typer wants one)."""
    complete: list[str] = []
    for position, argument in enumerate(arguments):
        complete.append(argument)
        if argument == "--":
            return complete + arguments[position + 1 :]
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        if argument == "--wait" and not _WAIT_VALUE.fullmatch(following):
            complete.append(DEFAULT_WAIT)
    return complete


def _as_reported(arguments: Sequence[str]) -> tuple[Format, Globals]:
    """The form of error messages, read leniently: the command line itself may be the error."""
    form = Format.TABLE
    for position, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name in ("--output", "-o"):
            following = arguments[position + 1 : position + 2]
            stated = value if equals else "".join(following)
            form = Format(stated) if stated in list(Format) else form
    verbose = sum(2 if a == "-vv" else 1 for a in arguments if a in ("-v", "-vv", "--verbose"))
    return form, Globals(no_color="--no-color" in arguments, verbose=verbose)


def _usage_message(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split())
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None:
        return message
    return f"{message.rstrip('.')} (see '{context.command_path} --help')"
