# SPDX-License-Identifier: GPL-2.0-or-later
"""A session whose thread keeps nobody from computing while the device answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from enforcer.control.crowd import CROWD, Crowd
from enforcer.core.plan import ALL, Batch, Region
from enforcer.core.rules import Actual
from enforcer.driver_api import (
    Applied,
    Driver,
    Fingerprint,
    Foreseeing,
    Session,
    Staged,
    Transcribed,
)


class Apart:
    """As `session`."""

    def __init__(self, session: Session, crowd: Crowd) -> None:
        self._session = session
        self._crowd = crowd
        self._foreseeing = session if isinstance(session, Foreseeing) else None

    def expected(self) -> Fingerprint | None:
        """See `Foreseeing`; None, too, where the session is none."""
        return self._foreseeing.expected() if self._foreseeing is not None else None

    def fingerprint(self) -> Fingerprint:
        """See `Session`."""
        with self._crowd.outside():
            return self._session.fingerprint()

    def read_state(self, region: Region = ALL) -> Actual:
        """See `Session`."""
        with self._crowd.outside():
            return self._session.read_state(region)

    def stage(self, batch: Batch, guarded: bool = True) -> Staged:
        """See `Session`."""
        with self._crowd.outside():
            return _Staged(self._session.stage(batch, guarded), self._crowd)

    def close(self) -> None:
        """See `Session`."""
        with self._crowd.outside():
            self._session.close()


class _Transcribed(Apart):
    def __init__(self, session: Session, told: Transcribed, crowd: Crowd) -> None:
        super().__init__(session, crowd)
        self._told = told

    def transcript(self) -> str:
        """See `Transcribed`."""
        return self._told.transcript()


class _Staged:
    def __init__(self, staged: Staged, crowd: Crowd) -> None:
        self._staged = staged
        self._crowd = crowd

    @property
    def token(self) -> str:
        return self._staged.token

    def confirm(self) -> Applied:
        with self._crowd.outside():
            return self._staged.confirm()

    def abandon(self) -> Applied:
        with self._crowd.outside():
            return self._staged.abandon()


def apart(session: Session, crowd: Crowd) -> Session:
    """`session`, and what it tells besides."""
    if isinstance(session, Transcribed):
        return _Transcribed(session, session, crowd)
    return Apart(session, crowd)


@contextmanager
def connected(driver: Driver, crowd: Crowd = CROWD) -> Iterator[Session]:
    """A conversation with the device of `driver`. Raises DeviceError."""
    with ExitStack() as stack:
        with crowd.outside():
            session = stack.enter_context(driver.connect())
        # Whoever ends it waits for the device too.
        ending = stack.pop_all()
    try:
        yield apart(session, crowd)
    finally:
        with crowd.outside():
            ending.close()
