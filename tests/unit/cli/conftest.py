# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell with settings in a directory of its own."""

import os
from pathlib import Path

import pytest

from tests.unit.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command line on a fake application; settings in `tmp_path`, actor ``tester``."""
    for name in [name for name in os.environ if name.startswith("ENFORCER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "enforcer.toml"
    config.write_text('actor = "tester"\n')
    return Shell(config)
