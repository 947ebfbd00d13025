# SPDX-License-Identifier: GPL-2.0-or-later
"""Recorded SSH host keys: what a known_hosts file says, without any connection.

The format is sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": host patterns, key type, key, comment.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

_DEFAULT_PORT = 22
_REVOKED, _AUTHORITY = "@revoked", "@cert-authority"


def holds_host(text: str, host: str, port: int) -> bool:
    """Whether a known_hosts file with this `text` has a key (or an authority) for a host."""
    asked = host.lower() if port == _DEFAULT_PORT else f"[{host.lower()}]:{port}"
    return any(_line_holds(line.split(), asked) for line in text.splitlines())


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


def _line_holds(words: list[str], asked: str) -> bool:
    if words[:1] == [_AUTHORITY]:
        words = words[1:]
    if len(words) < 3 or words[0].startswith("#") or words[0] == _REVOKED:
        return False
    return is_key(" ".join(words[1:3])) and _names(words[0], asked)


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
