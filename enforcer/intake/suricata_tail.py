# SPDX-License-Identifier: GPL-2.0-or-later
"""Follow Suricata's EVE log: what is written is read once, over rotations, truncations, restarts.

The position is written to a file of our own after what was read is stored. What was read but not
stored when we died is read again; the alerts' identities keep it from counting twice.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import structlog

from enforcer.application.actor import Actor
from enforcer.clock import Clock
from enforcer.core.signals import Signal
from enforcer.errors import ConfigurationInvalid, EnforcerError, InvalidInput
from enforcer.intake.arrivals import Arrival
from enforcer.intake.inbox import Inbox
from enforcer.intake.local_actor import local_actor
from enforcer.intake.suricata import PLACE, Ends, read_ends, read_line

log = structlog.get_logger()

NAME = "suricata"
_CHUNK = 1_048_576
_LONGEST_LINE = 4_194_304
_PORTION = 200
_EVERY = 1.0


@dataclass(frozen=True)
class TailSettings:
    """`path`: the log; `state`: the file where the position is kept."""

    path: Path
    state: Path
    actor: Actor
    ends: Ends


def read_settings(stated: Mapping[str, Any], base: Path) -> TailSettings | None:
    """The settings; None: no log is followed. Raises ConfigurationInvalid naming the key."""
    ends = read_ends(stated)
    if "path" not in stated:
        return None
    if "state" not in stated:
        raise ConfigurationInvalid(f"{PLACE}: state: name a file where the position is kept")
    path, state = base / str(stated["path"]), base / str(stated["state"])
    return TailSettings(path, state, local_actor(NAME, stated), ends)


@dataclass(slots=True)
class _Place:
    """Where to go on: in the file with this number, after so many bytes."""

    inode: int
    offset: int


class Follower:
    """Reads what is new; `read_once` is one turn."""

    def __init__(self, inbox: Inbox, settings: TailSettings) -> None:
        self._inbox = inbox
        self._settings = settings
        self._file: IO[bytes] | None = None
        self._place = self._kept()

    def run(self, stop: threading.Event, clock: Clock) -> None:
        """Until `stop`; what fails is logged and tried again."""
        said = ""
        while not stop.is_set():
            try:
                more = self.read_once()
                said = ""
            except (EnforcerError, OSError) as error:
                more = False
                if str(error) != said:
                    said = str(error)
                    log.error("suricata.not-followed", path=str(self._settings.path), error=said)
                self.close()
            if not more:
                clock.wait(stop, _EVERY)
        self.close()

    def close(self) -> None:
        """Close the log; the next turn opens it at the place that is kept."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read_once(self) -> bool:
        """Store the next portion; whether there may be more. Raises EnforcerError, OSError."""
        file = self._opened()
        if file is None:
            return False
        assert self._place is not None
        size = os.fstat(file.fileno()).st_size
        if size < self._place.offset:
            log.warning("suricata.truncated", path=str(self._settings.path))
            self._place.offset = 0
        file.seek(self._place.offset)
        raw = file.read(_CHUNK)
        whole = raw.rfind(b"\n") + 1
        if whole == 0 and len(raw) == _CHUNK:
            whole = self._overlong(file, raw)
        if whole:
            self._store(raw[:whole].split(b"\n"))
            self._keep(_Place(self._place.inode, self._place.offset + whole))
            return True
        return self._is_rotated() and self._next()

    # -- inside --------------------------------------------------------------------------

    def _opened(self) -> IO[bytes] | None:
        """The log, or the older one in which we stopped; None: there is none yet."""
        if self._file is not None:
            return self._file
        path = self._settings.path
        older = path.with_name(path.name + ".1")
        for file in (path, older):
            if self._place is not None and _inode(file) == self._place.inode:
                self._file = file.open("rb")
                return self._file
        if _inode(path) is None:
            return None
        self._file = path.open("rb")
        found = os.fstat(self._file.fileno())
        # What was there before we were ever here was not meant for us.
        begin = found.st_size if self._place is None else 0
        self._keep(_Place(found.st_ino, begin))
        return self._file

    def _is_rotated(self) -> bool:
        """Whether the new log is written to: until then more may come into the old one."""
        try:
            found = self._settings.path.stat()
        except FileNotFoundError:
            return False
        assert self._place is not None
        return found.st_ino != self._place.inode and found.st_size > 0

    def _next(self) -> bool:
        """Go on with the new log."""
        self.close()
        file = self._settings.path.open("rb")
        self._file = file
        self._keep(_Place(os.fstat(file.fileno()).st_ino, 0))
        return True

    def _overlong(self, file: IO[bytes], raw: bytes) -> int:
        """The bytes of a line that is longer than any record; 0: it may still end."""
        if len(raw) + len(file.read(_LONGEST_LINE)) < _LONGEST_LINE:
            return 0
        log.warning("suricata.overlong", path=str(self._settings.path))
        return len(raw)

    def _store(self, lines: list[bytes]) -> None:
        signals: list[Signal] = []
        for line in lines:
            if not line.strip():
                continue
            try:
                signal = read_line(line, self._settings.ends)
            except InvalidInput as problem:
                source = self._settings.actor.source
                self._inbox.intake.malformed(source, NAME, line, str(problem))
                continue
            if signal is not None:
                signals.append(signal)
        for start in range(0, len(signals), _PORTION):
            some = signals[start : start + _PORTION]
            results = self._inbox.submit([Arrival(self._settings.actor, s, True) for s in some])
            for one in results:
                if isinstance(one, EnforcerError):
                    raise one

    def _kept(self) -> _Place | None:
        try:
            stated = json.loads(self._settings.state.read_text(encoding="utf-8"))
            return _Place(int(stated["inode"]), int(stated["offset"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise ConfigurationInvalid(
                f"{PLACE}: state: {self._settings.state}: {problem}: delete it to begin anew"
            ) from None

    def _keep(self, place: _Place) -> None:
        new = self._settings.state.with_name(self._settings.state.name + ".new")
        new.write_text(json.dumps({"inode": place.inode, "offset": place.offset}))
        new.replace(self._settings.state)
        self._place = place


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


@contextmanager
def following(inbox: Inbox, settings: TailSettings, clock: Clock) -> Iterator[Follower]:
    """Follow while the block runs. Raises ConfigurationInvalid."""
    follower = Follower(inbox, settings)
    stop = threading.Event()
    thread = threading.Thread(target=follower.run, args=(stop, clock), name="suricata", daemon=True)
    thread.start()
    try:
        yield follower
    finally:
        stop.set()
        thread.join()
