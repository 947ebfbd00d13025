# SPDX-License-Identifier: GPL-2.0-or-later
"""Open things inside a network namespace without leaving one's own.

A namespace belongs to a thread and a socket keeps the one it was made in (setns(2)): a
short-lived thread enters, makes, and ends.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from drivers.nftables.netlink.errors import NamespaceMissing

_CLONE_NEWNET = 0x40000000
_NAMED = "/run/netns"

Made = TypeVar("Made")


def namespace_path(namespace: str) -> str:
    """Where the kernel shows a namespace: a name of ``ip netns``, a process id, or a path."""
    if "/" in namespace:
        return namespace
    return f"/proc/{namespace}/ns/net" if namespace.isdigit() else f"{_NAMED}/{namespace}"


def inside(namespace: str | None, make: Callable[[], Made]) -> Made:
    """What `make` returns when run inside `namespace`; None: where we are.

    Raises NamespaceMissing, OSError (EPERM without CAP_SYS_ADMIN), and what `make` raises.
    """
    if namespace is None:
        return make()
    with ThreadPoolExecutor(1, "netns") as thread:
        return thread.submit(_enter_and_make, namespace_path(namespace), make).result()


def _enter_and_make(path: str, make: Callable[[], Made]) -> Made:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NamespaceMissing(
            f"there is no network namespace {path}; create it or correct the inventory"
        ) from None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, _CLONE_NEWNET):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(descriptor)
    return make()
