# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: the shared candidate, exclusive and private sessions, other people."""

import pytest

from lab.emulators.juniper_junos import JunosOptions, Router
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


# ---------------- candidate


def test_nothing_is_in_force_before_the_commit(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    assert router.running() == CONFIGURATION
    assert asked(shell, "commit") == "commit complete"
    assert ADD in router.running()
    assert router.startup() == router.running()


def test_a_plain_commit_in_shared_mode_commits_other_peoples_edits(router: Router) -> None:
    other, mine = entered(router, "operator"), entered(router)
    asked(other, FOREIGN)
    assert "198.51.101.0/24" in asked(mine, "show | compare")
    asked(mine, ADD)
    asked(mine, "commit")
    assert FOREIGN in router.running()


def test_rollback_0_in_shared_mode_destroys_other_peoples_edits(router: Router) -> None:
    other, mine = entered(router, "operator"), entered(router)
    asked(other, FOREIGN)
    assert asked(mine, "rollback 0") == "load complete"
    assert asked(other, "show | compare") == ""


def test_entering_tells_who_is_there_and_that_there_are_edits(router: Router) -> None:
    asked(entered(router, "operator"), FOREIGN)
    text = asked(router.other_operator("admin"), "configure")
    assert "Users currently editing the configuration:\n  operator terminal pts/0 (pid " in text
    assert text.endswith("The configuration has been changed but not committed")


@pytest.mark.parametrize("sorts", [True, False])
def test_members_of_prefix_lists_are_sorted_or_kept_in_order(sorts: bool) -> None:
    """GUESS either way: a driver must not rely on the order."""
    router = Router(options=JunosOptions(sorts_prefix_lists=sorts))
    shell = entered(router)
    members = ["203.0.113.20/32", "2001:db8::/32", "203.0.113.3/32", "198.51.100.0/24"]
    for member in members:
        asked(shell, f"set policy-options prefix-list L {member}")
    asked(shell, "commit")
    shown = [line.split()[-1] for line in router.running().splitlines()]
    ordered = ["198.51.100.0/24", "203.0.113.3/32", "203.0.113.20/32", "2001:db8::/32"]
    assert shown == (ordered if sorts else members)
    assert asked(shell, "show | compare") == ""


# ---------------- exclusive


def test_exclusive_is_refused_while_the_candidate_is_dirty(router: Router) -> None:
    asked(entered(router, "operator"), FOREIGN)
    mine = router.other_operator("admin")
    text = asked(mine, "configure exclusive")
    assert text.splitlines()[-1] == "error: configuration database modified"
    assert "operator terminal" in text
    assert not mine.configuring


def test_dirt_left_behind_refuses_exclusive_too(router: Router) -> None:
    other = entered(router, "operator")
    asked(other, FOREIGN)
    question = other.line("exit")
    assert question.question
    assert question.text == (
        "The configuration has been changed but not committed\n"
        "Exit with uncommitted changes? [yes,no] (yes) "
    )
    assert asked(other, "") == "Exiting configuration mode"
    text = asked(router.other_operator(), "configure exclusive")
    assert text == "error: configuration database modified"


def test_staying_with_uncommitted_changes(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    shell.line("exit")
    assert asked(shell, "no") == ""
    assert shell.configuring


def test_exclusive_locks_everybody_out(router: Router) -> None:
    holder = entered(router, "operator", "exclusive")
    locked = "error: configuration database locked by:\n  operator terminal pts/0 (pid 20000) on "
    waiting = router.other_operator("admin")
    text = asked(waiting, "configure exclusive")
    assert text.startswith(locked)
    assert text.splitlines()[-1] == "      exclusive [edit]"
    assert asked(waiting, "configure private").startswith(locked)
    shared = entered(router)
    for line in (ADD, "commit", "commit check", "rollback 0", "load set terminal"):
        assert asked(shared, line).startswith(locked)
    assert asked(shared, "show | compare") == ""
    holder.line("exit")
    assert asked(shared, ADD) == ""


def test_a_lock_taken_while_lines_are_typed_refuses_the_load(router: Router) -> None:
    shared = entered(router)
    shared.line("load set terminal")
    shared.line(ADD)
    entered(router, "operator", "exclusive")
    reply = shared.end_of_file("")
    assert reply is not None
    assert reply.text.startswith("error: configuration database locked by:")
    assert asked(shared, "show | compare") == ""


def test_exclusive_warns_and_discards_on_exit(router: Router) -> None:
    shell = router.other_operator("admin")
    assert asked(shell, "configure exclusive") == (
        "warning: uncommitted changes will be discarded on exit\nEntering configuration mode"
    )
    asked(shell, ADD)
    question = shell.line("exit")
    assert question.question
    assert question.text == (
        "The configuration has been changed but not committed\n"
        "warning: Auto rollback on exiting 'configure exclusive'\n"
        "Discard uncommitted changes? [yes,no] (yes) "
    )
    assert asked(shell, "no") == ""
    assert "203.0.113.1" in asked(shell, "show | compare")
    shell.line("exit")
    assert asked(shell, "yes") == (
        "warning: discarding uncommitted changes\nload complete\nExiting configuration mode"
    )
    assert asked(entered(router, mode="exclusive"), "show | compare") == ""


def test_a_lost_exclusive_session_gives_up_lock_and_edits(router: Router) -> None:
    shell = entered(router, mode="exclusive")
    asked(shell, ADD)
    shell.closed()
    again = entered(router, mode="exclusive")
    assert asked(again, "show | compare") == ""


def test_a_lost_session_may_keep_its_lock_for_a_while() -> None:
    """GUESS: how long the router takes to notice."""
    router = Router(options=JunosOptions(stale_session_seconds=120))
    entered(router, mode="exclusive").closed()
    waiting = router.other_operator()
    assert "locked by" in asked(waiting, "configure exclusive")
    router.clock.advance(121)
    assert "Entering" in asked(waiting, "configure exclusive")


def test_a_lost_shared_session_leaves_its_edits(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    shell.closed()
    assert "not committed" in asked(router.other_operator(), "configure")


# ---------------- private


def test_private_is_refused_while_the_shared_candidate_is_dirty(router: Router) -> None:
    asked(entered(router, "operator"), FOREIGN)
    text = asked(router.other_operator(), "configure private")
    assert text == "error: shared configuration database modified"


def test_private_edits_are_seen_by_nobody_and_merge_at_commit(router: Router) -> None:
    one, two = entered(router, "one", "private"), entered(router, "two", "private")
    asked(one, ADD)
    asked(two, FOREIGN)
    asked(two, "delete firewall family inet filter BASE")
    assert "203.0.113.1" not in asked(two, "show | compare")
    assert asked(one, "commit") == "commit complete"
    assert asked(two, "commit") == "commit complete"
    assert {ADD, FOREIGN} <= set(router.running().splitlines())
    assert "BASE" not in router.running()


def test_a_private_commit_is_refused_when_the_shared_candidate_became_dirty(
    router: Router,
) -> None:
    """GUESS: the same text as at entering."""
    private = entered(router, "one", "private")
    asked(private, ADD)
    asked(entered(router, "operator"), FOREIGN)
    assert asked(private, "commit") == "error: shared configuration database modified"
    assert router.running() == CONFIGURATION


def test_no_confirmed_commit_on_a_private_copy(router: Router) -> None:
    """Manual; GUESS: the words."""
    shell = entered(router, mode="private")
    asked(shell, ADD)
    assert asked(shell, "commit confirmed 5").startswith("error: ")
    assert router.running() == CONFIGURATION


def test_leaving_private_mode_asks_and_discards(router: Router) -> None:
    shell = entered(router, mode="private")
    asked(shell, ADD)
    assert shell.line("exit").text.endswith("Discard uncommitted changes? [yes,no] (yes) ")
    assert asked(shell, "").endswith("Exiting configuration mode")
    assert asked(entered(router), "show | compare") == ""


# ---------------- others, reboot


def test_by_hand_is_a_committed_change_by_somebody_else(router: Router) -> None:
    router.by_hand([FOREIGN, "delete firewall family inet filter BASE"])
    assert FOREIGN in router.running()
    assert "BASE" not in router.running()
    assert history(router)[0].endswith("by operator via cli")


def test_by_hand_keeps_the_uncommitted_edits_of_others(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    router.by_hand(FOREIGN)
    assert asked(shell, "show | compare").splitlines()[1:] == [
        "+   prefix-list ENF-A {",
        "+       203.0.113.1/32;",
        "+   }",
    ]


def test_by_hand_says_what_it_does_not_take(router: Router) -> None:
    with pytest.raises(ValueError, match="famly"):
        router.by_hand("set firewall famly")
    with pytest.raises(ValueError, match="not found"):
        router.by_hand("delete policy-options prefix-list NONE")
    with pytest.raises(ValueError, match="check-out failed"):
        router.by_hand("set protocols bgp group G import NONE")
    assert router.running() == CONFIGURATION


def test_a_reboot_loses_the_candidate_and_keeps_what_was_committed(router: Router) -> None:
    shell = entered(router, mode="exclusive")
    asked(shell, ADD)
    asked(shell, "commit")
    asked(shell, MORE)
    router.reboot()
    again = entered(router, mode="exclusive")
    assert asked(again, "show | compare") == ""
    assert ADD in router.running()
    assert MORE not in router.running()


def test_an_unconfirmed_commit_is_rolled_back_after_a_reboot_too(router: Router) -> None:
    """GUESS: the timer survives the boot."""
    shell = entered(router)
    asked(shell, ADD)
    asked(shell, "commit confirmed 5")
    router.reboot()
    router.clock.advance(301)
    assert router.running() == CONFIGURATION
