# SPDX-License-Identifier: GPL-2.0-or-later
"""`enforcer doctor` where the database cannot be opened, on full disks, and on PostgreSQL."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from sqlalchemy import make_url

from enforcer.clock import SystemClock
from enforcer.control.leadership import leading
from enforcer.settings import load
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.storage.tables import REVISION
from enforcer.usecases.doctor import doctor
from tests.conftest import REPOSITORY
from tests.fakes.clock import FakeClock
from tests.postgres import Cluster
from tests.unit.usecases.office import Office

MOUNTED = 'mount -t tmpfs -o "size=$1,mode=700" none "$2" && shift 2 && "$@" init && "$@" doctor'


def command(config: Path) -> list[str]:
    return [sys.executable, "-m", "enforcer.cli.main", "--config", str(config), "-o", "json"]


def run(words: list[str]) -> subprocess.CompletedProcess[str]:
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("ENFORCER_")}
    return subprocess.run(
        words, cwd=REPOSITORY, env=surroundings, capture_output=True, text=True, check=False
    )


def checks(said: str) -> dict[str, dict[str, Any]]:
    return {check["check"]: check for check in json.loads(said)}


def asked(config: Path) -> dict[str, dict[str, Any]]:
    """What the doctor finds, where something must be done."""
    result = run([*command(config), "doctor"])
    assert result.returncode == 1, result.stderr
    return checks(result.stdout)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings after `enforcer init`."""
    file = tmp_path / "enforcer.toml"
    result = run([*command(file), "init"])
    assert result.returncode == 0, result.stderr
    return file


def file_of(config: Path) -> Path:
    return config.with_name("enforcer.db")


def test_what_is_new_and_still_empty_is_explained(config: Path) -> None:
    found = asked(config)
    assert found["database"]["ok"] and found["database files"]["ok"] and found["audit chain"]["ok"]
    assert found["settings file"]["detail"] == str(config)
    assert found["inventory files"]["detail"] == "they load"
    assert not found["inventory"]["ok"] and "enforcer run" in found["controller"]["advice"]


def test_without_a_database_the_rest_is_checked(config: Path) -> None:
    file_of(config).unlink()
    found = asked(config)
    assert found["package drivers"]["ok"] and found["database disk"]["detail"]
    assert str(file_of(config)) in found["database"]["detail"]
    assert "enforcer init" in found["database"]["advice"]


def test_a_database_of_an_older_version(config: Path) -> None:
    migrate.downgrade(load(config).database, "0001")
    found = asked(config)["database"]
    assert "0001, older" in found["detail"] and REVISION in found["detail"]
    assert "enforcer init" in found["advice"] and "copy" in found["advice"]


def test_a_database_of_a_newer_version(config: Path) -> None:
    with closing(sqlite3.connect(file_of(config))) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = asked(config)["database"]
    assert "9999" in found["detail"] and "newer version made it" in found["advice"]
    assert "enforcer init" not in found["advice"]


def test_a_file_that_is_no_database_and_that_everybody_can_read(config: Path) -> None:
    for file in config.parent.glob("enforcer.db*"):
        file.unlink()
    file_of(config).write_text("this is not a database, however long it is " * 100)
    file_of(config).chmod(0o644)
    found = asked(config)
    assert "damaged" in found["database"]["detail"] and found["database"]["advice"]
    assert "chmod 600" in found["database files"]["advice"]


def test_a_server_that_does_not_answer(config: Path) -> None:
    config.write_text('database = "postgresql://enforcer:hunter2@127.0.0.1:1/enforcer"\n')
    config.chmod(0o644)
    found = asked(config)
    assert "away" in found["database"]["detail"] and "database files" not in found
    assert "chmod 600" in found["settings file"]["advice"]
    assert "hunter2" not in json.dumps(found)


@pytest.mark.root
@pytest.mark.parametrize(("size", "ok"), [("50m", False), ("200m", True)])
def test_a_disk_that_is_almost_full(tmp_path: Path, size: str, ok: bool) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTED, "sh"]
    result = run([*inside, size, str(folder), *command(folder / "enforcer.toml")])
    found = checks(result.stdout)["database disk"]
    assert found["ok"] is ok, found
    assert (
        "tmpfs: it is gone after a reboot" in found["detail"]
        if ok
        else "make room" in found["advice"]
    )


# -- PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    with cluster.database() as place:
        yield place


def office_at(url: str, clock: SystemClock | FakeClock) -> Office:
    database = Database(url)
    with database.write() as work:
        work.control.initialise("C0FFEE")
    office = Office(database)
    office.world = replace(office.world, clock=clock)
    return office


@pytest.fixture
def office(url: str) -> Iterator[Office]:
    made = office_at(url, SystemClock())
    yield made
    made.database.close()


def found_by(office: Office) -> dict[str, Any]:
    return {check.check: check for check in doctor(office.world)}


def test_a_server_that_does_not_keep_what_was_committed(office: Office) -> None:
    """The clusters of the tests are such ones."""
    found = found_by(office)
    assert found["database"].ok and "database files" not in found
    server = found["database server"]
    assert not server.ok and server.detail.startswith("PostgreSQL 1")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert setting in server.detail
    assert "power cut" in server.advice


def test_a_database_in_which_nobody_may_write(office: Office, cluster: Cluster, url: str) -> None:
    name = sql.Identifier(str(make_url(url).database))
    change = "ALTER DATABASE {} SET default_transaction_read_only = on"
    cluster.execute(sql.SQL(change).format(name))
    later = Database(url)
    try:
        found = found_by_database(office, later)["database server"]
    finally:
        later.close()
    assert not found.ok and "default_transaction_read_only" in found.advice


def found_by_database(office: Office, database: Database) -> dict[str, Any]:
    office.world = replace(office.world, database=database)
    return found_by(office)


def test_a_clock_that_differs_from_the_server_s(office: Office) -> None:
    assert found_by(office)["clock"].ok
    server = office.database.server()
    assert server is not None
    for off, side in ((timedelta(minutes=5), "ahead of"), (-timedelta(minutes=5), "behind")):
        office.world = replace(office.world, clock=FakeClock(server.now + off))
        found = found_by(office)["clock"]
        assert not found.ok and f"s {side} the database server's" in found.detail
        assert "NTP" in found.advice


def test_the_leader_is_named(office: Office) -> None:
    assert not found_by(office)["controller"].ok
    with leading(office.database):
        found = found_by(office)["controller"]
        assert found.ok and found.detail.startswith("running (")
