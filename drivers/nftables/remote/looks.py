# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at the table, and telling our own transactions from those of others.

nft names the process that wrote, which on the far side is never ours: what is known is how
many transactions this process made and what the table was after the last of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from drivers.nftables.remote.model import Listing
from drivers.nftables.remote.parse import Unreadable, exists, held, listing
from drivers.nftables.remote.shell import Shell
from enforcer.errors import DeviceBusy, ParseFailed

_ATTEMPTS = 3
"""Between the question for tables and the listing of ours somebody may take it away."""


class Looks:
    """Of one device; shared by the sessions and the watch of one driver."""

    def __init__(self) -> None:
        self._writing = threading.RLock()
        self._own = ""
        self._untold = 0

    def at(self, shell: Shell) -> Listing:
        """The table now. Raises ParseFailed, DeviceBusy (it comes and goes), as `Shell` does."""
        for _ in range(_ATTEMPTS):
            tables, table = shell.listed()
            try:
                there = exists(tables)
                if table is not None or not there:
                    return listing(table if there else None, held(tables))
            except Unreadable as error:
                said = f"what nft lists is not understood: {error}"
                raise ParseFailed(shell.device, said) from None
        raise DeviceBusy(shell.device, "our table is there and cannot be listed: it is retried")

    @contextmanager
    def writing(self) -> Iterator[Callable[[str], str]]:
        """While one transaction is made; the digest after it is to be given to what is yielded."""

        def wrote(digest: str) -> str:
            self._own = digest
            self._untold += 1
            return digest

        with self._writing:
            yield wrote

    def begin(self, shell: Shell) -> str:
        """What the table is when a watch begins, to which earlier transactions mean nothing."""
        with self._writing:
            self._untold = 0
            return self.at(shell).digest

    def told(self, shell: Shell) -> tuple[bool, str]:
        """A transaction that touched ours was told: (whether it was our own, the digest now)."""
        with self._writing:
            now = self.at(shell).digest
            own = self._untold > 0 and now == self._own
            self._untold = max(0, self._untold - 1) if own else 0
            return own, now
