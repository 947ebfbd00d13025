# SPDX-License-Identifier: GPL-2.0-or-later
"""Structured logs to standard error, for people or as JSON lines; libraries' lines through them.

What is bound: ``device``, ``order``, ``notice``, ``channel``, ``request``, ``actor``, where a line
is about one.
"""

from __future__ import annotations

import logging
import sys

import structlog

_QUIET = {
    "apscheduler": logging.CRITICAL,
    # They write whole addresses, and those of webhooks are secrets.
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}
_SERVER = ("uvicorn", "uvicorn.error")


def open_log(format_: str, level: str) -> None:
    """Configure logging of this process.

    `format_`: json, or anything else for people; `level`: debug, info, warning, error.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if format_ == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _take_libraries_in(shared, renderer)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    for name in _SERVER:
        logging.getLogger(name).setLevel(level.upper())


def _take_libraries_in(
    shared: list[structlog.typing.Processor], renderer: structlog.typing.Processor
) -> None:
    """Warnings of every library, and what the server says, in the same form."""
    ours = _OnStandardError()
    ours.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                _named,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for known in [one for one in root.handlers if isinstance(one, _OnStandardError)]:
        root.removeHandler(known)
    root.addHandler(ours)


def _named(
    logger: object, method: str, said: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Which library it was."""
    said["library"] = said["_record"].name
    return said


class _OnStandardError(logging.Handler):
    """Writes to what standard error is now, not to what it was."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        sys.stderr.write(self.format(record) + "\n")
        sys.stderr.flush()
