# SPDX-License-Identifier: GPL-2.0-or-later
"""When the kernel has an address in some set, whoever wrote it: told by its own notifications."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address
from pathlib import Path

from lab.namespaces import join_netns

_NETFILTER, _SOL_NETLINK, _ADD_MEMBERSHIP, _NFTABLES_GROUP = 12, 270, 1, 7
_RECEIVE_BUFFER_FORCE = 33
_BUFFER = 256 * 1024 * 1024
_HEADER = struct.Struct("=IH")
"""Length and type of a message; flags, sequence and port follow."""
_NEW_ELEMENTS = 10 << 8 | 12
"""NFT_MSG_NEWSETELEM of the subsystem NFTABLES."""
_VALUE = re.compile(rb"\x08\x00\x01\x00(....)", re.DOTALL)
"""NFTA_DATA_VALUE of four bytes: an IPv4 address that is a key."""


class NewElements:
    """Notes the instant at which each IPv4 address came into any set of a namespace."""

    def __init__(self, netns: Path) -> None:
        with ThreadPoolExecutor(1, initializer=join_netns, initargs=(netns,)) as inside:
            self._socket = inside.submit(_subscribed).result()
        self._lock = threading.Condition()
        self._wanted: set[bytes] = set()
        self._last = 0.0
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._closed = False
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        self._thread.join()
        self._socket.close()

    def expect(self, addresses: Collection[str]) -> None:
        """From now on wait for these."""
        with self._lock:
            self._wanted = {IPv4Address(one).packed for one in addresses}

    def wait(self, seconds: float) -> tuple[float, int]:
        """Until all that is expected came, so long at most.

        Returns the monotonic instant of the last one that came, and how many did not.
        """
        with self._lock:
            self._lock.wait_for(lambda: not self._wanted, seconds)
            return self._last, len(self._wanted)

    def _listen(self) -> None:
        while not self._closed:
            try:
                data = self._socket.recv(1024 * 1024)
            except TimeoutError:
                continue
            now = time.monotonic()
            found = set(_added(data))
            with self._lock:
                if self._wanted & found:
                    self._wanted -= found
                    self._last = now
                    if not self._wanted:
                        self._lock.notify_all()


def _added(data: bytes) -> Iterator[bytes]:
    """The addresses in messages that tell of new elements, not in those of deleted ones."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind = _HEADER.unpack_from(data, at)
        if length < _HEADER.size:
            return
        if kind == _NEW_ELEMENTS:
            yield from _VALUE.findall(data, at, at + length)
        at += (length + 3) & ~3


def _subscribed() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    made.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, _BUFFER)
    made.bind((0, 0))
    made.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, _NFTABLES_GROUP)
    made.settimeout(0.2)
    return made
