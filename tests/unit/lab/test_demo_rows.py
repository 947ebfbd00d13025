# SPDX-License-Identifier: GPL-2.0-or-later
"""What the demonstration says of what it measured; the measuring itself is tested in the lab."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from inventory.list_files import parse_list
from lab.demo_orders import LISTED, list_text, listed
from lab.demo_rows import Row, show_checks, table, write_json
from lab.installation import ControllerLog


def row(*, measured: bool = True, spared: int = 0, holds: bool = True) -> Row:
    found = Row("0007-J", "block_address", "198.51.100.11 both", "edge1", effect=0.012, repair=1.5)
    found.measured, found.spared = measured, spared
    found.check("an established connection is cut", holds, "it still flows")
    return found


def printed(*rows: Row) -> str:
    console = Console(width=140, record=True, file=StringIO())
    console.print(table(rows))
    show_checks(console, rows)
    return console.export_text()


def test_a_row_holds_when_everything_does() -> None:
    assert row().ok


@pytest.mark.parametrize(
    "broken",
    [row(measured=False), row(spared=1), row(holds=False)],
    ids=["not stopped", "others lost packets", "a check failed"],
)
def test_a_row_falls_with_anything_about_it(broken: Row) -> None:
    assert not broken.ok
    assert "✗" in printed(broken)


def test_what_failed_is_said_with_what_was_seen_instead() -> None:
    shown = printed(row(spared=3, holds=False))
    assert "3 packets of unrelated flows lost" in shown
    assert "not so: an established connection is cut (it still flows)" in shown
    assert "✗" not in printed(row())


def test_times_are_shown_in_milliseconds_below_one_second() -> None:
    shown = printed(row())
    assert "12 ms" in shown
    assert "1.50 s" in shown


def test_rows_are_written_as_json(tmp_path: Path) -> None:
    write_json(tmp_path / "rows.json", [row(), row(measured=False)])
    written = json.loads((tmp_path / "rows.json").read_text())
    assert [one["ok"] for one in written] == [True, False]
    assert written[0]["effect"] == 0.012


def test_the_list_has_the_entries_that_the_demonstration_counts_on() -> None:
    parsed = parse_list(list_text(*listed()))
    assert len(parsed) == LISTED
    assert [line.text for line in parsed.rejected] == ["198.18.300.7"]


def test_the_controllers_log_is_read_from_a_mark_on(tmp_path: Path) -> None:
    path = tmp_path / "controller.log"
    log = ControllerLog(path)
    assert log.mark() == 0
    old = {"device": "edge1", "outcome": "repaired", "said": "old"}
    path.write_text(json.dumps(old) + "\nno JSON\n")
    mark = log.mark()
    new = [
        {"device": "edge1", "outcome": "applied", "said": "nothing broken"},
        {"device": "core1", "outcome": "repaired", "said": "elsewhere"},
        {"device": "edge1", "outcome": "repaired", "said": "new"},
    ]
    with path.open("a") as more:
        more.writelines(json.dumps(event) + "\n" for event in new)
    assert log.repairs("edge1", mark) == ["new"]
    assert log.repairs("edge1") == ["old", "new"]


def test_of_a_traceback_the_tail_shows_the_end(tmp_path: Path) -> None:
    path = tmp_path / "controller.log"
    trace = "\n".join(["Traceback", *(f"line {n}" for n in range(50)), "ValueError: no"])
    path.write_text(json.dumps({"event": "broke", "exception": trace}) + "\n")
    shown = ControllerLog(path).tail()
    assert "ValueError: no" in shown
    assert "line 7" not in shown
