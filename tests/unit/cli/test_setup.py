# SPDX-License-Identifier: GPL-2.0-or-later
"""``init``, ``run``, ``doctor``, and what a start of the program loads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from enforcer.cli.main import GROUPS, SINGLE, build, needed_groups
from enforcer.cli.skeleton import INVENTORY, SETTINGS
from enforcer.core.rules import Owner
from enforcer.notify.channel_settings import problems
from enforcer.registry import driver_class
from enforcer.settings import load as load_settings
from inventory.yaml_files import load as load_inventory
from tests.unit.cli.shell import Shell

HEAVY = ("alembic", "netmiko", "numpy", "paramiko", "pyroute2", "sqlalchemy", "structlog")


class NoSecrets:
    def resolve(self, reference: str) -> str:
        raise AssertionError(reference)


def test_init_writes_what_is_missing(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "new" / "enforcer.toml"
    result = shell.run("--config", str(file), "init")
    assert result.exit_code == 0, result.stderr
    (settings,) = shell.initialised
    assert settings.database == f"sqlite:///{tmp_path}/new/enforcer.db"
    assert settings.inventory == tmp_path / "new" / "inventory"
    assert f"written: {file}" in result.stderr
    assert "inventory.yaml" in result.stderr
    assert load_inventory(settings.inventory).devices == {}


def test_init_in_the_current_directory(shell: Shell, tmp_path: Path) -> None:
    shell.config.unlink()
    result = shell.run("init", env={"ENFORCER_CONFIG": None})
    assert result.exit_code == 0, result.stderr
    assert shell.config.exists()
    assert shell.initialised[0].file == shell.config


def test_init_overwrites_nothing(shell: Shell, tmp_path: Path) -> None:
    shell.config.write_text('inventory = "mine"\n')
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("devices: {}\n")
    for _ in range(2):
        result = shell.run("init")
        assert result.exit_code == 0
        assert "written" not in result.stderr
    assert shell.config.read_text() == 'inventory = "mine"\n'
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["a.yaml"]
    assert len(shell.initialised) == 2


def test_init_where_nothing_can_be_written(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = shell.run("--config", str(tmp_path / "file" / "enforcer.toml"), "init")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert shell.initialised == []


def test_the_examples_of_the_skeleton_are_valid(tmp_path: Path) -> None:
    lines = INVENTORY.splitlines()
    examples = [line.removeprefix("#") for line in lines if not re.match(r"# \S", line)]
    (tmp_path / "inventory.yaml").write_text("\n".join(examples))
    topology = load_inventory(tmp_path)
    assert list(topology.devices) == ["edge1"]
    driver = driver_class("nftables").from_device(
        topology.devices["edge1"], NoSecrets(), Owner("c", 1)
    )
    assert driver.platform == "nftables"
    assert list(topology.customers) == ["acme"]
    assert sorted(topology.service_sets) == ["relay", "resolvers"]
    assert len(topology.protected) == 1


def test_the_settings_of_the_skeleton_are_valid_and_all_told_as_comments(tmp_path: Path) -> None:
    file = tmp_path / "enforcer.toml"
    lines = SETTINGS.splitlines()
    block = lines.index("# [service.web]")
    assert all(line.startswith("#") or not line for line in lines[block:])
    wanted = [re.sub(r"^# (?=\[|[a-z0-9_]+ = )", "", line) for line in lines]
    file.write_text("\n".join(wanted))
    settings = load_settings(file)
    assert settings.full_pass_every == 300
    assert settings.service.web.listen == "127.0.0.1:8080"
    assert settings.service.four_eyes.prefix4 == 22
    assert problems(settings.service.notify) == []


def test_run_gives_the_settings_to_the_controller(shell: Shell) -> None:
    assert shell.run("run").exit_code == 0
    assert shell.served[0].file == shell.config
    assert shell.served[0].log_level == "info"
    shell.serve_returns = 7
    assert shell.run("run", "-v").exit_code == 7
    assert shell.served[1].log_level == "debug"


def test_run_takes_the_server_by_flags(shell: Shell) -> None:
    words = ("--listen", "[::]:443", "--tls-certificate", "full.pem", "--tls-key", "/k/key.pem")
    assert shell.run("run", *words).exit_code == 0
    web = shell.served[0].service.web
    assert (web.listen, web.tls_key) == ("[::]:443", "/k/key.pem")
    assert web.tls_certificate == str(Path.cwd() / "full.pem")
    assert shell.served[0].service.mode == "all"
    assert shell.run("run", "--no-web").exit_code == 0
    assert shell.served[1].service.mode == "none"
    mixed = shell.run("run", "--no-web", "--listen", "127.0.0.1:1")
    assert mixed.exit_code == 2
    assert "--no-web serves nothing" in mixed.stderr
    assert len(shell.served) == 2


@pytest.mark.parametrize("command", [("order", "list"), ("run",), ("status",)])
def test_without_settings_the_way_out_is_named(shell: Shell, command: tuple[str, ...]) -> None:
    shell.config.unlink()
    result = shell.run(*command, env={"ENFORCER_CONFIG": None})
    assert result.exit_code == 1
    assert "enforcer init" in result.stderr


def test_the_doctor_diagnoses_settings_too(shell: Shell) -> None:
    shell.config.write_text("tick = 0\n")
    result = shell.run("doctor", "--output", "json")
    assert result.exit_code == 1
    (check,) = json.loads(result.stdout)
    assert (check["check"], check["ok"]) == ("settings", False)
    assert "tick" in check["detail"]


def test_nobody_is_asked_who_cannot_answer(shell: Shell) -> None:
    shell.at_a_terminal = True
    result = shell.run("device", "adopt", "edge1", answer="")
    assert result.exit_code != 0
    assert shell.names() == []


def loaded(*arguments: str) -> set[str]:
    """The packages in memory after ``enforcer ARGUMENTS`` in a process of its own."""
    return {name.partition(".")[0] for name in modules(*arguments)}


def modules(*arguments: str) -> set[str]:
    """The same, module by module."""
    script = (
        "import sys\n"
        f"sys.argv = {['enforcer', *arguments]!r}\n"
        "from enforcer.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip()
    return set(process.stderr.split())


def test_the_version_loads_next_to_nothing(repository: Path) -> None:
    assert loaded("--version").isdisjoint({*HEAVY, "typer", "rich", "pydantic"})


@pytest.mark.parametrize("arguments", [("--help",), ("order", "block-port", "--help")])
def test_help_loads_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert loaded(*arguments).isdisjoint({*HEAVY, "pydantic_settings"})


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["order", "list"], {"order"}),
        (["audit", "--help"], {"audit"}),
        (["why", "192.0.2.1"], set()),
        (["--actor", "audit", "order", "list"], set(GROUPS)),
        (["ordr", "list"], set(GROUPS)),
        ([], set(GROUPS)),
    ],
)
def test_a_plain_command_line_makes_its_own_group_alone(
    arguments: list[str], made: set[str]
) -> None:
    assert set(needed_groups(arguments)) == made


def test_the_commands_that_are_in_no_group_are_known() -> None:
    top = get_command(build(groups=()))
    assert isinstance(top, TyperGroup)
    assert set(top.commands) == SINGLE


def test_one_group_loads_no_other() -> None:
    everything = modules("order", "list", "--help")
    assert "enforcer.cli.bulk" in everything
    assert everything.isdisjoint({"enforcer.cli.audit", "enforcer.cli.inventory"})


def test_the_command_line_itself_needs_nothing_heavy(tmp_path: Path) -> None:
    """What an answer loads beyond the application: with a fake one, no database, no rich."""
    config = tmp_path / "enforcer.toml"
    config.write_text("")
    script = (
        "import sys\n"
        "from enforcer.cli.main import build\n"
        "from tests.fakes.application import FakeApplication\n"
        f"arguments = ['--config', {str(config)!r}, 'order', 'list', '-o', 'json']\n"
        "try: build(lambda settings: FakeApplication())(arguments)\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "sys.stderr.write('\\n'.join(sys.modules))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert process.stdout == "[]\n"
    names = {name.partition(".")[0] for name in process.stderr.split()}
    assert names.isdisjoint({*HEAVY, "rich"})


def test_completion_knows_commands_and_choices() -> None:
    def complete(*words: str) -> str:
        environment = {
            "_ENFORCER_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(("enforcer", *words)),
            "COMP_CWORD": str(len(words)),
            "PATH": "/usr/bin",
        }
        script = "import sys; sys.argv[0] = 'enforcer'; from enforcer.cli.main import run; run()"
        return subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        ).stdout

    assert "block-address" in complete("order", "block")
    assert complete("order", "block-address", "--direction", "b").split() == ["both"]
    assert "--reason" in complete("order", "lift", "--re")


def test_ctrl_c_while_starting_is_quiet() -> None:
    script = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "from enforcer.cli.main import run\n"
        "sys.exit(run())"
    )
    process = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert process.returncode == 130
    assert process.stderr == ""
