# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the nf_tables of a device are: this host, or a network namespace of it.

Everything else in this driver speaks netlink through what a transport opens; another transport
(a remote host) opens the same two kinds of conversation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol, TypeVar

from drivers.nftables.netlink.errors import NamespaceMissing
from drivers.nftables.netlink.netns import inside, namespace_path
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from enforcer.errors import ConfigurationInvalid

_OWN = "/proc/self/ns/net"
Made = TypeVar("Made")


class Transport(Protocol):
    """A way to the nf_tables of one device."""

    def identity(self) -> str:
        """What the device is now: another text, and every open conversation is with the dead.

        Raises NamespaceMissing, OSError.
        """
        ...

    def open(self) -> NftSocket:
        """A conversation for questions and transactions. Raises NamespaceMissing, OSError."""
        ...

    def watch(self) -> EventSocket:
        """A subscription to changes. Raises NamespaceMissing, OSError."""
        ...

    def inside(self, make: Callable[[], Made]) -> Made:
        """What `make` returns where the device's network is. Raises like `open`, and `make`."""
        ...


@dataclass(frozen=True, slots=True)
class LocalTransport:
    """This host; `namespace` is a name of ``ip netns``, a process id or a path, None our own."""

    namespace: str | None

    def identity(self) -> str:
        """The inode of the namespace: a rebuilt one has another as long as a socket is open."""
        path = _OWN if self.namespace is None else namespace_path(self.namespace)
        try:
            return str(os.stat(path).st_ino)  # noqa: PTH116 - asked twice with every order
        except FileNotFoundError:
            raise NamespaceMissing(
                f"there is no network namespace {path}; create it or correct the inventory"
            ) from None

    def open(self) -> NftSocket:
        """A conversation inside the namespace."""
        return NftSocket.open(self.namespace)

    def watch(self) -> EventSocket:
        """A subscription inside the namespace."""
        return EventSocket.open(self.namespace)

    def inside(self, make: Callable[[], Made]) -> Made:
        """What `make` returns inside the namespace."""
        return inside(self.namespace, make)


_: type[Transport] = LocalTransport


_KEYS = frozenset({"netns", "local", "counters"})


@dataclass(frozen=True, slots=True)
class Options:
    """The inventory's `transport` of a device, understood."""

    transport: Transport
    counters: bool


def options(device: str, given: Mapping[str, str]) -> Options:
    """Understand ``{netns: NAME}`` or ``{local: "yes"}``, with ``counters: yes|no``.

    Raises ConfigurationInvalid naming the device and what may stand there.
    """
    unknown = sorted(given.keys() - _KEYS)
    if unknown:
        raise ConfigurationInvalid(
            f"{device}: transport has {', '.join(unknown)}, which nftables does not know; "
            f"it takes netns or local, and counters{_near(unknown[0])}"
        )
    counters = given.get("counters", "yes")
    if counters not in ("yes", "no"):
        raise ConfigurationInvalid(f"{device}: transport.counters is {counters!r}; say yes or no")
    netns, local = given.get("netns", ""), given.get("local", "")
    if bool(netns) == bool(local) or (local and local != "yes"):
        raise ConfigurationInvalid(
            f"{device}: say where its nftables are: either `netns: NAME` (a name of `ip netns`, "
            "or a path), or `local: yes` for this host, or `host: ADDRESS` for another one by SSH"
        )
    return Options(LocalTransport(netns or None), counters == "yes")


def _near(key: str) -> str:
    close = get_close_matches(key, sorted(_KEYS), n=1)
    return f"; did you mean {close[0]}?" if close else ""
