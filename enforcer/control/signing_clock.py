# SPDX-License-Identifier: GPL-2.0-or-later
"""Signs the head of the audit chain: when the controller starts, and then once a day."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import structlog

from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.control.evidence import CONTROLLER
from enforcer.errors import ConfigurationInvalid, EnforcerError, InvalidInput
from enforcer.signing import SigningKey, head_bytes, load_key
from enforcer.storage.database import Database
from enforcer.storage.signatures import SignedHead

log = structlog.get_logger()

EVERY = timedelta(days=1)
_LOOK_SECONDS = 3600.0
_RETRY_SECONDS = 300.0


def sign_head(database: Database, key: SigningKey, actor: Actor, clock: Clock) -> SignedHead:
    """Sign the chain as it is, and record that, in one transaction.

    The entry holds the public key, so that whoever has the entry can check the signature.
    Raises InvalidInput for a chain without entries, StorageError.
    """
    with database.write() as work:
        # Owning the next position first: nobody appends between the reading and the entry.
        seq = work.next_sequence() - 1
        known, digest = work.audit.head()
        if not seq or known != seq:
            raise InvalidInput("the audit chain has no entry yet: there is nothing to sign")
        at = clock.now()
        head = SignedHead(
            seq, at, digest, key.name, key.sign(head_bytes(seq, digest, at, key.name))
        )
        work.record(
            "audit.signed",
            actor,
            at=at,
            payload={
                "sequence": seq,
                "hash": digest.hex(),
                "key": key.name,
                "public_key": key.public.hex(),
                "signature": head.signature.hex(),
            },
        )
        work.signatures.add(head)
    return head


class SigningClock:
    """Signs when the newest signature is a day old; `path` names the key's file."""

    def __init__(self, database: Database, path: Path, clock: Clock) -> None:
        self._database = database
        self._path = path
        self._clock = clock

    def look(self, always: bool = False) -> bool:
        """Sign if it is time (or `always`); whether it was signed. Raises EnforcerError."""
        if not always:
            with self._database.read() as reader:
                newest = reader.signatures.newest()
            if newest is not None and abs(self._clock.now() - newest.at) < EVERY:
                return False
        head = sign_head(self._database, load_key(self._path), CONTROLLER, self._clock)
        log.info("audit chain signed", position=head.seq, key=head.key)
        return True

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: a key that is away for a while is said, and tried again."""
        first = True
        while not stop.is_set():
            wait = _LOOK_SECONDS
            try:
                self.look(always=first)
                first = False
            except EnforcerError as error:
                log.warning("audit chain not signed", error=str(error))
                wait = _RETRY_SECONDS
            self._clock.wait(stop, wait)


@contextmanager
def signing(database: Database, path: Path | None, clock: Clock) -> Iterator[None]:
    """Sign in the background while the block runs; without a `path` nothing is signed.

    A key that cannot be read stops nothing: it is said in the log, and tried again.
    """
    if path is None:
        yield
        return
    stop = threading.Event()
    clockwork = SigningClock(database, path, clock)
    thread = threading.Thread(target=clockwork.run, args=(stop,), name="signing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def need_key(path: Path | None) -> SigningKey:
    """The installation's key. Raises ConfigurationInvalid where none is set."""
    if path is None:
        raise ConfigurationInvalid(
            "no signing key is set: make one with 'enforcer audit key' and name it as"
            " signing_key in the settings"
        )
    return load_key(path)
