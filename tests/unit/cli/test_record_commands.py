# SPDX-License-Identifier: GPL-2.0-or-later
"""The record: audit entries, signatures and keys, reports, and the past."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from enforcer.application.commands import AuditFilter, KnownHead
from enforcer.application.views import AuditCheck
from enforcer.cli.words import parse_past
from enforcer.errors import InvalidInput, StorageError
from tests.fakes.views import NOW, a_signature
from tests.unit.cli.shell import Shell


def test_a_broken_chain_names_the_first_bad_entry(shell: Shell) -> None:
    shell.application.chain = AuditCheck(
        ok=False, entries=6, first_bad=7, why="entry 7 was removed"
    )
    result = shell.run("audit", "verify")
    assert result.exit_code == 1
    assert "first bad entry: 7" in result.stdout
    assert json.loads(shell.run("audit", "verify", "-o", "json").stdout)["first_bad"] == 7


def test_list_with_every_filter(shell: Shell) -> None:
    result = shell.run(
        "audit", "list", "--kind", "order.placed", "--kind", "order.lifted", "--subject", "0002-Y",
        "--device", "edge1", "--by", "noc", "--since", "7d", "--until", "2026-11-21T12:00Z",
        "--after", "5", "--limit", "7", "--oldest-first",
    )  # fmt: skip
    assert result.exit_code == 0
    assert shell.last("audit_list") == AuditFilter(
        kinds=("order.placed", "order.lifted"),
        subject="0002-Y",
        device="edge1",
        actor="noc",
        since=NOW - timedelta(days=7),
        until=datetime(2026, 11, 21, 12, tzinfo=UTC),
        after=5,
        newest_first=False,
        limit=7,
    )


def test_list_shows_the_newest_first_and_that_there_may_be_more(shell: Shell) -> None:
    assert [one["sequence"] for one in shell.json("audit", "list")] == [3, 2, 1]
    result = shell.run("audit", "list", "--limit", "2")
    assert "order.placed" in result.stdout
    assert "there may be more" in result.stderr
    assert "there may be more" not in shell.run("audit", "list", "--limit", "4").stderr


@pytest.mark.parametrize("time", ["tomorrow", "2026-11-22T00:00Z", "+2h", "2026-11-20T00:00"])
def test_a_time_that_is_none_of_the_past_is_refused(shell: Shell, time: str) -> None:
    assert shell.run("audit", "list", "--since", time).exit_code == 2
    assert shell.run("why", "192.0.2.7", "--at", time).exit_code == 2
    assert shell.names() == []


def test_the_past_as_people_type_it() -> None:
    assert parse_past("2h", NOW) == NOW - timedelta(hours=2)
    assert parse_past(" 1D12H ", NOW) == NOW - timedelta(hours=36)
    assert parse_past("now", NOW) == NOW
    assert parse_past("2026-11-21T10:00+01:00", NOW) == datetime(2026, 11, 21, 9, tzinfo=UTC)
    with pytest.raises(InvalidInput):
        parse_past("2h30", NOW)


def test_show(shell: Shell) -> None:
    shown = shell.run("audit", "show", "2").stdout
    for part in ("order.placed", "tester, cli", "ab" * 32, "add element inet", "what became of it"):
        assert part in shown
    assert shell.json("audit", "show", "2")["previous"] == "cd" * 32
    assert shell.run("audit", "show", "9").exit_code == 3
    assert shell.run("audit", "show", "first").exit_code == 2


def test_export(shell: Shell, tmp_path: Path) -> None:
    result = shell.run("audit", "export", "--since", "30d")
    assert result.exit_code == 0
    assert result.stdout == '{"seq":1}\n{"seq":2}\n'
    asked = shell.last("audit_export")
    assert (asked.since, asked.limit, asked.newest_first) == (NOW - timedelta(days=30), None, False)
    file = tmp_path / "audit.jsonl"
    assert "(2 entries)" in shell.run("audit", "export", "--to", str(file)).stderr
    assert file.read_text() == result.stdout


def test_an_export_that_breaks_off_is_no_file(shell: Shell, tmp_path: Path) -> None:
    shell.application.breaks_off = StorageError("away")
    file = tmp_path / "audit.jsonl"
    assert shell.run("audit", "export", "--to", str(file)).exit_code == 1
    assert not file.exists()


@pytest.mark.parametrize(("holds", "code", "word"), [
    (True, 0, "● ok"), (None, 0, "? unknown"), (False, 1, "✖ broken"),
])  # fmt: skip
def test_signatures(shell: Shell, holds: bool | None, code: int, word: str) -> None:
    shell.application.signatures = [a_signature(3), a_signature(2, holds)]
    result = shell.run("audit", "signatures")
    assert result.exit_code == code
    assert word in result.stdout
    assert shell.run("audit", "signatures", "-o", "json").exit_code == code


def test_sign(shell: Shell) -> None:
    assert "entry 3" in shell.run("audit", "sign").stdout
    assert shell.json("audit", "sign")["key"] == "12" * 32


def test_key_is_made_once_and_never_overwritten(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "audit.key"
    result = shell.run("audit", "key", str(file), "-o", "json")
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["file"] == str(file)
    assert len(made["public"]) == len(made["key"]) == 64
    assert file.stat().st_mode & 0o777 == 0o600
    private = file.read_bytes()
    again = shell.run("audit", "key", str(file))
    assert again.exit_code == 1
    assert file.read_bytes() == private
    assert private.decode().split()[-4] not in result.stdout


def test_report_as_outline_document_and_page(shell: Shell, tmp_path: Path) -> None:
    shown = shell.run("report", "0001-Y").stdout
    for part in ("0001-Y", "reason: phishing", "devices: edge1", "entries: 41"):
        assert part in shown
    assert shell.last("report") == "0001-Y"
    document = json.loads(shell.run("report", "0001-Y", "--json").stdout)
    assert document["chain"] == {"ok": True, "entries": 41}
    assert shell.json("report", "0001-Y")["document"] == document
    page = tmp_path / "case.html"
    result = shell.run("report", "0001-Y", "--html", str(page))
    assert (result.exit_code, result.stdout) == (0, "")
    assert page.read_text() == "<!doctype html><title>0001-Y</title>\n"
    assert shell.run("report", "acme", "--html", "-").stdout.startswith("<!doctype html>")
    both = shell.run("report", "0001-Y", "--html", str(page), "--json")
    assert json.loads(both.stdout) == document


def test_why_of_the_past(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "2h", "--ticket", "T-7")
    now = shell.run("why", "192.0.2.7").stdout
    for part in ("T-7", "verified never", "at least 1,234 packets", "shop", "40 domains"):
        assert part in " ".join(now.split())
    assert "unknown" not in now
    assert shell.last("why") == ("192.0.2.7", None)
    then = shell.run("why", "192.0.2.7", "--at", "3d").stdout
    assert shell.last("why") == ("192.0.2.7", NOW - timedelta(days=3))
    assert "3d ago" in then
    assert "unknown: nothing was recorded" in " ".join(then.split())


def test_heads_kept_elsewhere_are_given_by_position_and_hash(shell: Shell) -> None:
    digest = "AB" * 32
    result = shell.run("audit", "verify", "--head", f"7:{digest}", "--head", f"9:{'c' * 64}")
    assert result.exit_code == 0
    assert shell.last("audit_verify") == (
        KnownHead(sequence=7, hash=digest.lower()),
        KnownHead(sequence=9, hash="c" * 64),
    )


@pytest.mark.parametrize("text", ["7", "7:abc", f"x:{'a' * 64}", f"7:{'g' * 64}"])
def test_what_is_no_head_is_refused(shell: Shell, text: str) -> None:
    result = shell.run("audit", "verify", "--head", text)
    assert result.exit_code == 2
    assert "64 hexadecimal digits" in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    "signed, said",
    [
        ({}, "signed: nothing"),
        ({"signed": 7, "own_key": True}, "signed up to 7 by key ab: this installation's key"),
        ({"signed": 7, "own_key": False}, "another key than this installation's"),
        ({"signed": 7}, "compare it with the key that you kept"),
        ({"warning": "nothing is signed, though"}, "but nothing is signed, though"),
    ],
)
def test_whose_signature_it_is(shell: Shell, signed: dict[str, Any], said: str) -> None:
    fields = {"signed_by": "ab", **signed}
    shell.application.chain = AuditCheck(ok=True, entries=41, first_bad=None, why="", **fields)
    result = shell.run("audit", "verify")
    assert result.exit_code == 0
    assert said in " ".join(result.stdout.split())
