# SPDX-License-Identifier: GPL-2.0-or-later
"""One controller per database, whatever way the other one ended."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.control.lock_file import is_locked, lock_path, locked
from enforcer.errors import AnotherControllerActive

LEAD = """
import sys, signal
from pathlib import Path
from enforcer.control.lock_file import locked
with locked(Path(sys.argv[1])):
    print("leading", flush=True)
    signal.pause()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "enforcer.db"


@pytest.fixture
def leader(database: Path, repository: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that leads."""
    command = [sys.executable, "-c", LEAD, str(database)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=repository) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "leading\n"
        yield other
        other.kill()


def test_the_lead_is_taken_and_given_back(database: Path) -> None:
    assert not is_locked(database)
    with locked(database):
        assert is_locked(database)
    assert not is_locked(database)


def test_a_second_one_in_the_same_process_is_refused(database: Path) -> None:
    with locked(database), pytest.raises(AnotherControllerActive, match=r"enforcer\.db"):
        locked(database).__enter__()
    with locked(database):
        pass


def test_an_error_inside_gives_the_lead_back(database: Path) -> None:
    with pytest.raises(KeyError), locked(database):
        raise KeyError
    assert not is_locked(database)


def test_another_process_is_refused_and_asking_disturbs_nobody(
    database: Path, leader: subprocess.Popen[str]
) -> None:
    for _ in range(3):
        assert is_locked(database)
    with pytest.raises(AnotherControllerActive):
        locked(database).__enter__()
    assert leader.poll() is None and is_locked(database)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_dead_process_leads_nothing(
    database: Path, leader: subprocess.Popen[str], how: signal.Signals
) -> None:
    leader.send_signal(how)
    leader.wait()
    assert not is_locked(database)
    with locked(database):
        assert is_locked(database)


def test_the_lock_file_is_private(database: Path) -> None:
    with locked(database):
        assert lock_path(database).stat().st_mode & 0o777 == 0o600
