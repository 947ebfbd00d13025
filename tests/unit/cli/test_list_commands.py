# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists beyond import and show: versions, rejected lines, differences, exports, feeds."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from enforcer.application.commands import ExportEnforced, ImportList
from enforcer.application.views import ListView
from enforcer.cli.tables.lists import imported
from enforcer.errors import InvalidInput, StorageError
from tests.fakes.views import NOW
from tests.unit.cli.shell import Shell


@pytest.fixture
def filled(shell: Shell) -> Shell:
    """A shell with a list of two versions."""
    for text in ("192.0.2.1\nrubbish\n", "192.0.2.1\n192.0.2.2\n"):
        assert shell.run("list", "import", "botnets", "-", answer=text).exit_code == 0
    return shell


def test_import_with_all_options(shell: Shell) -> None:
    run = ("list", "import", "spam", "-", "--format", "csv", "--column", "ip", "--confirm-shrink")
    result = shell.run(*run, "--dry-run", answer="192.0.2.1\n")
    assert result.exit_code == 0
    assert shell.last("import_list") == ImportList(
        name="spam",
        text="192.0.2.1\n",
        source="standard input",
        format="csv",
        column="ip",
        confirm_shrink=True,
        dry_run=True,
    )
    assert "would be imported" in result.stdout
    assert "Nothing was changed" in result.stdout
    assert shell.json("list", "show") == []


def test_a_list_that_shrinks_is_refused_without_confirmation(shell: Shell) -> None:
    refused = shell.run("list", "import", "spam", "-", answer="", env={})
    assert refused.exit_code == 4
    assert "[list-shrunk]" in refused.stderr
    error = json.loads(shell.run("list", "import", "spam", "-", "-o", "json", answer="").stderr)
    assert (error["error"], error["code"]) == ("refused", "list-shrunk")
    confirmed = shell.run("list", "import", "spam", "-", "--confirm-shrink", answer="")
    assert confirmed.exit_code == 0


def test_one_list_is_shown_with_its_versions(filled: Shell) -> None:
    view = filled.application.list_views["botnets"]
    stale = {
        "feed": "https://lists.example/b.txt",
        "stale": True,
        "problem": "HTTP 503",
        "fetched_at": NOW - timedelta(days=3),
        "withheld": 2,
        "rejected": 3,
        "reasons": {"own-space": 2, "garbage": 1},
    }
    filled.application.list_views["botnets"] = view.model_copy(update=stale)
    shown = " ".join(filled.run("list", "show", "botnets").stdout.split())
    for part in (
        "https://lists.example/b.txt",
        "3d ago",
        "HTTP 503",
        "older than its feed",
        "3 lines (1 garbage, 2 own-space)",
        "a part of 2 entries is protected",
    ):
        assert part in shown
    assert shown.count("standard input") >= 2, "both versions are listed"
    overview = filled.run("list", "show").stdout
    assert "botnets: stale: fetched 3d ago" in overview
    assert [one["stale"] for one in filled.json("list", "show", "botnets")] == [True]


def test_where_a_list_is_from_is_said_of_its_version_and_not_of_its_feed(filled: Shell) -> None:
    view = filled.application.list_views["botnets"]
    fed = {"feed": "https://lists.example/b.txt"}
    filled.application.list_views["botnets"] = view.model_copy(update=fed)
    shown = " ".join(filled.run("list", "show").stdout.split())
    assert "standard input" in shown
    assert "lists.example" not in shown


def test_what_an_import_changes_is_said_in_ranges() -> None:
    view = ListView(
        name="spam",
        version=2,
        entries=5,
        imported_at=NOW,
        source="a file",
        rejected=0,
        added=4,
        removed=1,
    )
    console = Console(width=200)
    with console.capture() as said:
        console.print(imported(view, NOW))
    assert "5 entries (ranges of addresses: +4 -1)" in said.get()


def test_versions(filled: Shell) -> None:
    assert [one["version"] for one in filled.json("list", "versions", "botnets")] == [2, 1]
    assert "Rejected" in filled.run("list", "versions", "botnets").stdout
    assert filled.run("list", "versions", "none").exit_code == 3


def test_rejected_lines_in_every_form(filled: Shell) -> None:
    run = ("list", "rejects", "botnets", "--version", "1")
    table = filled.run(*run).stdout
    assert table.startswith("line 2: 'rubbish'")
    (line,) = filled.json(*run)
    assert line == table.rstrip("\n")
    assert json.loads(filled.run(*run, "-o", "ndjson").stdout) == line
    rows = list(csv.reader(io.StringIO(filled.run(*run, "-o", "csv").stdout)))
    assert rows == [["rejected"], [line]]
    newest = filled.run("list", "rejects", "botnets")
    assert (newest.stdout, newest.exit_code) == ("", 0)
    assert "nothing was rejected of botnets" in newest.stderr


@pytest.mark.parametrize(("typed", "asked"), [((), (1, 2)), (("1",), (1, 2)), (("2", "1"), (2, 1))])
def test_diff(filled: Shell, typed: tuple[str, ...], asked: tuple[int, int]) -> None:
    result = filled.run("list", "diff", "botnets", *typed, "--limit", "1")
    assert result.exit_code == 0
    assert filled.last("list_diff") == ("botnets", *asked, 1)
    for part in ("+1 -2", "+ 192.0.2.0/24", "- 198.51.100.0/25", "1 more"):
        assert part in result.stdout
    assert filled.json("list", "diff", "botnets", *typed)["removed_total"] == 2


def test_one_version_has_nothing_to_compare_with(shell: Shell) -> None:
    shell.run("list", "import", "spam", "-", answer="192.0.2.1\n")
    result = shell.run("list", "diff", "spam")
    assert result.exit_code == 2
    assert "nothing to compare it with" in result.stderr
    assert shell.run("list", "diff", "spam", "0", "1").exit_code == 2


def test_refresh(filled: Shell) -> None:
    result = filled.run("list", "refresh", "botnets", "--confirm-shrink")
    assert result.exit_code == 0
    assert filled.last("list_refresh") == ("botnets", True)
    assert "unchanged, version 2" in result.stdout


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        (("export",), ExportEnforced()),
        (
            ("export", "--device", "edge1", "-f", "nft"),
            ExportEnforced(device="edge1", format="nft"),
        ),
        (
            ("export", "--list", "b", "--list-version", "3", "--format", "csv"),
            ExportEnforced(list_name="b", version=3, format="csv"),
        ),
        (("list", "export", "b", "--version", "2"), ExportEnforced(list_name="b", version=2)),
    ],
)
def test_export_to_standard_output(
    shell: Shell, typed: tuple[str, ...], asked: ExportEnforced
) -> None:
    result = shell.run(*typed)
    assert result.exit_code == 0
    assert shell.last("export") == asked
    assert (result.stdout, result.stderr) == ("192.0.2.7/32\n2001:db8::/64\n", "")


def test_what_does_not_go_together(shell: Shell) -> None:
    assert shell.run("export", "--list", "b", "--device", "edge1").exit_code == 2
    assert shell.run("export", "--list-version", "1").exit_code == 2
    assert shell.names() == []


def test_export_to_a_file(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "edge1.nft"
    result = shell.run("export", "--to", str(file))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "(2 lines)" in result.stderr
    assert file.read_text() == "192.0.2.7/32\n2001:db8::/64\n"


@pytest.mark.parametrize("error", [StorageError("away"), InvalidInput("no such device")])
def test_an_export_that_breaks_off_leaves_the_old_file(
    shell: Shell, tmp_path: Path, error: InvalidInput
) -> None:
    file = tmp_path / "edge1.nft"
    file.write_text("old\n")
    file.chmod(0o640)
    shell.application.breaks_off = error
    assert shell.run("export", "--to", str(file)).exit_code != 0
    assert file.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    shell.application.breaks_off = None
    assert shell.run("export", "--to", str(file)).exit_code == 0
    assert file.read_text() != "old\n"
    assert file.stat().st_mode & 0o777 == 0o640


def test_an_export_follows_links_and_leaves_devices_alone(shell: Shell, tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    assert shell.run("export", "--to", str(link)).exit_code == 0
    assert link.is_symlink()
    assert real.read_text().startswith("192.0.2.7")
    assert shell.run("export", "--to", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_an_export_where_nothing_can_be_written(shell: Shell, tmp_path: Path) -> None:
    result = shell.run("export", "--to", str(tmp_path / "none" / "file"))
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
