# SPDX-License-Identifier: GPL-2.0-or-later
"""What is promised in writing: the shapes of answers, and the reference page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from enforcer.cli.main import build
from enforcer.cli.manual import manual
from enforcer.cli.reference import reference
from tests.unit.cli import view_schemas
from tests.unit.cli.shell import Shell


def commands(group: TyperGroup, path: str = "") -> dict[str, TyperCommand]:
    """Every command by its words."""
    found: dict[str, TyperCommand] = {}
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            found |= commands(command, f"{path}{name} ")
        elif isinstance(command, TyperCommand):
            found[path + name] = command
    return found


TOP = get_command(build())
COMMANDS = commands(TOP) if isinstance(TOP, TyperGroup) else {}

PROMISED = """init run doctor status why pause freeze resume protected report export completion
order block-address|order block-port|order block-flow|order block-list|order suspend-customer
order cut-feed|order list|order show|order extend|order shorten|order lift|order amend|order history
order bulk|order comment|order reconfirm|order drop-routes|order blackhole|order shutdown-session
list import|list show|list versions|list rejects|list diff|list export|list refresh
inventory check|inventory show|inventory diff|inventory reload
customer list|customer show|customer confirm-gone|source list|source stop|source start|alarm list
intake list|intake show|intake dismiss|intake order|intake try|intake files
user add|user list|user change|user password|user disable|user enable|user sessions
token add|token list|token revoke
intake poll|notice list|notice channels|notice events|notice retry|notice test
approval list|approval show|approval approve|approval reject|approval withdraw|approval review
device list|device show|device plan|device reconcile|device drift|device adopt
device pause|device resume|device release|device retire|device move|device mode|device snippets
audit verify|audit list|audit show|audit export|audit sign|audit signatures|audit key"""


def test_the_commands_are_the_promised_ones() -> None:
    top, *rest = PROMISED.split("\n")
    promised = {*top.split(), *"|".join(rest).split("|")}
    assert {name for name in COMMANDS if not name.startswith("database ")} == promised


def test_the_shapes_are_frozen() -> None:
    frozen = json.loads(view_schemas.FILE.read_text(encoding="utf-8"))
    assert view_schemas.current() == frozen, (
        "the JSON shape of an answer changed: scripts break. If it is meant, renew with"
        " 'python -m tests.unit.cli.view_schemas' and say so in CHANGELOG.md"
    )


def test_the_reference_is_up_to_date(repository: Path) -> None:
    written = (repository / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "renew with 'python -m enforcer.cli.reference docs/cli.md'"


def test_the_manual_page_is_up_to_date(repository: Path) -> None:
    written = (repository / "docs" / "man" / "enforcer.1").read_text(encoding="utf-8")
    assert written == manual(), "renew with 'python -m enforcer.cli.manual docs/man/enforcer.1'"


def test_the_manual_page_has_every_command_and_shows_text_as_it_is() -> None:
    page = manual()
    for name in COMMANDS:
        assert f".SS enforcer {name}".replace("-", "\\-") in page
    lines = page.splitlines()
    requests = {line.split()[0] for line in lines if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".B", ".PP", ".TP", ".nf", ".fi"}
    assert "\\e" in page, "a backslash of an example is not lost"


def every_parameter() -> Iterator[tuple[str, TyperOption | TyperArgument]]:
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if isinstance(parameter, TyperOption | TyperArgument):
                yield name, parameter


def test_every_option_and_argument_says_what_it_is() -> None:
    silent = [(name, p.name) for name, p in every_parameter() if not (p.help or "").strip()]
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(shell: Shell, name: str) -> None:
    result = shell.run(*name.split(), "--help")
    assert result.exit_code == 0
    assert "Example:" in result.stdout
    example = (COMMANDS[name].help or "").partition("Example:")[2].split()
    assert set(name.split()) <= set(example)
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("view", "arguments"),
    [
        ("OrderView", ("order", "show", "0001-Y")),
        ("Preview", ("order", "block-address", "192.0.2.1", "-r", "x", "--for", "2h", "-n")),
        ("DeviceView", ("device", "show", "edge1")),
        ("Preview", ("device", "plan", "edge1")),
        ("WhyView", ("why", "192.0.2.1")),
        ("ControlView", ("status",)),
        ("InventoryReport", ("inventory", "check")),
        ("AuditCheck", ("audit", "verify")),
        ("OrderView", ("order", "reconfirm", "0001-Y", "-r", "x")),
        ("InventoryView", ("inventory", "show")),
        ("InventoryDiff", ("inventory", "diff")),
        ("InventoryDiff", ("inventory", "reload")),
        ("CustomerView", ("customer", "show", "acme")),
        ("CustomerView", ("customer", "confirm-gone", "gone", "-r", "x")),
        ("CustomerView", ("device", "move", "acme", "edge1", "eth1", "-r", "x")),
        ("DeviceView", ("device", "pause", "edge1", "-r", "x")),
        ("DeviceView", ("device", "resume", "edge1")),
        ("DeviceView", ("device", "release", "edge1", "-r", "x")),
        ("DeviceView", ("device", "retire", "edge1", "-r", "x")),
        ("DeviceView", ("device", "mode", "edge1", "observe", "-r", "x")),
        ("SourceView", ("source", "stop", "api", "-r", "x")),
        ("SourceView", ("source", "start", "api")),
        ("AuditEntryView", ("audit", "show", "1")),
        ("SignatureView", ("audit", "sign")),
        ("Report", ("report", "0001-Y")),
        ("ListDiff", ("list", "diff", "botnets", "1", "1")),
        ("ListView", ("list", "refresh", "botnets")),
    ],
)
def test_json_answers_have_the_frozen_shape(
    shell: Shell, view: str, arguments: tuple[str, ...]
) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "2h", "--policy", "a/b/c")
    shell.run("list", "import", "botnets", "-", answer="192.0.2.1\n")
    frozen = json.loads(view_schemas.FILE.read_text(encoding="utf-8"))
    jsonschema.validate(shell.json(*arguments), frozen[view])


@pytest.mark.parametrize(
    ("view", "arguments"),
    [
        ("OrderView", ("order", "list")),
        ("EventView", ("order", "history", "0001-Y")),
        ("DeviceView", ("device", "list")),
        ("DriftView", ("device", "drift")),
        ("PassView", ("device", "reconcile", "--all")),
        ("DoctorCheck", ("doctor",)),
        ("ListView", ("list", "show")),
        ("ListView", ("list", "versions", "botnets")),
        ("CustomerView", ("customer", "list")),
        ("SourceView", ("source", "list")),
        ("AlarmView", ("alarm", "list")),
        ("ProtectedView", ("protected",)),
        ("EventView", ("audit", "list")),
        ("SignatureView", ("audit", "signatures")),
    ],
)
def test_json_answers_with_several_are_arrays(
    shell: Shell, view: str, arguments: tuple[str, ...]
) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "2h")
    shell.run("list", "import", "botnets", "-", answer="192.0.2.1\n")
    frozen = json.loads(view_schemas.FILE.read_text(encoding="utf-8"))
    answer = shell.json(*arguments)
    assert answer
    for one in answer:
        jsonschema.validate(one, frozen[view])
