# SPDX-License-Identifier: GPL-2.0-or-later
"""The libraries' exceptions as the errors that drivers know. None of theirs leaves the package."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import netmiko
import paramiko
import paramiko.ssh_exception

from drivers._ssh.options import SshOptions
from enforcer.errors import (
    AuthenticationFailed,
    ConfigurationInvalid,
    DeviceError,
    DeviceUnreachable,
)

FOREIGN = (
    paramiko.SSHException,
    netmiko.NetmikoBaseException,
    OSError,
    EOFError,
)
"""All that the libraries raise when a peer or the network misbehaves (timeouts are OSErrors)."""

BUSY = re.compile(
    r"(?i)all (?:\w+ )*lines (?:are )?(?:busy|in use)|no (?:free|available) (?:vty|lines?)"
    r"|connection refused|too many (?:open )?(?:sessions|connections|users)|maximum number of"
    r"|sessions? limit|exceeded MaxStartups"
)
"""What devices print when all of their lines are taken."""


@contextmanager
def mapped(options: SshOptions, doing: str) -> Iterator[None]:
    """Raise DeviceUnreachable or AuthenticationFailed for what the libraries raise inside."""
    try:
        yield
    except FOREIGN as error:
        raise as_ours(options, doing, error) from None


@contextmanager
def configured(device: str) -> Iterator[None]:
    """Raise DeviceUnreachable where a file or secret that is needed to log in cannot be used.

    It may be put right at any time, and other devices do not need it.
    """
    try:
        yield
    except ConfigurationInvalid as error:
        raise DeviceUnreachable(device, f"cannot log in: {error}") from None


def as_ours(options: SshOptions, doing: str, error: BaseException) -> DeviceError:
    """The error that a driver knows for one of the libraries'."""
    place = f"{options.host} port {options.port}"
    if isinstance(error, paramiko.BadAuthenticationType):
        ways = ", ".join(error.allowed_types) or "none"
        return AuthenticationFailed(
            options.device,
            f"{place} takes no password or key of ours for {options.username!r}; it takes {ways}:"
            " give `credentials`, `key_file` or `agent` accordingly",
        )
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return DeviceUnreachable(options.device, _incompatible(place, options.legacy, error))
    if isinstance(error, paramiko.AuthenticationException):
        return _refused(options, place, error)
    return DeviceUnreachable(options.device, f"{doing} {place}: {_said(error)}")


def _refused(options: SshOptions, place: str, error: BaseException) -> DeviceError:
    if "timeout" in str(error).lower() or "connection" in str(error).lower():
        # The library calls it so when the server falls silent or hangs up meanwhile.
        return DeviceUnreachable(options.device, f"log in to {place}: {_said(error)}")
    return AuthenticationFailed(
        options.device,
        f"{place} refused {options.username!r} with our password or key: correct them in the"
        " inventory or on the device; it is not tried again, lest the account be locked",
    )


def _incompatible(place: str, legacy: bool, error: BaseException) -> str:
    said = f"{place} and we have no cryptography in common ({error})"
    if legacy:
        return said + ": update its software"
    return said + ": if it is too old for anything better, set `legacy: yes` in its transport"


def _said(error: BaseException) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: SSH is off, an access list forbids it, or its lines are taken"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return f"its name has no address ({error.strerror}): correct `host` or the name service"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    if "SSH protocol banner" in text:
        return "it hung up or kept silent before SSH began: its lines may be taken"
    if isinstance(error, EOFError) or not text:
        return "the connection was closed"
    return text
