# SPDX-License-Identifier: GPL-2.0-or-later
"""What was said, without the secrets."""

from __future__ import annotations

import re
import threading
from collections import deque

from drivers._ssh.excerpt import Excerpt

MASK = "***"
LIMIT = 200_000

_SECRET = re.compile(
    r"""(?imx)
    (?P<before>
        \b(?:password|secret|passphrase|auth-password|priv-password|key-string
            |encrypted-password|plain-text-password-value|authentication-key|pre-shared-key
            |message-digest-key[ ]\d+[ ]md5|shared-secret|simple-password
            |snmp-server[ ]community|(?:tacacs|radius)-server[ ]key|master-key|ascii-text
            |hexadecimal|md5|hmac-sha-?\d+|(?:pac[ ])?key(?=[ ](?:[0567][ ]|\")))
        (?:[ ]+(?:[0-9](?=[ ]\S)|clear|encrypted|password|sha512|aes))*
        [ ]+
      | \bsnmp[ ]+community[ ]+
      | \bcommunity[ ]+(?=\S+[ ]+(?:RO|RW|SDROwner|SystemOwner)\b)
      | \bsnmp-server[ ]host[ ]\S+[ ](?:vrf[ ]\S+[ ])?(?:(?:traps|informs)[ ])?
        (?:version[ ](?:1|2c|3[ ]\w+)[ ])?(?:(?:encrypted|clear)[ ])?
      | \b(?:neighbor|peer)[ ]\S+[ ](?:password|ao)[ ]+(?:\d[ ])?
      | \bauth[ ](?:md5|sha)[ ]+(?:encrypted[ ])?
      | \bpriv[ ](?:aes|des|3des)[ ]+(?:\d+[ ]+)?(?:encrypted[ ])?
    )
    (?P<value>"[^"\n]*"|[^\s;]+)
    """
)
_CRYPTED = re.compile(
    r"\$(?:1|5|6|8|9|14|sha512)\$[^\s\";]+|\b(?:(?<=password 7 )|(?<=key 7 ))[0-9A-Fa-f]+"
)
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL
)


def masked(text: str) -> str:
    """`text` with what stands where configurations have secrets replaced by ``***``.

    Passwords, keys, SNMP communities, crypted texts of Cisco (``secret 5``, ``password 7``) and
    Junos (``$9$``), private keys. Errs on the side of hiding.
    """
    hidden = _PRIVATE.sub(MASK, text)
    hidden = _SECRET.sub(lambda found: found["before"] + MASK, hidden)
    return _CRYPTED.sub(MASK, hidden)


class Transcript:
    """What was sent and received, the newest `limit` characters of it; thread-safe.

    Secrets that were told to `hide`, and what stands where configurations have secrets
    (passwords, keys, communities), are masked when it is read, so that a secret that came in
    two pieces is hidden too.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._pieces: deque[str] = deque()
        self._size = 0
        self._dropped = False
        self._secrets: set[str] = set()
        self._excerpt = Excerpt(limit)

    def hide(self, secret: str) -> None:
        """Mask `secret` wherever it occurs, also in what was said before."""
        if secret:
            with self._lock:
                self._secrets.add(secret)

    def sent(self, text: str) -> None:
        """Remember what we said."""
        self._add("".join(f"> {line}\n" for line in text.splitlines()), by_us=True)

    def received(self, text: str) -> None:
        """Remember what the device said."""
        self._add(text.replace("\r", ""), by_us=False)

    def text(self) -> str:
        """All that is kept, oldest first; received text as it came, sent lines marked ``> ``."""
        with self._lock:
            whole, secrets = "".join(self._pieces), sorted(self._secrets, key=len, reverse=True)
            # The cut may have gone through a secret: its rest would not be known any more.
            whole = whole.partition("\n")[2] if self._dropped else whole
        return ("...\n" if self._dropped else "") + self._without(whole, secrets)

    def take(self) -> str:
        """What was said since this was last asked, masked; long answers without their middle.

        About `limit` characters at most, the newest ones.
        """
        with self._lock:
            return self._without(self._excerpt.take(), sorted(self._secrets, key=len, reverse=True))

    def clean(self, text: str) -> str:
        """Any other text (an error's), masked in the same way."""
        with self._lock:
            secrets = sorted(self._secrets, key=len, reverse=True)
        return self._without(text, secrets)

    @staticmethod
    def _without(text: str, secrets: list[str]) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return masked(text)

    def _add(self, piece: str, by_us: bool) -> None:
        with self._lock:
            self._excerpt.add(piece, by_us)
            self._pieces.append(piece)
            self._size += len(piece)
            while self._size > self._limit:
                oldest = self._pieces.popleft()
                self._dropped = True
                kept = oldest[self._size - self._limit :]
                self._size -= len(oldest) - len(kept)
                if kept:
                    self._pieces.appendleft(kept)
