# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: confirmed commits, their windows, and the history of commits."""

from pathlib import Path

import pytest

from lab.emulators.juniper_junos import Router
from lab.emulators.shell import Shell

CONFIGURATION = """\
set system host-name edge
set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24
set policy-options prefix-list MINE 198.51.100.0/24
set firewall family inet filter BASE term rest then accept
"""
ADD = "set policy-options prefix-list ENF-A 203.0.113.1/32"
MORE = "set policy-options prefix-list ENF-A 203.0.113.2/32"
FOREIGN = "set policy-options prefix-list MINE 198.51.101.0/24"


@pytest.fixture
def router() -> Router:
    router = Router()
    router.load(CONFIGURATION)
    return router


def entered(router: Router, user: str = "admin", mode: str = "") -> Shell:
    shell = router.other_operator(user)
    shell.line(f"configure {mode}")
    assert shell.configuring
    return shell


def asked(shell: Shell, line: str) -> str:
    return shell.line(line).text


def history(router: Router) -> list[str]:
    return router.other_operator().line("show system commit").text.splitlines()


# ---------------- commit confirmed


def test_an_unconfirmed_commit_is_rolled_back_and_everyone_is_told(router: Router) -> None:
    shell, bystander = entered(router, mode="exclusive"), router.other_operator("operator")
    asked(shell, ADD)
    assert asked(shell, 'commit confirmed 5 comment "order 7"') == (
        "commit confirmed will be automatically rolled back in 5 minutes unless confirmed\n"
        "commit complete"
    )
    assert ADD in router.running()
    router.clock.advance(290)
    assert ADD in router.running()
    router.clock.advance(11)
    assert router.running() == CONFIGURATION
    for one in (shell, bystander):
        told = "".join(one.notices())
        assert "Broadcast Message from root@edge (no tty) at " in told
        assert "Commit was not confirmed; automatic rollback complete." in told
        assert one.notices() == []
    newest, tried = history(router)[:2]
    assert newest.endswith(" by root via other")
    assert tried.endswith(" by admin via cli commit confirmed, rollback in 5mins")
    assert asked(shell, "show | compare") == ""


def test_the_rollback_may_be_late(router: Router) -> None:
    router.options.rollback_late_seconds = 35
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed 1")
    router.clock.advance(80)
    assert ADD in router.running()
    router.clock.advance(16)
    assert router.running() == CONFIGURATION


@pytest.mark.parametrize(
    "line, answer",
    [("commit", "commit complete"), ("commit check", "configuration check succeeds")],
)
def test_a_commit_or_a_commit_check_inside_the_window_confirms(
    router: Router, line: str, answer: str
) -> None:
    shell = entered(router, mode="exclusive")
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    assert asked(shell, line) == answer
    router.clock.advance(3600)
    assert ADD in router.running()
    assert not any("pending" in row for row in history(router))


def test_a_commit_check_confirms_without_carrying_foreign_edits(router: Router) -> None:
    mine = entered(router)
    asked(mine, ADD)
    asked(mine, "commit confirmed 5")
    asked(entered(router, "operator"), FOREIGN)
    asked(mine, "commit check")
    router.clock.advance(3600)
    assert ADD in router.running()
    assert FOREIGN not in router.running()


def test_a_failed_check_confirms_nothing(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    asked(shell, "set protocols bgp group G import NOWHERE")
    assert "check-out failed" in asked(shell, "commit check")
    router.clock.advance(301)
    assert router.running() == CONFIGURATION


def test_another_persons_commit_confirms_too(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    router.by_hand(FOREIGN)
    router.clock.advance(3600)
    assert {ADD, FOREIGN} <= set(router.running().splitlines())


def test_the_window_is_announced_above_every_prompt(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed")
    notice = "# commit confirmed will be rolled back in {} minutes"
    lines = ["", notice.format(10), "[edit]", "admin@edge# "]
    assert shell.prompt().split("\n") == lines
    router.clock.advance(61)
    assert shell.prompt().split("\n")[1] == notice.format(9)
    asked(shell, "commit")
    assert shell.prompt().split("\n") == ["", "[edit]", "admin@edge# "]


def test_the_window_counts_in_minutes(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    for minutes in ("0", "65536"):
        assert "out of range" in asked(shell, f"commit confirmed {minutes}")
    asked(shell, "commit confirmed 120")
    router.clock.advance(119 * 60)
    assert ADD in router.running()
    router.clock.advance(61)
    assert ADD not in router.running()


def test_a_second_window_returns_to_what_the_first_one_tried(router: Router) -> None:
    """GUESS: the second confirmed commit confirms the first."""
    shell = entered(router)
    for line in (ADD, "commit confirmed 5", MORE, "commit confirmed 5"):
        asked(shell, line)
    router.clock.advance(301)
    assert ADD in router.running()
    assert MORE not in router.running()


def test_uncommitted_edits_go_with_the_rollback(router: Router) -> None:
    """GUESS."""
    shell = entered(router)
    for line in (ADD, "commit confirmed 5", MORE):
        asked(shell, line)
    router.clock.advance(301)
    assert asked(shell, "show | compare") == ""


def test_a_dead_session_does_not_stop_the_timer(router: Router) -> None:
    shell = entered(router, mode="exclusive")
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    shell.closed()
    router.clock.advance(301)
    assert router.running() == CONFIGURATION


def test_another_session_can_confirm(router: Router) -> None:
    shell = entered(router, mode="exclusive")
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    shell.closed()
    assert asked(entered(router, "second"), "commit check") == "configuration check succeeds"
    router.clock.advance(3600)
    assert ADD in router.running()


# ---------------- history


def test_history_shows_comments_and_what_is_pending(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, 'commit comment "order 7"')
    asked(shell, MORE)
    asked(shell, 'commit confirmed 2 comment "order 8"')
    rows = history(router)
    assert [row[:4] for row in rows] == ["0   ", "    ", "    ", "1   ", "    ", "2   "]
    assert rows[0].endswith("UTC by admin via cli commit confirmed, rollback in 2mins")
    assert rows[1:3] == ["    order 8", "    rollback pending"]
    assert rows[4] == "    order 7"
    asked(shell, "commit check")
    assert "    rollback pending" not in history(router)
    assert "rollback in 2mins" in history(router)[0]


def test_the_pending_row_is_laid_out_as_on_a_live_router(router: Router, corpus: Path) -> None:
    capture = corpus / "devices/junos/errors/evo_show_system_commit_pending.txt"
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed 2")
    live, mine = capture.read_text().splitlines(), history(router)
    assert mine[0].split()[4:] == live[0].split()[4:]
    assert mine[0][:4] == live[0][:4]
    assert mine[1] == live[1]


def test_rollback_puts_an_old_configuration_into_the_candidate(router: Router) -> None:
    shell = entered(router)
    for line in (ADD, MORE):
        asked(shell, line)
        asked(shell, "commit")
    assert asked(shell, "rollback 1") == "load complete"
    assert MORE in router.running()
    compared = asked(shell, "show | compare").splitlines()
    assert compared == ["[edit policy-options prefix-list ENF-A]", "-   203.0.113.2/32;"]
    asked(shell, "commit")
    assert MORE not in router.running()
    rest = asked(router.other_operator(), "show configuration | compare rollback 1")
    assert rest.splitlines() == compared


def test_fifty_configurations_are_kept(router: Router) -> None:
    shell = entered(router)
    for number in range(60):
        asked(shell, f"set policy-options prefix-list ENF-A 203.0.113.{number}/32")
        asked(shell, "commit")
    assert len(history(router)) == 50
    assert asked(shell, "rollback 49") == "load complete"
    asked(shell, "rollback 0")
    assert asked(shell, "rollback 50") == "error: rollback 50 does not exist"
    assert "203.0.113.0/32" in router.running()
