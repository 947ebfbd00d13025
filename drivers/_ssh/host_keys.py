# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the host that answers is the one that was recorded. Never adds a key by itself."""

from __future__ import annotations

from pathlib import Path

import paramiko

from drivers._ssh.errors import HostKeyRefused
from drivers._ssh.options import SshOptions
from enforcer.core.host_keys import USUAL_FILES, RecordedKeys, how_to_record, recorded_keys
from enforcer.driver_api import CredentialSource
from enforcer.errors import ConfigurationInvalid

_RSA_SIGNATURES = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")


class Recorded(paramiko.MissingHostKeyPolicy):
    """Accepts the recorded keys of one host, and no other; asked before any credential is sent.

    (paramiko's own table of keys stays empty, so that it asks for every key; it knows neither
    patterns nor revoked keys.)
    """

    def __init__(self, options: SshOptions, keys: RecordedKeys, file: str) -> None:
        self._options = options
        self._keys = keys
        self._file = file

    def types(self, offered: tuple[str, ...]) -> tuple[str, ...]:
        """The key types to ask for, those that are recorded first: they can be compared."""
        recorded = {key.split()[0] for key in self._keys.accepted}
        if "ssh-rsa" in recorded:
            recorded.update(_RSA_SIGNATURES)
        return tuple(sorted(offered, key=lambda name: name not in recorded))

    def missing_host_key(
        self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey
    ) -> None:
        """Raises HostKeyRefused unless the key is recorded and not revoked."""
        shown = f"{key.get_name()} {key.get_base64()}"
        if shown in self._keys.accepted:
            return
        said = f"{self._place()} shows the host key {key.get_name()} {key.fingerprint}, "
        raise HostKeyRefused(self._options.device, said + self._why(shown))

    def _place(self) -> str:
        return f"{self._options.host} port {self._options.port}"

    def _why(self, shown: str) -> str:
        options, steps = self._options, how_to_record
        add = steps(options.host, options.port, self._file or "known_hosts")
        if shown in self._keys.revoked:
            return f"which is marked @revoked in {self._file}: somebody may pose as the device"
        if self._keys.accepted:
            where = "the inventory" if options.host_key else self._file
            return (
                f"not the one in {where}: somebody may pose as the device. Only if its key was"
                f" changed on purpose: remove the old one from {where}, then {add}"
            )
        if self._keys.authority:
            return f"and only a certificate authority is recorded, which does not count: {add}"
        return f"which is not recorded: {add}"


def recorded(options: SshOptions, credentials: CredentialSource) -> Recorded:
    """What is recorded of the host of `options`: in the inventory, its file, or OpenSSH's files.

    Raises ConfigurationInvalid where the named file cannot be read.
    """
    if options.host_key:
        return Recorded(options, RecordedKeys((options.host_key,)), "known_hosts")
    if options.known_hosts:
        text = read_file("known_hosts", options.known_hosts, credentials)
        keys = recorded_keys(text, options.host, options.port)
        return Recorded(options, keys, options.known_hosts)
    found = RecordedKeys()
    for name in USUAL_FILES:
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += recorded_keys(text, options.host, options.port)
    return Recorded(options, found, USUAL_FILES[0])


def read_file(what: str, name: str, credentials: CredentialSource) -> str:
    """A file's text; relative names are what references are relative to: the settings file.

    Raises ConfigurationInvalid saying `what` it is for.
    """
    try:
        return credentials.resolve(f"file:{Path(name).expanduser()}")
    except ConfigurationInvalid as error:
        raise ConfigurationInvalid(f"{what} cannot be used: {error}") from None
