# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of the database: its files, its server, its schema, the audit chain."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from enforcer.application.views import DoctorCheck
from enforcer.errors import AuditBroken, StorageError
from enforcer.storage.engine import is_postgresql
from enforcer.storage.server import ServerFacts
from enforcer.storage.sqlite import sqlite_file
from enforcer.storage.tables import REVISION
from enforcer.usecases import audit
from enforcer.usecases.doctor_findings import counted, finding, good, guarded
from enforcer.usecases.world import World

FILES, DISK, SERVER, DATABASE, CHAIN = (
    "database files",
    "database disk",
    "database server",
    "database",
    "audit chain",
)
OLDEST_SERVER = 130_000
LEAST_FREE, LEAST_SHARE = 100 * 2**20, 0.01
OTHERS = 0o077
_OTHERS_WRITE = 0o022
DAMAGED = "stop the controller, keep a copy of the database, and restore a backup"
_INIT = ": run `enforcer init`"
_BESIDE = ("", "-wal", "-shm")
_OVER_NETWORK = frozenset(
    ("9p", "afs", "ceph", "cifs", "drvfs", "fuse.cephfs", "fuse.glusterfs", "fuse.sshfs", "gfs2")
    + ("lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf", "virtiofs")
)
_VOLATILE = frozenset(("tmpfs", "ramfs"))


def checks(world: World) -> Iterator[DoctorCheck]:
    """Everything about a database that is open."""
    file = world.database.path
    yield guarded(DATABASE, lambda: _identity(world), "run `enforcer init`")
    if file is not None:
        yield from file_checks(file)
    else:
        yield guarded(SERVER, lambda: _server(world), "see the server's log")
    yield guarded(CHAIN, lambda: _chain(world), AuditBroken.REMEDY)


def unopened(url: str, error: StorageError) -> Iterator[DoctorCheck]:
    """What can be said of a database that could not be opened because of `error`."""
    yield _why_unopened(url, error)
    if is_postgresql(url):
        return
    try:
        file = sqlite_file(url).absolute()
    except StorageError:
        return
    if file.parent.is_dir():
        yield from file_checks(file)


def file_checks(file: Path) -> Iterator[DoctorCheck]:
    """Where a SQLite database lies."""
    if file.exists():
        advice = "give the files to the user that runs enforcer"
        yield guarded(FILES, lambda: _rights(file), advice)
    yield guarded(DISK, lambda: _disk(file), "see that the disk is there and can be read")


# -- the database itself -------------------------------------------------------------------------


def _identity(world: World) -> DoctorCheck:
    gone = world.database.missing()
    if gone:
        said = f"revision {REVISION}, but it is damaged: {', '.join(gone)} is missing"
        return finding(DATABASE, said, DAMAGED)
    with world.database.read() as reader:
        owner = reader.control.identity()
        reader.control.state()
    return good(
        DATABASE, f"revision {REVISION}, controller {owner.controller}, epoch {owner.epoch}"
    )


def _why_unopened(url: str, error: StorageError) -> DoctorCheck:
    from enforcer.storage import migrate

    try:
        found = migrate.current(url)
        known = found is None or migrate.is_known(found)
    except (StorageError, OSError):
        return finding(DATABASE, str(error), "correct that, or `database` in the settings")
    if found is None:
        said = str(error).removesuffix(_INIT)
        return finding(DATABASE, said, "run `enforcer init`: it makes what is missing")
    if found == REVISION:
        return finding(DATABASE, str(error), "try again; restore a backup if it stays so")
    if known:
        said = f"at revision {found}, older than this version's {REVISION}"
        advice = "stop the controller, keep a copy of the database, then run `enforcer init`"
        return finding(DATABASE, said, advice)
    said = f"at revision {found}, which this version (revision {REVISION}) does not know"
    advice = "a newer version made it: install that one; never go back without a backup"
    return finding(DATABASE, said, advice)


def _chain(world: World) -> DoctorCheck:
    verdict = audit.verify(world)
    if not verdict.ok:
        return finding(CHAIN, f"the audit chain is broken: {verdict.why}", AuditBroken.REMEDY)
    said = f"{counted(verdict.entries, 'entry', 'entries')}, the chain holds"
    return good(CHAIN, f"{said}; but {verdict.warning}" if verdict.warning else said)


# -- a SQLite file -------------------------------------------------------------------------------


def _rights(file: Path) -> DoctorCheck:
    """The database holds who was blocked and why: that is for nobody else to read."""
    there = [one for suffix in _BESIDE if (one := file.with_name(file.name + suffix)).exists()]
    open_to_others = [one for one in there if stat.S_IMODE(one.stat().st_mode) & OTHERS]
    if open_to_others:
        modes = ", ".join(f"{o.name} has mode {_mode(o)}" for o in open_to_others)
        names = " ".join(map(str, open_to_others))
        advice = f"it holds personal data: chmod 600 {names}"
        return finding(FILES, f"others than the owner can get at it: {modes}", advice)
    folder = file.parent
    mode = folder.stat().st_mode
    if mode & _OTHERS_WRITE and not mode & stat.S_ISVTX:
        said = f"others may put another file in its place: {folder} has mode {_mode(folder)}"
        return finding(FILES, said, f"chmod go-w {folder}")
    if not os.access(file, os.R_OK | os.W_OK) or not os.access(folder, os.W_OK):
        advice = f"give {file} and its folder to the user that runs enforcer"
        return finding(FILES, f"uid {os.geteuid()} cannot write {file}", advice)
    return good(FILES, f"{file}, its owner's alone")


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def _disk(file: Path) -> DoctorCheck:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    found = os.statvfs(file.parent)
    kind = kind_of(file.parent.resolve(), mounts)
    return disk(kind, found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, file.parent)


def disk(kind: str, free: int, total: int, folder: Path) -> DoctorCheck:
    """`kind` of file system; `free` for us and `total`, bytes.

    SQLite's write-ahead log needs memory that all its users share, and locks that work: it must
    not lie on a network file system (https://www.sqlite.org/wal.html).
    """
    if kind in _OVER_NETWORK:
        said = f"{folder} is on {kind}, where locks and the write-ahead log do not work"
        return finding(DISK, said, "move the database to a local disk, or use PostgreSQL")
    room = f"{free // 2**20:,} MiB free"
    if free < LEAST_FREE or free < total * LEAST_SHARE:
        advice = "make room: a full disk stores no order, and no end of one"
        return finding(DISK, f"{room} at {folder}", advice)
    lost = ": it is gone after a reboot" if kind in _VOLATILE else ""
    return good(DISK, f"{room}, {kind or 'unknown file system'}{lost}")


def kind_of(folder: Path, mounts: str) -> str:
    """The kind of file system that `folder` is on; "" unknown.

    `mounts`: proc(5), /proc/PID/mountinfo; of several mounts on one place the last one counts.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        words, after = fields.split(" "), rest.split(" ")
        if len(words) < 5 or not rest:
            continue
        point = Path(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), words[4]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), after[0]
    return kind


# -- a PostgreSQL server -------------------------------------------------------------------------


def _server(world: World) -> DoctorCheck:
    facts = world.database.server()
    if facts is None:
        raise StorageError("the database is not on a server")
    return server(facts)


def server(facts: ServerFacts) -> DoctorCheck:
    """Whether it can be written to, keeps what was committed, and is new enough."""
    said = f"PostgreSQL {facts.version}"
    if facts.number < OLDEST_SERVER:
        return finding(SERVER, said, "enforcer needs PostgreSQL 13 or newer: upgrade it")
    if facts.standby:
        advice = "name the primary in the database's URL"
        return finding(SERVER, f"{said} is a standby: it can only be read", advice)
    if facts.read_only:
        advice = "set default_transaction_read_only to off for this database and user"
        return finding(SERVER, f"{said} lets nobody write (default_transaction_read_only)", advice)
    if facts.unsafe:
        off = ", ".join(facts.unsafe)
        advice = f"set {off} to on: a commit may be lost in a power cut, and devices know more"
        return finding(SERVER, f"{said} with {off} off", advice)
    return good(SERVER, said)
