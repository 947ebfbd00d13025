# SPDX-License-Identifier: GPL-2.0-or-later
"""Which cryptography is used: what is sound, and the old only where the inventory asks for it."""

from __future__ import annotations

import paramiko

OLD = {
    "kex": (
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group1-sha1",
    ),
    "ciphers": ("aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc"),
    "macs": ("hmac-sha1", "hmac-md5", "hmac-sha1-96", "hmac-md5-96"),
    "keys": ("ssh-rsa",),
    "pubkeys": ("ssh-rsa",),
}
"""RFC 9142 (key exchange), RFC 8332 (RSA with SHA-1), RFC 8758 and CBC modes (RFC 4251 section
9.3.1), MD5 and SHA-1 as MAC. The library knows nothing older (DSA, RC4, Blowfish)."""


def disabled(legacy: bool) -> dict[str, list[str]]:
    """What is not to be offered, as the library wants it."""
    return {} if legacy else {kind: list(names) for kind, names in OLD.items()}


def prefer(transport: paramiko.Transport, types: tuple[str, ...]) -> None:
    """Ask the server for these host key types, in this order."""
    transport.get_security_options().key_types = types
