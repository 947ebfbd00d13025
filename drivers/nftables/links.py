# SPDX-License-Identifier: GPL-2.0-or-later
"""The network interfaces that a device really has: their state, how to set it, its changes."""

from __future__ import annotations

import errno
import socket

from drivers.nftables.netlink.errors import LinkRefused

_IFF_UP = 0x1  # Linux include/uapi/linux/if.h
_RTMGRP_LINK = 0x1  # Linux include/uapi/linux/rtnetlink.h
_BUFFER = 1 << 16


def interfaces_up() -> dict[str, bool]:
    """Whether each interface of this thread's network namespace is set up, by name.

    Raises OSError.
    """
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as route:
            links = list(route.get_links())
    except NetlinkError as error:
        raise OSError(error.code, str(error)) from error
    return {str(link.get("ifname")): bool(int(link["flags"]) & _IFF_UP) for link in links}


def set_link(name: str, *, up: bool) -> None:
    """Set an interface of this thread's network namespace up or down; absent ones are left.

    Raises LinkRefused, OSError.
    """
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as route:
            for index in route.link_lookup(ifname=name):
                route.link("set", index=index, state="up" if up else "down")
    except NetlinkError as error:
        if error.code != errno.ENODEV:
            state = "up" if up else "down"
            raise LinkRefused(f"interface {name} cannot be set {state}: {error}") from error


class LinkEvents:
    """What a namespace tells of its links: made inside it, read from anywhere. Raises OSError."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setblocking(False)
        self._socket.bind((0, _RTMGRP_LINK))

    def close(self) -> None:
        """End the subscription."""
        self._socket.close()

    def moved(self) -> bool:
        """Whether any link changed since this was last asked; lost events count as changes."""
        changed = False
        while True:
            try:
                changed = bool(self._socket.recv(_BUFFER)) or changed
            except BlockingIOError:
                return changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                changed = True
