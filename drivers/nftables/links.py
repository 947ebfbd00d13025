# SPDX-License-Identifier: GPL-2.0-or-later
"""The network interfaces that a device really has."""

from __future__ import annotations

_IFF_UP = 0x1  # Linux include/uapi/linux/if.h


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
