# SPDX-License-Identifier: GPL-2.0-or-later
"""The four forms of output, colour, width, and what a terminal must not be sent."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import timedelta
from typing import TextIO

import pytest

from enforcer.application.views import DeviceView
from enforcer.cli.options import Format
from enforcer.cli.output import Output
from enforcer.errors import StorageError
from tests.fakes.views import NOW, a_device, a_drift, a_pass, an_inventory_change
from tests.unit.cli.shell import Shell

REASON = "phishing, reported thrice; see “ticket”"


@pytest.fixture
def placed(shell: Shell) -> Shell:
    """A shell with two orders."""
    for target in ("192.0.2.1", "192.0.2.2"):
        shell.placed("block-address", target, "-r", REASON, "--for", "2h", "--role", "border")
    return shell


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(form: Format, no_color: bool, stream: TextIO, monkeypatch: pytest.MonkeyPatch) -> str:
    """A device as `Output` prints it on `stream`."""
    monkeypatch.setattr("sys.stdout", stream)
    Output(form, no_color, lambda: NOW).one(a_device("edge1"))
    assert isinstance(stream, io.StringIO)
    return stream.getvalue()


def test_json_keeps_text_readable_and_is_one_document(placed: Shell) -> None:
    result = placed.run("order", "list", "-o", "json")
    assert [order["reason"] for order in json.loads(result.stdout)] == [REASON, REASON]
    assert "“ticket”" in result.stdout


def test_ndjson_is_one_object_a_line(placed: Shell) -> None:
    lines = placed.run("order", "list", "-o", "ndjson").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["0002-W", "0001-Y"]
    single = placed.run("order", "show", "0001-Y", "-o", "ndjson").stdout
    assert json.loads(single)["end"] == "2026-11-21T20:00:00Z"


def test_csv_has_a_header_and_flat_cells(placed: Shell) -> None:
    text = placed.run("order", "list", "-o", "csv").stdout
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["id"], second["id"]) == ("0002-W", "0001-Y")
    assert first["reason"] == REASON
    assert first["ticket"] == ""
    assert first["open_ended"] == "false"
    assert json.loads(first["scope"])["roles"] == ["border"]
    assert json.loads(first["devices"])[0]["device"] == "edge1"


def test_csv_joins_lists_of_words(shell: Shell) -> None:
    text = shell.run("device", "show", "edge1", "-o", "csv").stdout
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["traits"] == "atomic;watchable"
    assert row["members"] == "1000004"


def test_csv_of_nothing_is_the_header(shell: Shell) -> None:
    assert shell.run("order", "list", "-o", "csv").stdout.startswith("id,number,kind,")
    assert shell.run("order", "list", "-o", "json").stdout == "[]\n"
    assert shell.run("order", "list", "-o", "ndjson").stdout == ""


def test_an_unknown_form_is_a_usage_error(shell: Shell) -> None:
    result = shell.run("order", "list", "-o", "xml")
    assert result.exit_code == 2
    assert "--output" in result.stderr


@pytest.mark.parametrize("place", [0, 1, 2])
def test_global_options_stand_anywhere(placed: Shell, place: int) -> None:
    words = ["order", "list"]
    words[place:place] = ["--output", "ndjson"]
    if place == 1:
        # Between group and command only the command's own group may have options.
        assert placed.run(*words).exit_code == 2
    else:
        assert len(placed.run(*words).stdout.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("order", "list"),
        ("order", "show", "0001-Y"),
        ("order", "history", "0001-Y"),
        ("device", "list"),
        ("device", "show", "edge2"),
        ("device", "drift"),
        ("device", "reconcile", "--all"),
        ("why", "192.0.2.1"),
        ("status",),
        ("list", "show"),
        ("doctor",),
        ("inventory", "check"),
        ("inventory", "show"),
        ("inventory", "diff"),
        ("customer", "list"),
        ("customer", "show", "acme"),
        ("source", "list"),
        ("alarm", "list"),
        ("protected",),
        ("list", "versions", "botnets"),
        ("list", "show", "botnets"),
        ("list", "diff", "botnets"),
        ("audit", "list"),
        ("audit", "show", "1"),
        ("audit", "signatures"),
        ("report", "acme"),
    ],
)
def test_tables_fit_80_columns(shell: Shell, arguments: tuple[str, ...]) -> None:
    long = "a reason that is long enough to be wrapped " * 4 + "x" * 90
    shell.placed("block-address", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "-r", long, "--for", "2h")
    for _ in range(2):
        shell.run("list", "import", "botnets", "-", answer="192.0.2.1\n")
    application = shell.application
    application.coming = an_inventory_change(warnings=[long])
    application.device_views[1] = a_device("edge2", "not-adopted", error=long)
    application.drifts["edge1"] = a_drift("edge1", 3, [long])
    application.passes["edge1"] = a_pass("edge1", "held").model_copy(update={"sentence": long})
    shown = shell.run(*arguments).stdout
    assert shown
    assert max(map(len, shown.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in shown.splitlines())


def test_what_is_no_terminal_gets_no_escape_sequence(placed: Shell) -> None:
    assert "\x1b" not in placed.run("order", "list").stdout
    assert "\x1b" not in placed.run("order", "show", "nothing").stderr


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" in printed(Format.TABLE, False, Terminal(), monkeypatch)


@pytest.mark.parametrize(("flag", "variable"), [(True, ""), (False, "1")])
def test_no_color_takes_every_escape_sequence_away(
    monkeypatch: pytest.MonkeyPatch, flag: bool, variable: str
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    monkeypatch.setenv("TERM", "xterm-256color")
    text = printed(Format.TABLE, flag, Terminal(), monkeypatch)
    assert "\x1b" not in text
    assert "● ok" in text, "the status is still told by icon and word"


def test_json_on_a_terminal_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(Format.JSON, False, Terminal(), monkeypatch)
    assert json.loads(text)["name"] == "edge1"


def test_an_ascii_terminal_gets_ascii_icons(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    Output(Format.TABLE, False, lambda: NOW).one(a_device("edge1"))
    stream.flush()
    assert b"* ok" in raw.getvalue()


def advanced(form: Format, monkeypatch: pytest.MonkeyPatch, *, terminals: str) -> str:
    """What a bar over three lines writes to standard error."""
    for name in ("stdout", "stderr"):
        stream = Terminal() if name in terminals else io.StringIO()
        monkeypatch.setattr(f"sys.{name}", stream)
    with Output(form, True, lambda: NOW).progress("placing", 3) as advance:
        advance(2)
    assert isinstance(sys.stderr, io.StringIO)
    return sys.stderr.getvalue()


def test_a_bar_is_shown_where_a_person_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for form, terminals in (
        (Format.TABLE, "stdout stderr"),
        (Format.TABLE, "stderr"),
        (Format.NDJSON, "stderr"),
    ):
        assert "2/3" in advanced(form, monkeypatch, terminals=terminals)


@pytest.mark.parametrize(
    ("form", "terminals"),
    [(Format.TABLE, "stdout"), (Format.TABLE, ""), (Format.NDJSON, "stdout stderr")],
)
def test_a_bar_is_not_shown_elsewhere(
    form: Format, terminals: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert advanced(form, monkeypatch, terminals=terminals) == ""


@pytest.mark.parametrize("form", [Format.NDJSON, Format.CSV])
def test_parts_are_printed_as_they_come(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    header = 1 if form is Format.CSV else 0
    with Output(form, True, lambda: NOW).parts(DeviceView) as tell:
        for count in (1, 2):
            tell([a_device("edge1")])
            assert len(stream.getvalue().splitlines()) == header + count


@pytest.mark.parametrize("form", [Format.JSON, Format.TABLE])
def test_parts_of_one_document_come_whole_even_after_an_error(
    form: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)

    def break_off() -> None:
        with Output(form, True, lambda: NOW).parts(DeviceView) as tell:
            tell([a_device("edge1")])
            assert stream.getvalue() == ""
            raise StorageError("away")

    with pytest.raises(StorageError):
        break_off()
    assert "edge1" in stream.getvalue()


@pytest.mark.parametrize("control", ["\x1b[2J", "\x07", "\x9b31m", "\r"])
def test_text_from_outside_cannot_steer_the_terminal(shell: Shell, control: str) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", f"be{control}ware", "--for", "2h")
    for arguments in (("order", "list"), ("order", "show", "0001-Y"), ("why", "192.0.2.7")):
        shown = shell.run(*arguments).stdout
        assert control not in shown
        assert "be\ufffd" in shown
    error = shell.run("order", "show", f"0{control}").stderr
    assert control not in error


def test_markup_in_text_is_text(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "[bold]x[/] [link=x]y", "--for", "2h")
    assert "[bold]x[/] [link=x]y" in shell.run("order", "list").stdout


def test_times_are_relative_and_absolute(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "2d3h4m")
    shown = shell.run("order", "list").stdout
    assert "in 2d3h" in shown
    assert "2026-11-23 21:04Z" in shown


def test_a_scheduled_order_says_when_it_starts(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "1h", "--start", "+2h")
    shown = shell.run("order", "list").stdout
    assert "◷ scheduled" in shown
    assert "starts in 2h" in shown


def test_why_tells_who_and_since_when(placed: Shell) -> None:
    shown = placed.run("why", "192.0.2.1").stdout
    for part in ("● all", "acme", "0001-Y", "by tester", "on edge1"):
        assert part in shown


def test_nothing_blocks_it(shell: Shell) -> None:
    shown = shell.run("why", "192.0.2.1").stdout
    assert "○ none" in shown
    assert "no order touches it" in shown


def test_status_of_a_pause_tells_who_and_why(shell: Shell) -> None:
    shell.run("pause", "--reason", "maintenance")
    shell.application.state = shell.application.state.model_copy(
        update={"leader": False, "since": NOW - timedelta(hours=3)}
    )
    shown = shell.run("status").stdout
    for part in ("○ not running", "‖ paused", "tester", "maintenance", "3h ago"):
        assert part in shown
