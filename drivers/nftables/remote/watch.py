# SPDX-License-Identifier: GPL-2.0-or-later
"""`nft -j monitor` as a source of events, on a channel of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drivers.nftables.names import TABLE
from drivers.nftables.remote.parse import Unreadable, guarded
from drivers.nftables.remote.shell import Shell
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import DeviceError


class RemoteWatch:
    """A subscription; `events` in one thread, `close` from any.

    nft does not say who wrote, so that our own writes are told too: the next pass finds that
    nothing differs.
    """

    def __init__(self, shell: Shell) -> None:
        self._lines = shell.monitor()

    def close(self) -> None:
        """Make `events` end."""
        self._lines.close()

    def events(self) -> Iterator[DeviceEvent]:
        """One event per object of ours that was touched; LOST when nothing can follow."""
        try:
            for line in self._lines:
                event = told(line)
                if event is not None:
                    yield event
        except DeviceError as broken:
            yield DeviceEvent(EventKind.LOST, str(broken))


def told(line: bytes) -> DeviceEvent | None:
    """What one line of the monitor is about; None: nothing of ours."""
    if not line.strip():
        return None
    try:
        return guarded(lambda: _told(line))
    except Unreadable as error:
        return DeviceEvent(EventKind.LOST, f"an event that is not understood: {error}")


def _told(line: bytes) -> DeviceEvent | None:
    event = json.loads(line)
    if "metainfo" in event:
        return None
    ((verb, subject),) = event.items()
    ((kind, body),) = subject.items()
    table = body["name"] if kind == "table" else body["table"]
    ours = body["family"] == "inet" and table == TABLE
    if not ours and table != HOLD_MARKER:
        return None
    name = body.get("chain") if kind == "rule" else body.get("name")
    return DeviceEvent(EventKind.CHANGED, f"{verb} {kind} {name or ''}".rstrip())
