# SPDX-License-Identifier: GPL-2.0-or-later
"""Working inside another network namespace without leaving one's own.

setns(2) moves the calling thread only, and a socket stays in the namespace where it was opened.
So work is done in a thread made for it, and the sockets that it opens may be used anywhere.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lab.errors import NotInLab

CLONE_NEWNET = 0x40000000  # linux/sched.h
_libc = ctypes.CDLL(None, use_errno=True)
_T = TypeVar("_T")


def run_in(netns: Path, work: Callable[[], _T]) -> _T:
    """Runs ``work`` in a fresh thread inside the network namespace and returns its result.

    What ``work`` raises is raised here. Sockets that it opens keep the namespace.

    Raises:
        NotInLab: the handle does not exist or may not be entered.
    """
    results: list[_T] = []
    failures: list[BaseException] = []

    def inside() -> None:
        try:
            join_netns(netns)
            results.append(work())
        except BaseException as error:  # noqa: BLE001 carried over to the calling thread
            failures.append(error)

    thread = threading.Thread(target=inside, name=f"in {netns.name}", daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def join_netns(netns: Path) -> None:
    """Moves the calling thread into a network namespace, for good.

    Raises:
        NotInLab: the handle does not exist or may not be entered.
    """
    try:
        fd = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotInLab(f"{netns}: {error.strerror}; is this process inside the lab?") from error
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise NotInLab(f"{netns}: cannot be entered: {reason}; run the lab as root")
    finally:
        os.close(fd)
