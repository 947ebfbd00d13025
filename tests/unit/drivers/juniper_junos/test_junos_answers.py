# SPDX-License-Identifier: GPL-2.0-or-later
"""What a router says beside its configuration: commits, locks, loads, adjacencies, counters."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.juniper_junos import answers
from enforcer.errors import ParseFailed

BOX = "edge1"
LOG = """\
0   2026-11-21 23:16:51 UTC by ann via cli
    enforcer 0001-Y
1   2026-11-21 23:16:51 UTC by ann via cli
2   2026-11-20 08:00:00 UTC by root via other
"""
CONFIRMED = """\
0   2026-11-21 23:16:51 UTC by ann via cli commit confirmed, rollback in 2mins
    enforcer 0001-Y
    rollback pending
1   2026-11-20 08:00:00 UTC by root via other
"""


def corpus_text(corpus: Path, name: str) -> str:
    return (corpus / "devices" / "junos" / name).read_text()


def test_the_commit_log_moves_with_every_commit_of_the_same_second() -> None:
    one = answers.commits(BOX, LOG)
    more = LOG.replace("2   ", "3   ").replace("1   ", "2   ")
    more = "0   2026-11-21 23:16:51 UTC by ann via cli\n" + more.replace(
        "0   2026-11-21", "1   2026-11-21"
    )
    assert answers.commits(BOX, more).digest != one.digest
    assert one.comment == "enforcer 0001-Y" and not one.pending


def test_a_commit_that_waits_is_told_and_its_countdown_moves_nothing() -> None:
    log = answers.commits(BOX, CONFIRMED)
    assert "ann" in log.pending
    assert log.digest == answers.commits(BOX, CONFIRMED.replace("2mins", "1mins")).digest
    settled = CONFIRMED.replace(" commit confirmed, rollback in 2mins", "").replace(
        "    rollback pending\n", ""
    )
    assert answers.commits(BOX, settled).pending == ""


@pytest.mark.parametrize(
    "text", ["", "\n", "hello", LOG.replace("1   ", "7   "), "    note\n" + LOG]
)
def test_a_commit_log_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(ParseFailed):
        answers.commits(BOX, text)


def test_the_captured_pending_commit(corpus: Path) -> None:
    log = answers.commits(BOX, corpus_text(corpus, "errors/evo_show_system_commit_pending.txt"))
    assert log.pending.startswith("admin via cli")


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("evo_configure_exclusive_modified", "admin terminal pts/0 (pid 31745)"),
        ("locked_exclusive", "regress terminal  (pid 7527)"),
        ("locked_exclusive_ansible", "JUNOS-RW terminal  (pid 18186)"),
    ],
)
def test_who_holds_the_configuration_is_named(corpus: Path, name: str, who: str) -> None:
    said = answers.busy(corpus_text(corpus, f"errors/{name}.txt"))
    assert said is not None and who in said


def test_a_modified_shared_database_is_busy(corpus: Path) -> None:
    text = corpus_text(corpus, "errors/evo_configure_private_modified.txt")
    assert answers.busy(text) == "somebody has edits that are not committed"


def test_other_refusals_are_not_taken_for_a_lock() -> None:
    assert answers.busy("error: permission denied: 'configure'") is None


@pytest.mark.parametrize(
    ("said", "bad"),
    [
        ("load complete", 0),
        ("load complete (2 errors)", 1),
        ("terminal:1:(5) syntax error: sett\n  [edit]\n\nload complete (1 errors)", 1),
        ("error: permission denied: firewall\nload complete", 1),
        ("syntax error.\nload complete", 1),
        ("unknown command.\nload complete", 1),
        ("warning: statement not found\nload complete", 0),
    ],
)
def test_the_verdict_of_a_load(said: str, bad: int) -> None:
    assert bool(answers.load_errors(BOX, said)) is bool(bad)


def test_a_load_without_a_verdict_is_refused() -> None:
    with pytest.raises(ParseFailed):
        answers.load_errors(BOX, "terminal:1: something")


def test_the_captured_commits(corpus: Path) -> None:
    for name in ("commit_dual_re_ok", "commit_confirmed_ok"):
        assert not answers.commit_failure(corpus_text(corpus, f"errors/{name}.txt"))
    for name in ("commit_check_failed", "evo_commit_check_missing_mandatory"):
        assert answers.check_failure(corpus_text(corpus, f"errors/{name}.txt"))
    assert not answers.check_failure("configuration check succeeds")


def test_a_commit_that_fails_on_one_engine_has_failed() -> None:
    said = "re0: \nconfiguration check succeeds\nre1: \nerror: remote commit failed\n"
    said += "re0: \ncommit complete"
    assert "remote commit failed" in answers.commit_failure(said)
    assert answers.commit_failure("re0: \nconfiguration check succeeds")


def test_the_captured_adjacencies(corpus: Path) -> None:
    text = corpus_text(corpus, "show_bgp_summary/ntc-templates__show_bgp_summary.txt")
    up = answers.adjacencies(BOX, text)
    assert up == {
        "192.0.2.252": 1,
        "192.0.2.254": 1,
        "198.51.100.100": 1,
        "198.51.100.200": 1,
        "203.0.113.0": 2,
    }
    with pytest.raises(ParseFailed):
        answers.adjacencies(BOX, "\n".join(text.splitlines()[:6]))
    down = text.replace("9w2d 5:23:37 Establ", "9w2d 5:23:37 Active")
    assert "192.0.2.254" not in answers.adjacencies(BOX, down)


def test_older_releases_show_counts_for_established() -> None:
    text = (
        "Groups: 1 Peers: 2 Down peers: 1\n"
        "10.1.0.2 64501 5 5 0 0 1:00 3/4/4/0 0/0/0/0\n"
        "2001:db8::2 64501 5 5 0 0 1:00 Idle\n"
    )
    assert answers.adjacencies(BOX, text) == {"10.1.0.2": 1}
    assert answers.adjacencies(BOX, "BGP is not running") == {}


def test_the_captured_counters(corpus: Path) -> None:
    found = answers.counters(
        BOX, corpus_text(corpus, "genie_ShowFirewall/genieparser__golden_output.txt")
    )
    assert found["telnet-deny-count"] == (1316, 23)
    assert found["deny-dst-in"] == (0, 0)
    assert "MINIMUM-RATE-POLICER" not in found


def test_the_counters_of_filters_in_a_list_add_up() -> None:
    title = "Name                Bytes   Packets\n"
    text = (
        f"Filter: ge-0/0/1.0-i\nCounters:\n{title}ENF-0123456789ab-T0-ge-0/0/1.0-i  64  1\n"
        f"Filter: x\nCounters:\n{title}c 10 2\nFilter: y\nCounters:\n{title}c 30 3\n"
    )
    assert answers.counters(BOX, text)["c"] == (40, 5)
    with pytest.raises(ParseFailed):
        answers.counters(BOX, "Filter: x\nCounters:\nc 10\n")
