# SPDX-License-Identifier: GPL-2.0-or-later
"""``order bulk``: what it says of each line, and what a second run does."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path

from enforcer.cli.bulk_lines import COLUMNS
from enforcer.errors import OrderRefused, StorageError
from tests.fakes.views import NOW
from tests.unit.cli.bulk_runs import GROUNDS, bulk, sent
from tests.unit.cli.shell import Shell

REFUSAL = OrderRefused("protected", "198.51.100.7 is ours: leave it out")


def test_mixed_results_in_every_form(shell: Shell, tmp_path: Path) -> None:
    shell.application.refuses["198.51.100.7"] = REFUSAL
    file = tmp_path / "lines.txt"
    file.write_text("192.0.2.7\n198.51.100.7\nrubbish\n")
    run = ("order", "bulk", str(file), *GROUNDS)
    table = shell.run(*run)
    assert table.exit_code == 5
    for part in ("● placed", "0001-Y", "✖ refused", "[protected]", "? invalid", "rubbish"):
        assert part in table.stdout
    assert "1 of 3 lines placed, 1 invalid, 1 protected" in table.stderr
    assert max(map(len, table.stdout.splitlines())) <= 80
    codes = [None, "protected", "invalid"]
    whole = shell.run(*run, "-o", "json")
    assert [answer["code"] for answer in json.loads(whole.stdout)] == codes
    rows = list(csv.DictReader(io.StringIO(shell.run(*run, "-o", "csv").stdout)))
    assert [row["code"] for row in rows] == ["", "protected", "invalid"]
    lines = shell.run(*run, "-o", "ndjson")
    assert (lines.exit_code, lines.stderr) == (5, "")
    assert [json.loads(line)["line"] for line in lines.stdout.splitlines()] == [1, 2, 3]


def test_where_nothing_is_placed_the_exit_code_says_why(shell: Shell) -> None:
    shell.application.refuses["198.51.100.7"] = REFUSAL
    assert bulk(shell, "198.51.100.7\nrubbish\n", *GROUNDS).exit_code == 4
    assert bulk(shell, "rubbish\n", *GROUNDS).exit_code == 2


def test_the_same_file_again_places_nothing_twice(shell: Shell, tmp_path: Path) -> None:
    shell.application.refuses["198.51.100.7"] = REFUSAL
    file = tmp_path / "lines.txt"
    file.write_text("192.0.2.7\n198.51.100.7\n192.0.2.8\n192.0.2.8\n")
    run = ("order", "bulk", str(file), *GROUNDS)
    assert shell.run(*run).exit_code == 5
    shell.application.now = NOW - timedelta(minutes=5)
    before = {order["id"]: order["target"] for order in shell.json("order", "list")}
    assert len(before) == 3, "the same target twice is two orders: the lines differ"
    del shell.application.refuses["198.51.100.7"]
    again = shell.run(*run)
    assert again.exit_code == 0
    after = {order["id"]: order["target"] for order in shell.json("order", "list")}
    assert after == before | {"0004-R": "198.51.100.7"}


def test_what_was_placed_before_is_said_to_be(shell: Shell) -> None:
    shell.application.now = NOW - timedelta(minutes=5)
    assert bulk(shell, "192.0.2.7\n", *GROUNDS).exit_code == 0
    shell.application.now = NOW
    again = bulk(shell, "192.0.2.7\n", *GROUNDS, form="table")
    assert again.exit_code == 0
    assert "was placed before" in again.stdout
    assert "1 of 1 line placed, 1 placed before" in again.stderr


def test_a_line_whose_order_is_over_is_told_and_not_taken_for_placed(shell: Shell) -> None:
    shell.application.now = NOW - timedelta(minutes=5)
    assert bulk(shell, "192.0.2.7\n192.0.2.8\n", *GROUNDS).exit_code == 0
    first, _ = sorted(order["id"] for order in shell.json("order", "list"))
    assert shell.run("order", "lift", first, "--reason", "over").exit_code == 0
    shell.application.now = NOW
    again = bulk(shell, "192.0.2.7\n192.0.2.8\n", *GROUNDS)
    assert again.exit_code == 5
    told = [json.loads(line) for line in again.stdout.splitlines()]
    assert [one["code"] for one in told] == ["ended", None]
    assert first in told[0]["message"] and "--key-prefix" in told[0]["message"]


def test_other_options_are_other_orders(shell: Shell) -> None:
    for options in (GROUNDS, GROUNDS, ("--reason", "spam run", "--for", "3h")):
        assert bulk(shell, "192.0.2.7\n", *options).exit_code == 0
    first, second, third = (command.idempotency_key for command in sent(shell))
    assert first == second != third


def test_keys_follow_the_file_or_the_prefix(shell: Shell) -> None:
    bulk(shell, "192.0.2.7\n\n192.0.2.8\n", *GROUNDS)
    bulk(shell, "192.0.2.7\n", *GROUNDS)
    bulk(shell, "192.0.2.7\n", *GROUNDS, "--key-prefix", "case-7")
    first, second, other, named = (command.idempotency_key or "" for command in sent(shell))
    assert (first[-2:], second[-2:]) == (":1", ":3")
    assert first[:-2] == second[:-2] != other[:-2]
    assert first.startswith("bulk-")
    assert named == "case-7:1"


def test_a_long_file_goes_in_portions(shell: Shell) -> None:
    text = "".join(f"192.0.2.{n % 256}\n" for n in range(1201))
    result = bulk(shell, text, *GROUNDS)
    assert result.exit_code == 0
    calls = [arguments for name, _, arguments in shell.application.calls if name == "place_many"]
    assert [len(portion) for portion in calls] == [500, 500, 201]
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["line"] for answer in answers] == list(range(1, 1202))


def test_an_interrupted_file_tells_what_was_done_and_how_to_go_on(shell: Shell) -> None:
    text = "".join(f"192.0.2.{n % 256}\n" for n in range(700))
    shell.application.interrupts = True
    result = bulk(shell, text, *GROUNDS, form="table")
    assert result.exit_code == 130
    assert "stopped after 500 of 700 lines: the same command" in result.stderr
    assert result.stdout.count("placed") == 500
    shell.application.interrupts = False
    assert bulk(shell, text, *GROUNDS, form="table").exit_code == 0
    assert len(shell.json("order", "list", "--limit", "1000")) == 700


def test_a_database_that_goes_away_is_an_error(shell: Shell) -> None:
    shell.application.fails = StorageError("disk full")
    result = bulk(shell, "192.0.2.7\n", *GROUNDS, form="table")
    assert result.exit_code == 1
    assert "stopped after 0 of 1 line" in result.stderr
    assert "disk full" in result.stderr


def test_a_dry_run_says_what_each_line_would_do(shell: Shell) -> None:
    shell.application.refuses["198.51.100.7"] = REFUSAL
    shell.application.collateral = ["shop, a tenant of acme"]
    text = "192.0.2.7\n198.51.100.7\nrubbish\n"
    result = bulk(shell, text, *GROUNDS, "--dry-run", form="table")
    assert result.exit_code == 5
    assert shell.names() == ["check_many"]
    said = " ".join(result.stdout.split())
    for part in ("would place", "blocked on edge1", "hits acme", "also hits shop", "[protected]"):
        assert part in said


def test_a_dry_run_counts_what_would_need_a_confirmation(shell: Shell) -> None:
    shell.application.refuses["192.0.0.0/16"] = OrderRefused("too-wide", "add --confirm-wide")
    result = bulk(shell, "192.0.0.0/16\n", *GROUNDS, "--dry-run")
    assert result.exit_code == 4
    answer = json.loads(result.stdout)
    assert answer["code"] == "too-wide"
    assert "add --confirm-wide" in answer["message"]


def test_a_dry_run_says_a_warning_once(shell: Shell) -> None:
    result = bulk(shell, "192.0.2.7\n192.0.2.8\n", *GROUNDS, "-n", form="table")
    assert "has no owner" in " ".join(result.stdout.split())
    assert result.stdout.count("owner") == 1
    assert "2 of 2 lines would be placed" in result.stderr


def test_a_long_dry_run_goes_in_portions(shell: Shell) -> None:
    text = "rubbish\n" + "".join(f"192.0.2.{n % 256}\n" for n in range(1200))
    result = bulk(shell, text, *GROUNDS, "--dry-run")
    assert result.exit_code == 5
    assert shell.names() == ["check_many"] * 3
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["line"] for answer in answers] == list(range(1, 1202))
    assert [answer["code"] for answer in answers] == ["invalid"] + [None] * 1200


def test_at_a_terminal_it_asks_once(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "lines.txt"
    file.write_text("192.0.2.7\n192.0.2.8\n")
    run = ("order", "bulk", str(file), *GROUNDS)
    shell.at_a_terminal = True
    declined = shell.run(*run, answer="n\n")
    assert declined.exit_code == 1
    assert "Place 2 orders?" in declined.stderr
    assert shell.names() == []
    assert shell.run(*run, answer="y\n").exit_code == 0
    assert shell.run(*run, "--yes").exit_code == 0


def test_the_help_names_every_column(shell: Shell) -> None:
    said = shell.run("order", "bulk", "--help").stdout.replace(",", " ").replace(")", " ").split()
    assert set(COLUMNS) <= {word.strip("(") for word in said}
