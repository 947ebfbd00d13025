# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line with a driver for nftables that overlooks what strangers change.

Its fingerprint is always the one that it saw first after a reading, and its watch tells nothing.
Only a full pass finds anything then: a soak must fail with it, or it proves nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from drivers.nftables.session import NftSession
from drivers.nftables.watch import NftWatch
from enforcer.cli.main import run
from enforcer.core.plan import ALL, Region
from enforcer.core.rules import Actual
from enforcer.driver_api import DeviceEvent, Fingerprint

_read, _fingerprint, _events = NftSession.read_state, NftSession.fingerprint, NftWatch.events
_last: dict[int, str] = {}


def _blind(session: NftSession) -> Fingerprint:
    """What it saw last, whatever there is now."""
    found = _fingerprint(session)
    return Fingerprint(_last.get(id(session), found.token), found.valid_until)


def _remembering(session: NftSession, region: Region = ALL) -> Actual:
    actual = _read(session, region)
    _last[id(session)] = actual.token
    return actual


def _deaf(watch: NftWatch) -> Iterator[DeviceEvent]:
    for _ in _events(watch):
        yield from ()


if __name__ == "__main__":
    NftSession.fingerprint = _blind  # type: ignore[method-assign, assignment]  # broken on purpose
    NftSession.read_state = _remembering  # type: ignore[method-assign, assignment]  # broken on purpose
    NftWatch.events = _deaf  # type: ignore[method-assign, assignment]  # broken on purpose
    sys.exit(run())
