# SPDX-License-Identifier: GPL-2.0-or-later
"""From the inventory's `transport` to a shell: here, in a network namespace, or by SSH."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from drivers._daemon.local import LocalRun, namespace_file
from drivers._daemon.remote import SshRun
from drivers._daemon.shell import HostShell, Shell
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.login import open_client
from drivers._ssh.options import SshOptions
from enforcer.clock import Clock, SystemClock
from enforcer.core.topology import Device
from enforcer.driver_api import CredentialSource
from enforcer.errors import ConfigurationInvalid

LOCAL = frozenset({"local", "netns"})
SUDO = "sudo"


@dataclass(frozen=True, slots=True)
class HostWay:
    """How to reach the host of a daemon. `ssh` None: it is this one; `namespace` then "" our own.

    Everything in the transport was checked; what is in a file or a secret is not looked at yet.
    """

    device: str
    ssh: SshOptions | None
    namespace: str = ""
    sudo: bool = False

    @classmethod
    def of(cls, device: Device, extra: frozenset[str] = frozenset()) -> Self:
        """Understand ``{host: ...}``, ``{netns: NAME}`` or ``{local: "yes"}``.

        `extra`: transport keys that the driver reads itself. All three take ``sudo: yes|no``.
        Raises ConfigurationInvalid naming the device and what may stand there.
        """
        given = device.transport
        sudo = given.get(SUDO, "no")
        if sudo not in ("yes", "no"):
            raise ConfigurationInvalid(f"{device.name}: transport.sudo is {sudo!r}: say yes or no")
        if "host" in given:
            return cls(device.name, SshOptions.of(device, extra | {SUDO}), "", sudo == "yes")
        return cls(device.name, None, _here(device.name, given, extra), sudo == "yes")

    @property
    def remote(self) -> bool:
        """Whether every conversation is a login."""
        return self.ssh is not None


def _here(device: str, given: Mapping[str, str], extra: frozenset[str]) -> str:
    known = LOCAL | extra | {SUDO}
    unknown = sorted(given.keys() - known)
    if unknown:
        close = get_close_matches(unknown[0], sorted(known), n=1)
        raise ConfigurationInvalid(
            f"{device}: transport has {', '.join(unknown)}, which is not known for a daemon on this"
            f" host; it takes {', '.join(sorted(known))}"
            + (f"; did you mean {close[0]}?" if close else "")
        )
    netns, local = given.get("netns", ""), given.get("local", "")
    if bool(netns) == bool(local) or (local and local != "yes"):
        raise ConfigurationInvalid(
            f"{device}: say where its daemon is: either `host: ADDRESS` for another host by SSH,"
            " or `netns: NAME` (a name of `ip netns`, or a path), or `local: yes` for this host"
        )
    return namespace_file(device, netns) if netns else ""


@contextmanager
def opened(
    way: HostWay,
    credentials: CredentialSource,
    clock: Clock | None = None,
    gate: Gate = GATE,
    proof: bool = False,
) -> Iterator[Shell]:
    """A shell on the host of `way`, closed at the end.

    `proof`: a login in the lane of those that must prove a change before its timer takes it
    back. Raises DeviceUnreachable (HostKeyRefused), AuthenticationFailed, DeviceBusy.
    """
    clock = clock if clock is not None else SystemClock()
    if way.ssh is None:
        shell = HostShell(way.device, LocalRun(way.device, way.namespace, way.sudo), _nothing)
    else:
        client = open_client(way.ssh, credentials, clock, gate, proof)
        shell = HostShell(way.device, SshRun(client, clock, way.sudo), client.close)
    try:
        yield shell
    finally:
        shell.close()


def _nothing() -> None:
    """A shell here holds nothing."""


def open_shell(
    device: str,
    transport: Mapping[str, str],
    credentials: CredentialSource,
    reference: str = "",
    extra: frozenset[str] = frozenset(),
    *,
    proof: bool = False,
) -> AbstractContextManager[Shell]:
    """`opened`, from the inventory's words: `reference` is the device's ``credentials``.

    Raises ConfigurationInvalid at once, and when entered as `opened` does.
    """
    named = Device(device, "daemon", transport=transport, credentials=reference)
    return opened(HostWay.of(named, extra), credentials, proof=proof)
