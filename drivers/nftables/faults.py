# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with the kernel, as the project's errors with the device's name."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.nftables.netlink.errors import (
    AlreadyExists,
    KernelRefused,
    LinkRefused,
    MalformedReply,
    MovingRuleset,
    NamespaceMissing,
    NetlinkError,
    NotThere,
    StaleGeneration,
)
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)

_NO_NFTABLES = {errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.ENOSYS}
_RIGHTS = "run the controller as root, or give it CAP_NET_ADMIN (and CAP_SYS_ADMIN for namespaces)"


def device_error(device: str, error: NetlinkError | OSError) -> DeviceError:
    """The device's error for a kernel's, with what to do about it."""
    if isinstance(error, KernelRefused):
        return _refusal(device, error)
    if isinstance(error, LinkRefused):
        return DeviceError(device, f"{error}; see to the interface, it is tried again")
    if isinstance(error, NamespaceMissing):
        return DeviceUnreachable(device, str(error))
    if isinstance(error, MalformedReply):
        return ParseFailed(device, str(error))
    if isinstance(error, MovingRuleset):
        return StaleState(device, str(error))
    if isinstance(error, PermissionError):
        return AuthenticationFailed(device, f"no right to its nftables ({error}); {_RIGHTS}")
    if isinstance(error, OSError) and error.errno in _NO_NFTABLES:
        said = "this kernel has no nf_tables; load the module, or build one with CONFIG_NF_TABLES"
        return DeviceUnreachable(device, f"{said} ({error})")
    return DeviceUnreachable(device, f"the conversation with its nftables broke: {error}")


def _refusal(device: str, error: KernelRefused) -> DeviceError:
    if error.code == errno.EPERM:
        return AuthenticationFailed(device, f"the kernel refused to write; {_RIGHTS}")
    if isinstance(error, StaleGeneration):
        return StaleState(device, "somebody changed the ruleset meanwhile; read it again")
    if isinstance(error, AlreadyExists | NotThere):
        return StaleState(device, f"the ruleset is not as it was read: {error}")
    return CommandRejected(device, str(error))


@contextmanager
def translated(device: str) -> Iterator[None]:
    """Turn everything that netlink raises inside into a `DeviceError`."""
    try:
        yield
    except (NetlinkError, OSError) as error:
        raise device_error(device, error) from error
