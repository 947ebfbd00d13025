# SPDX-License-Identifier: GPL-2.0-or-later
"""What whoever follows the database saw last, so that a pass need not ask for it again."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from enforcer.core.device_control import DeviceControl


@dataclass(frozen=True, slots=True)
class Seen:
    """The chain's head, and what was decided about each device, as of one snapshot."""

    position: int
    digest: bytes
    controls: Mapping[str, DeviceControl]


class Following:
    """The newest `Seen`; thread-safe. Empty where nobody follows the database.

    What this process decides itself is not known to be in a snapshot that does not show a later
    change, so that until then nothing is known.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: Seen | None = None
        self._decided = -1

    def tell(self, seen: Seen) -> None:
        """The database was looked at."""
        with self._lock:
            if seen.position > self._decided:
                self._seen = seen

    def went_on(self, position: int, digest: bytes) -> None:
        """The chain's head is there, and nobody has decided about a device since it was seen."""
        with self._lock:
            if self._seen is not None:
                self._seen = replace(self._seen, position=position, digest=digest)

    def decided(self, position: int) -> None:
        """This process decides something, in a transaction that began at `position`."""
        with self._lock:
            self._decided = max(self._decided, position)
            self._seen = None

    @property
    def seen(self) -> Seen | None:
        """None: ask the database."""
        with self._lock:
            return self._seen
