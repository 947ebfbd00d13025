# SPDX-License-Identifier: GPL-2.0-or-later
"""`nft monitor` as a source of events, on a channel of its own.

Its text, not its JSON: only the text tells where a transaction ends and which process made it
(nft 1.0.6 and 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drivers.nftables.names import TABLE
from drivers.nftables.remote.looks import Looks
from drivers.nftables.remote.shell import Shell
from enforcer.core.rules import HOLD_MARKER
from enforcer.driver_api import DeviceEvent, EventKind
from enforcer.errors import DeviceError

_GENERATION = re.compile(rb"# new generation \d+(?: by process (\d+) \(([^)]*)\))?")
_VERBS = frozenset({"add", "delete", "insert", "replace", "create", "destroy"})
_LOST = b"# ERROR"
_NAMED = 3


class RemoteWatch:
    """A subscription; `events` in one thread, `close` from any. Raises as `Shell` does."""

    def __init__(self, shell: Shell, looks: Looks) -> None:
        self._shell = shell
        self._looks = looks
        self._lines = shell.monitor()
        try:
            self._digest = looks.begin(shell)
        except BaseException:
            self._lines.close()
            raise
        self._since: list[str] = []

    def close(self) -> None:
        """Make `events` end."""
        self._lines.close()

    def events(self) -> Iterator[DeviceEvent]:
        """One event for each transaction; LOST when nothing can follow."""
        try:
            for line in self._lines:
                if line.startswith(_LOST):
                    yield DeviceEvent(EventKind.LOST, "nft lost events")
                    continue
                generation = _GENERATION.match(line)
                if generation is None:
                    self._since += [said for said in (told(line),) if said]
                    continue
                yield self._transaction(generation)
        except DeviceError as broken:
            yield DeviceEvent(EventKind.LOST, str(broken))

    def _transaction(self, generation: re.Match[bytes]) -> DeviceEvent:
        said, before = list(dict.fromkeys(self._since)), self._digest
        self._since.clear()
        if not said:
            return DeviceEvent(EventKind.UNTOUCHED, "", _writer(generation), before, before)
        own, self._digest = self._looks.told(self._shell)
        kind = EventKind.OWN if own else EventKind.CHANGED
        more = f" and {len(said) - _NAMED} more" if len(said) > _NAMED else ""
        what = ", ".join(said[:_NAMED]) + more
        return DeviceEvent(kind, what, "" if own else _writer(generation), before, self._digest)


def told(line: bytes) -> str:
    """What of ours a line of the monitor is about; "": nothing. Unknown lines may be."""
    words = line.decode("utf-8", "replace").split()[:5]
    if not words:
        return ""
    if len(words) < 4 or words[0] not in _VERBS:
        return "what nft says is not understood"
    verb, kind, family, table = words[:4]
    if table == HOLD_MARKER:
        return f"{verb} {HOLD_MARKER}"
    if (family, table) != ("inet", TABLE):
        return ""
    return " ".join((verb, kind, *([] if kind == "table" else words[4:])))


def _writer(generation: re.Match[bytes]) -> str:
    pid, name = generation[1], generation[2]
    if pid is None:
        return ""
    return f"{name.decode('utf-8', 'replace')}, pid {pid.decode()}"
