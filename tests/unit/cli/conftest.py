# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell with settings in a directory of its own."""

import os
from pathlib import Path

import pytest

from tests.unit.cli.shell import Shell

BY_SERVER_TOO = (
    "test_order_changes",
    "test_desk_commands",
    "test_record_commands",
    "test_approval_commands",
    "test_notice_commands",
    "test_intake_commands",
)
"""Modules whose tests run a second time, through the API of a server."""
HERE_ONLY = (
    "test_every_filter_reaches_the_application",
    "test_list_with_every_filter",
    "test_show_has_everything",
    "test_key_is_made_once_and_never_overwritten",
    "test_one_is_withdrawn_by_who_asked",
)
"""The API asks for one more than a page has; who asks is whom the token is of."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Here and by a server."""
    name = metafunc.module.__name__.rpartition(".")[2]
    both = name in BY_SERVER_TOO and metafunc.function.__name__ not in HERE_ONLY
    if both and "shell" in metafunc.fixturenames:
        metafunc.parametrize("shell", ["here", "server"], indirect=True)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Shell:
    """The command line on a fake application; settings in `tmp_path`, actor ``tester``.

    Parametrised with ``server``, commands go through the API.
    """
    for name in [name for name in os.environ if name.startswith("ENFORCER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "enforcer.toml"
    config.write_text('actor = "tester"\n')
    shell = Shell(config)
    shell.served_by_http = getattr(request, "param", "here") == "server"
    return shell
