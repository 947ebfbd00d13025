# SPDX-License-Identifier: GPL-2.0-or-later
"""The way into the database: one transaction that writes, a snapshot to read, the head."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from enforcer.errors import StorageError
from enforcer.storage.audit import read_head
from enforcer.storage.durable import SharedSync, WriteTurn, sync_file
from enforcer.storage.engine import PATIENCE, STALL, open_engines
from enforcer.storage.errors import DatabaseBusy, DatabaseMoved, LostLead, SchemaDiffers
from enforcer.storage.kept import Kept, Pooled
from enforcer.storage.lease import LeaseWriter
from enforcer.storage.log_length import FAR_TOO_LONG, LogLength
from enforcer.storage.placed import JustPlaced, Placed, nobody
from enforcer.storage.revision import missing_parts, require_revision, stored_revision
from enforcer.storage.server import ServerFacts, read_facts
from enforcer.storage.sqlite import log_of
from enforcer.storage.tables import REVISION
from enforcer.storage.unit_of_work import Reader, UnitOfWork

if TYPE_CHECKING:
    from enforcer.storage.bells import Listening


_RECLAIM = "`enforcer database reclaim` takes it back into use, where that one is given up"


class Database:
    """A database at this version's schema; safe to share between threads, not over a fork.

    Args:
        url: ``sqlite:////absolute/path``, ``sqlite:///relative/path`` or
            ``postgresql://user:password@host/database``.
        patience: seconds that a writer waits behind others.
        stall: seconds that a transaction which writes may do nothing before PostgreSQL ends it.
        sync: brings the log of a SQLite file to the disk.

    Raises StorageError when there is none, or when its schema is of another version (the
    message says to run ``enforcer init``).
    """

    path: Path | None
    """The SQLite file: what concerns the same database (lock, doorbell) lies beside it.
    None on PostgreSQL."""

    def __init__(
        self,
        url: str,
        patience: float = PATIENCE,
        stall: float = STALL,
        sync: Callable[[Path], None] = sync_file,
    ) -> None:
        self._url = url
        self._engines = open_engines(url, patience, stall)
        self.path = self._engines.file
        self._patience = patience
        kind = Pooled if self.path is None else Kept
        self._reads = kind(self._engines.reads, False, patience)
        self._writes = kind(self._engines.writes, True, patience)
        self._swifts = kind(self._engines.swift, True, patience)
        # Threads of one process queue here: SQLite's own waiting is not fair, and sleeps.
        # PostgreSQL's is fair, and it ends who does nothing: nobody else may wait for him here.
        self._turn = WriteTurn() if self.path is None else WriteTurn.of(str(self.path))
        self._synced = None if self.path is None else _shared_sync(log_of(self.path), sync)
        self._just_placed = JustPlaced.of(url if self.path is None else str(self.path))
        self._log = None if self.path is None else LogLength(self.path, self._own_turn)
        self._swiftly = self._settled = 0
        self._writer: int | None = None
        self._epoch: int | None = None
        try:
            with self._our_errors(), self._engines.reads.connect() as connection:
                require_revision(connection)
        except StorageError:
            self.close()
            raise

    @property
    def name(self) -> str:
        """What people call it: the file's name, or that it is on a server."""
        return self.path.name if self.path is not None else "the database"

    def write(
        self,
        *,
        moved: bool = False,
        swift: bool = False,
        written: Callable[[], object] = bool,
    ) -> AbstractContextManager[UnitOfWork]:
        """One transaction: committed when the block ends, undone when it raises.

        `written` is called once others can see it, while the disk still works: what hears of it
        may act on it where that does not outlive this machine, or commits before (not `swift`),
        which takes all that was committed earlier to the disk too.

        `swift`: what is committed survives the death of this process at once, and that of the
        machine from the next commit on that is not swift. A SQLite file then waits for no disk;
        elsewhere it means nothing. Raises DatabaseBusy after `patience` behind other writers,
        DatabaseMoved where the installation was moved elsewhere (unless `moved`), StorageError.
        """
        return self._swift(moved) if swift else self._durable(moved, written)

    def settle(self) -> None:
        """Take what was committed swiftly to the disk, if anything was. Raises StorageError."""
        upto = self._swiftly
        if upto != self._settled:
            self.harden()
            self._settled = upto
        if self._log is not None:
            self._log.look()

    def harden(self) -> None:
        """Until all that anybody has committed is on the disk. Raises StorageError.

        For what tells others of it who would not forget it with this machine.
        """
        if self._synced is not None:
            self._synced.wait()

    def read(self) -> AbstractContextManager[Reader]:
        """One consistent snapshot, from the first question on; never waits for writers."""
        return self._read()

    def head(self) -> int:
        """The highest committed change sequence."""
        with self._our_errors(), self._engines.aside.connect() as connection:
            return read_head(connection).seq

    def placed_after(self, position: int) -> tuple[Placed, ...]:
        """What this process placed right after `position` of the chain, as far as that is all.

        Empty: ask the database.
        """
        return self._just_placed.after(position)

    def forget_placed(self) -> None:
        """The chain may have gone back since something was told: a server that was replaced."""
        self._just_placed.forget()

    def listen_here(self, listener: Callable[[], bool] = nobody) -> None:
        """`listener` is called by whoever calls `tell_here` in this process; it must be quick."""
        self._just_placed.listener = listener

    def tell_here(self) -> bool:
        """Whoever listens in this process looks now, in this thread; False: he must be woken."""
        return self._just_placed.listener()

    def server(self) -> ServerFacts | None:
        """What the PostgreSQL server says of itself; None: it is a SQLite file."""
        if self.path is not None:
            return None
        with self._our_errors(), self._engines.aside.connect() as connection:
            return read_facts(connection)

    def close(self) -> None:
        """Give up all connections; transactions under way keep theirs until they end."""
        for transactions in (self._reads, self._writes, self._swifts):
            transactions.close()
        self._engines.dispose()

    def missing(self) -> list[str]:
        """Tables, and columns of tables, that are not there though the revision is ours."""
        with self._our_errors(), self._engines.aside.connect() as connection:
            return missing_parts(connection)

    # -- who leads -----------------------------------------------------------------------

    def fence(self, epoch: int | None) -> None:
        """From now on every `write` raises LostLead where the epoch is not `epoch` any more.

        For the process that leads since it began this epoch; None: nobody in particular.
        """
        self._epoch = epoch

    def renew_lease(self, holder: str, epoch: int, seconds: float) -> bool:
        """Hold the lease for `seconds` from now on; False: it is not ours any more.

        One statement that waits for no other writer. PostgreSQL only.
        """
        with self._our_errors(), self._engines.aside.connect() as connection:
            return LeaseWriter(connection).renew(holder, epoch, seconds)

    def release_lease(self, holder: str, epoch: int) -> None:
        """Leave the lead to whoever comes first; no error when it is not ours any more."""
        with self._our_errors(), self._engines.aside.connect() as connection:
            LeaseWriter(connection).release(holder, epoch)

    # -- who listens ---------------------------------------------------------------------

    def notify(self, channel: str, text: str) -> None:
        """Tell whoever listens on `channel`; at most 7,999 bytes. PostgreSQL only."""
        with self._our_errors(), self._engines.aside.connect() as connection:
            connection.execute(select(func.pg_notify(channel, text)))

    def listen(self, channel: str) -> Listening:
        """A connection of its own that hears `channel`. PostgreSQL only."""
        from enforcer.storage.bells import Listening

        return Listening(self._url, channel)

    # -- transactions --------------------------------------------------------------------

    @contextmanager
    def _durable(self, moved: bool, written: Callable[[], object]) -> Iterator[UnitOfWork]:
        """Whoever waits for the disk does not keep others from writing."""
        with self._write(moved, swift=False) as unit:
            yield unit
        try:
            written()
        finally:
            self.harden()
        if self._log is not None:
            self._log.look(FAR_TOO_LONG)

    @contextmanager
    def _swift(self, moved: bool) -> Iterator[UnitOfWork]:
        with self._write(moved, swift=True) as unit:
            yield unit
        self._swiftly += 1

    @contextmanager
    def _write(self, moved: bool, swift: bool) -> Iterator[UnitOfWork]:
        if self._synced is not None:
            self._synced.check()
        transactions = self._swifts if swift else self._writes
        with self._own_turn():
            with self._our_errors(), transactions.transaction() as connection:
                if self.path is None:
                    # SQLite's BEGIN IMMEDIATE: whoever writes sees all that was committed before.
                    read_head(connection, own=True)
                unit = UnitOfWork(connection)
                self._check_epoch(unit.began.epoch)
                if unit.began.moved is not None and not moved:
                    raise DatabaseMoved(f"this database was {unit.began.moved}; {_RECLAIM}")
                yield unit
                unit.seal()
            unit.tell(self._just_placed)

    def _check_epoch(self, now: int | None) -> None:
        if self._epoch is not None and now != self._epoch:
            raise LostLead(
                f"another controller leads {self.name} now (epoch {now}, this one began epoch"
                f" {self._epoch}): this one has stopped writing"
            )

    @contextmanager
    def _read(self) -> Iterator[Reader]:
        with self._our_errors(), self._reads.transaction() as connection:
            yield Reader(connection)

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except SchemaDiffers as problem:
            raise self._damaged(problem) from problem
        except SQLAlchemyError as problem:
            error = self._engines.error(problem)
            if isinstance(error, SchemaDiffers):
                error = self._damaged(error)
            raise error from problem

    def _damaged(self, problem: SchemaDiffers) -> StorageError:
        """What is missing at our own revision was taken away: `enforcer init` makes nothing."""
        with self._engines.aside.connect() as connection:
            if stored_revision(connection) != REVISION:
                return problem
            gone = ", ".join(missing_parts(connection)) or "parts of it"
        return StorageError(
            f"the database is damaged, {gone} is missing: stop the controller, keep a copy of"
            " the database, and restore a backup"
        )

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._writer == me:
            raise StorageError("a transaction is open in this thread: write through that one")
        if not self._turn.take(self._patience):
            raise DatabaseBusy(
                f"another thread has been writing for more than {self._patience:g} s: try again"
            )
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.give()


def _shared_sync(log: Path, sync: Callable[[Path], None]) -> SharedSync:
    """Threads of one process share it, unless a test brings a disk of its own."""
    return SharedSync.of(log) if sync is sync_file else SharedSync(log, sync)
