# SPDX-License-Identifier: GPL-2.0-or-later
"""One active controller per SQLite database: an exclusive lock on a file beside it.

An open file description lock (fcntl_locking(2), F_OFD_SETLK): the kernel frees it when
the process ends, however it ends, and asking who holds it disturbs nobody.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from enforcer.errors import AnotherControllerActive

_FLOCK = "hhlli"  # struct flock: l_type, l_whence, l_start, l_len, l_pid (0 for OFD locks)
_WHOLE_FILE = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


def lock_path(database: Path) -> Path:
    """The lock file of the database at `database`."""
    return database.with_name(database.name + ".lock")


def _open(database: Path) -> int:
    return os.open(lock_path(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold the lead of `database`; raises AnotherControllerActive at once when it is taken."""
    descriptor = _open(database)
    try:
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _WHOLE_FILE)
        except (BlockingIOError, PermissionError):
            raise AnotherControllerActive(
                f"another process controls {database.name}: stop it first, "
                "or let it do the work (orders placed here reach it by themselves)"
            ) from None
        yield
    finally:
        os.close(descriptor)


def is_locked(database: Path) -> bool:
    """Whether some process leads `database` now."""
    descriptor = _open(database)
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
        return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
    finally:
        os.close(descriptor)
