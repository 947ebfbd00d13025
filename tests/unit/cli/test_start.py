# SPDX-License-Identifier: GPL-2.0-or-later
"""What a short command on a real database loads, because people wait for that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

NOT_NEEDED = {
    "alembic",
    "apscheduler",
    "cryptography",
    "httpx",
    "netmiko",
    "paramiko",
    "psycopg",
    "pynetbox",
    "pyroute2",
    "requests",
    "yaml",
}
SCRIPT = """
import sys
from enforcer.cli.main import run
try:
    run()
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write("\\nLOADED " + " ".join(sys.modules))
"""


def loaded_by(config: Path, *arguments: str) -> set[str]:
    """The packages in memory after ``enforcer ARGUMENTS`` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names = done.stderr.partition("\nLOADED ")[2].split()
    return {name.partition(".")[0] for name in names}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The settings of an installation whose inventory is in force."""
    file = tmp_path / "enforcer.toml"
    assert "alembic" in loaded_by(file, "init"), "or this test would find nothing"
    loaded_by(file, "inventory", "reload")
    return file


def test_short_commands_load_only_what_they_need(config: Path) -> None:
    for command in (("order", "list"), ("why", "192.0.2.1"), ("status",)):
        loaded = loaded_by(config, *command)
        assert "sqlalchemy" in loaded
        assert loaded & NOT_NEEDED == set(), command
