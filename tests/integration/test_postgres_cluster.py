# SPDX-License-Identifier: GPL-2.0-or-later
"""Throw-away clusters leave nothing behind, and a missing PostgreSQL is a failure, no skip."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PATIENCE, Cluster, programs

MAKER = """
import sys
from tests.postgres import Cluster
cluster = Cluster()
print(cluster.url("postgres"), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_maker_that_dies_leaves_nothing(repository: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-c", MAKER]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=repository
    ) as maker:
        assert maker.stdout is not None
        url = maker.stdout.readline().strip()
        folder = Path(url.partition("host=")[2])
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        assert Path(f"/proc/{server}").exists()
        maker.send_signal(how)
    give_up = time.monotonic() + PATIENCE
    while folder.exists() or Path(f"/proc/{server}").exists():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def test_one_that_is_closed_leaves_nothing() -> None:
    with Cluster() as cluster:
        folder = Path(cluster.url("x").partition("host=")[2])
        assert folder.is_dir()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres")


def test_without_postgresql_it_fails_and_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="install Debian's package postgresql"):
        programs(tmp_path)


def test_the_newest_version_is_taken(tmp_path: Path) -> None:
    for version in ("9", "15", "16"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    assert programs(tmp_path) == tmp_path / "16" / "bin"
