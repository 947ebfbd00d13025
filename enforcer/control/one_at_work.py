# SPDX-License-Identifier: GPL-2.0-or-later
"""One thread works off what there is; who comes meanwhile has it look once more, and goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable


class OneAtWork:
    """For work that several threads ask for, and that two do no sooner than one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy = False
        self._again = False

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done from its beginning, by this thread or by the one that is at it.

        Raises what `work` first raised in this thread; whoever asked meanwhile got another try.
        """
        with self._lock:
            self._again = True
            if self._busy:
                return
            self._busy = True
        failed: BaseException | None = None
        while self._asked_for():
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised below
                failed = failed or error
        if failed is not None:
            raise failed

    def _asked_for(self) -> bool:
        with self._lock:
            self._busy, self._again = self._again, False
            return self._busy
