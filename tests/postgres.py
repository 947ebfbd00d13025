# SPDX-License-Identifier: GPL-2.0-or-later
"""Throw-away PostgreSQL clusters: made in a temporary folder, gone with whoever made them.

The server runs as the user `postgres` where we are root (it refuses root), on a Unix socket
alone. A shell beside it waits for words on a pipe; when the pipe ends, because the cluster was
closed or because its maker died, it stops the server and removes the folder.
"""

from __future__ import annotations

import itertools
import os
import pwd
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from enforcer.storage import migrate

PATIENCE = 60.0
_USER = "postgres"
_LONGEST_SOCKET = 107  # unix(7), less the final zero
_SOCKET = ".s.PGSQL.5432"
_TEMPLATE = "migrated"

# Nothing here must survive a power cut; a bare root may have no /dev/shm.
_SETTINGS = {
    "autovacuum": "off",
    "dynamic_shared_memory_type": "mmap",
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "",
    "max_connections": "60",
    "max_wal_senders": "0",
    "shared_buffers": "32MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}

# $1: the folder; the rest: the command of the server.
_KEEPER = """
trap '' HUP INT TERM
folder=$1; shift
server=
start() { "$@" </dev/null >>"$folder/log" 2>&1 & server=$!; }
stop() { [ -z "$server" ] || { kill -"$1" "$server"; wait "$server"; server=; }; }
while read -r word; do
    case $word in
        start) start "$@" ;;
        stop) stop INT ;;
        kill) stop QUIT ;;
    esac
    echo "$word"
done
stop QUIT
cd / && rm -rf "$folder"
"""


_INSTALLED = Path("/usr/lib/postgresql")


def programs(installed: Path = _INSTALLED) -> Path:
    """The folder of initdb and postgres, of the newest version; fails where there is none."""
    found = sorted(installed.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    if not found:
        raise AssertionError(
            "PostgreSQL is missing: install Debian's package postgresql (scripts/install-debian)"
        )
    return found[-1].parent


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        raise AssertionError(
            f"there is no user {_USER}: Debian's package postgresql makes it"
        ) from None


def _as_user() -> list[str]:
    """How to become somebody who is not root, and can still pass our private folders."""
    if os.geteuid() != 0:
        return []
    capability = "--inh-caps=+dac_override", "--ambient-caps=+dac_override"
    account = _account()
    ids = f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"
    return ["setpriv", *ids, "--clear-groups", *capability]


def _folder() -> Path:
    """A new one, short enough for a socket's address, that belongs to the server's user."""
    short = [p for p in (tempfile.gettempdir(), "/tmp") if len(p) < _LONGEST_SOCKET - 40]
    made = Path(tempfile.mkdtemp(prefix="pg-", dir=short[0]))
    if os.geteuid() == 0:
        account = _account()
        os.chown(made, account.pw_uid, account.pw_gid)
    return made


class Cluster:
    """One server. As a context it is closed at the end."""

    def __init__(self) -> None:
        programs()
        self._numbers = itertools.count(1)
        self._migrated = False
        self._folder = _folder()
        user = _as_user()
        self._initialise(user)
        settings = {**_SETTINGS, "unix_socket_directories": str(self._folder)}
        chosen = [f"--{name}={value}" for name, value in settings.items()]
        server = [*user, str(programs() / "postgres"), "-D", str(self._folder / "data"), *chosen]
        # A session of its own: Ctrl-C at the terminal is for whoever uses the cluster.
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", str(self._folder), *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.start()

    def _initialise(self, user: list[str]) -> None:
        # Not the C collation: what sorts in the database must not rely on it.
        collation = "--locale=C", "--locale-provider=icu", "--icu-locale=en", "--encoding=UTF8"
        made = subprocess.run(
            [*user, str(programs() / "initdb"), "-N", "-A", "trust", "-U", _USER, *collation]
            + ["-D", str(self._folder / "data")],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        assert made.returncode == 0, f"initdb: {made.stdout}{made.stderr}"

    # -- the server ----------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._tell("start")
        give_up = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < give_up, (self._folder / "log").read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        """End it, and every conversation with it, at once; what was committed stays."""
        self._tell("stop")

    def _tell(self, word: str) -> None:
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        self._keeper.stdin.write(f"{word}\n")
        self._keeper.stdin.flush()
        assert self._keeper.stdout.readline() == f"{word}\n"

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Nothing of it remains."""
        assert self._keeper.stdin is not None and self._keeper.stdout is not None
        self._keeper.stdin.close()
        self._keeper.wait(PATIENCE)
        self._keeper.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- its databases -------------------------------------------------------------------

    def url(self, name: str) -> str:
        """One of its databases."""
        return f"postgresql://{_USER}@/{name}?host={self._folder}"

    def execute(self, statement: sql.Composed | sql.SQL, database: str = "postgres") -> None:
        """One statement, committed by itself."""
        with self._connect(database) as connection:
            connection.execute(statement)

    def empty(self) -> str:
        """The URL of a new database without a schema."""
        name = f"empty{next(self._numbers)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new database at this version's schema; gone afterwards."""
        if not self._migrated:
            self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_TEMPLATE)))
            migrate.upgrade(self.url(_TEMPLATE))
            self._migrated = True
        name = sql.Identifier(f"test{next(self._numbers)}")
        template = sql.Identifier(_TEMPLATE)
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        self.execute(sql.SQL(copy).format(name, template))
        yield self.url(name.as_string().strip('"'))
        with suppress(psycopg.OperationalError):
            self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(user=_USER, dbname=database, host=str(self._folder), autocommit=True)
