# SPDX-License-Identifier: GPL-2.0-or-later
"""Text in and out: files or standard input, line by line to a file or standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from enforcer.errors import EnforcerError, InvalidInput

STANDARD_INPUT = Path("-")
_MODE = 0o666


def read_text(file: Path) -> str:
    """A UTF-8 file, or standard input for ``-``. Raises InvalidInput naming the file."""
    try:
        content = sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"{file}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from None


def write_lines(lines: Iterable[str], file: Path | None) -> int:
    """Write lines to `file` (or standard output) and return how many.

    The file is replaced at once when all lines are there: whoever reads it, or loads it
    into a firewall, never sees a part. Raises EnforcerError when it cannot be written;
    what stood there before then stays.
    """
    if file is None or file == STANDARD_INPUT:
        return _write(lines, sys.stdout.write)
    target = file.resolve()
    try:
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8") as stream:
                return _write(lines, stream.write)
        return _replace(lines, target)
    except OSError as error:
        raise EnforcerError(f"{file}: cannot be written: {error.strerror}") from None


def _replace(lines: Iterable[str], file: Path) -> int:
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            count = _write(lines, stream.write)
        draft.chmod(_mode_of(file))
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return count


def _mode_of(file: Path) -> int:
    """The mode that the file has, or that a new one gets here."""
    with suppress(FileNotFoundError):
        return file.stat().st_mode & 0o7777
    mask = os.umask(0)
    os.umask(mask)
    return _MODE & ~mask


def _write(lines: Iterable[str], write: Callable[[str], object]) -> int:
    count = 0
    for line in lines:
        write(line + "\n")
        count += 1
    return count
