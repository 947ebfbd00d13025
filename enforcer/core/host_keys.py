# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded SSH host keys: what a known_hosts file says, without any connection.

The format is sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": host patterns, key type, key, comment.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from dataclasses import dataclass

SSH_PORT = 22
USUAL_FILES = ("~/.ssh/known_hosts", "/etc/ssh/ssh_known_hosts")
"""Where OpenSSH keeps them (ssh_config(5), UserKnownHostsFile and GlobalKnownHostsFile)."""

_REVOKED, _AUTHORITY = "@revoked", "@cert-authority"


@dataclass(frozen=True, slots=True)
class RecordedKeys:
    """What is recorded of one host: keys as "type base64". A key that is revoked never counts.

    `authority`: a certificate authority is recorded for it; certificates are not understood.
    """

    accepted: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    authority: bool = False

    def __add__(self, other: RecordedKeys) -> RecordedKeys:
        return RecordedKeys(
            self.accepted + other.accepted,
            self.revoked + other.revoked,
            self.authority or other.authority,
        )


def recorded_keys(text: str, host: str, port: int) -> RecordedKeys:
    """What a known_hosts file with this `text` says of a host."""
    asked = host.lower() if port == SSH_PORT else f"[{host.lower()}]:{port}"
    found = RecordedKeys()
    for line in text.splitlines():
        found += _recorded(line.split(), asked)
    kept = tuple(key for key in found.accepted if key not in found.revoked)
    return RecordedKeys(kept, found.revoked, found.authority)


def holds_host(text: str, host: str, port: int) -> bool:
    """Whether a known_hosts file with this `text` has a key for a host that may be used."""
    return bool(recorded_keys(text, host, port).accepted)


def how_to_record(host: str, port: int, file: str) -> str:
    """The steps that record a host's key in `file`, with the comparison that gives it a worth."""
    scan = f"ssh-keyscan -p {port} {host}" if port != SSH_PORT else f"ssh-keyscan {host}"
    return (
        f"`{scan} > new`; compare `ssh-keygen -lf new` with the fingerprint that the device itself"
        f" shows at its console; only then `cat new >> {file}`, and name that file as"
        " `known_hosts` in the device's transport"
    )


def is_key(text: str) -> bool:
    """Whether `text` is a public key as OpenSSH writes it: a type, and base64 that begins so.

    RFC 4253 section 6.6: the blob begins with the length and name of its type.
    """
    words = text.split()
    if len(words) < 2:
        return False
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error:
        return False
    name = words[0].encode()
    return blob[:4] == len(name).to_bytes(4, "big") and blob[4 : 4 + len(name)] == name


def _recorded(words: list[str], asked: str) -> RecordedKeys:
    mark = words.pop(0) if words[:1] in ([_REVOKED], [_AUTHORITY]) else ""
    if len(words) < 3 or words[0].startswith("#") or not is_key(" ".join(words[1:3])):
        return RecordedKeys()
    if not _names(words[0], asked):
        return RecordedKeys()
    key = " ".join(words[1:3])
    if mark == _AUTHORITY:
        return RecordedKeys(authority=True)
    return RecordedKeys(revoked=(key,)) if mark == _REVOKED else RecordedKeys(accepted=(key,))


def _names(patterns: str, asked: str) -> bool:
    if patterns.startswith("|1|"):
        return _is_hash_of(patterns, asked)
    split = patterns.lower().split(",")
    refused = any(_matches(one[1:], asked) for one in split if one.startswith("!"))
    return not refused and any(_matches(one, asked) for one in split if not one.startswith("!"))


def _matches(pattern: str, asked: str) -> bool:
    wanted = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wanted, asked) is not None


def _is_hash_of(field: str, asked: str) -> bool:
    """``|1|SALT|HASH``: HMAC-SHA1 of the name under the salt, both in base64."""
    parts = field.split("|")
    if len(parts) != 4:
        return False
    try:
        salt, digest = (base64.b64decode(part, validate=True) for part in parts[2:])
    except binascii.Error:
        return False
    return hmac.compare_digest(hmac.digest(salt, asked.encode(), "sha1"), digest)
