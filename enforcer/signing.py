# SPDX-License-Identifier: GPL-2.0-or-later
"""Signing the head of the audit chain with Ed25519 (RFC 8032), by a key outside the database.

The key is a file (PEM, PKCS #8, not encrypted) that its owner alone can read. Whoever can write
to the database but has not the key can rewrite the chain, but cannot sign what it became.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from enforcer.core.times import format_when
from enforcer.errors import ConfigurationInvalid
from enforcer.wire import canonical

# Cryptography is imported where a key is used: every command loads this module, few have a key.
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_OTHERS = 0o077


class SigningKey:
    """A private key, read from its file.

    `public`: 32 bytes, RFC 8032; `name`: SHA-256 of them, hexadecimal. Neither repr nor any
    message shows the key.
    """

    def __init__(self, key: Ed25519PrivateKey) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = key
        self.public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.name = key_name(self.public)

    def sign(self, message: bytes) -> bytes:
        """64 bytes; the same message gives the same ones."""
        return self._key.sign(message)


def create_key(path: Path) -> SigningKey:
    """Make a new key in a new file with mode 0600.

    Raises ConfigurationInvalid when there is a file already (a key is never overwritten), or
    when it cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise ConfigurationInvalid(
            f"{path} exists already: a key is never overwritten; name another file"
        ) from None
    except OSError as problem:
        raise ConfigurationInvalid(f"{path} cannot be written: {problem.strerror}") from None
    with os.fdopen(file, "wb") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    return SigningKey(key)


def load_key(path: Path) -> SigningKey:
    """The key in a file. Raises ConfigurationInvalid for one that others can read, too."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        if path.stat().st_mode & _OTHERS:
            raise ConfigurationInvalid(
                f"{path}: others than its owner may use this key: chmod 600 {path}"
            )
        text = path.read_bytes()
    except OSError as problem:
        raise ConfigurationInvalid(
            f"{path}: the signing key cannot be read ({problem.strerror}):"
            " correct signing_key, or make one with 'enforcer audit key'"
        ) from None
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationInvalid(
            f"{path} holds no Ed25519 key without a passphrase: make one with 'enforcer audit key'"
        )
    return SigningKey(key)


def key_name(public: bytes) -> str:
    """SHA-256 of a public key (32 bytes), hexadecimal."""
    return hashlib.sha256(public).hexdigest()


def head_bytes(seq: int, digest: bytes, at: datetime, key: str) -> bytes:
    """What is signed: canonical JSON with ``at``, ``hash``, ``key`` and ``sequence``."""
    return canonical({"at": format_when(at), "hash": digest.hex(), "key": key, "sequence": seq})


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of the key behind `public` (32 bytes) signed `message`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
