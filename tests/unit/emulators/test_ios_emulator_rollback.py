# SPDX-License-Identifier: GPL-2.0-or-later
"""Confirmed changes of the emulated IOS router: the timer really fires."""

import pytest

from lab.emulators.cisco_ios import Router
from lab.emulators.terminal import Terminal
from tests.unit.emulators.ios_router import CONFIGURATION, configure, router, to_port, typed


@pytest.fixture
def box() -> Router:
    return router()


def arm(box: Router, minutes: int, *lines: str) -> None:
    """Another session arms the timer, types, and is lost."""
    shell = box.shell("somebody")
    typed(shell, f"configure terminal revert timer {minutes}", *lines)
    shell.closed()


def test_arming_says_where_it_keeps_the_old_configuration(box: Router) -> None:
    shell = box.other_operator()
    text = shell.line("configure terminal revert timer 2").text
    first, blank, last = text.split("\n")
    start = "Rollback Confirmed Change: Backing up current running config to bootflash:archive-"
    assert first.startswith(start) and first.endswith("-0")
    assert (blank, last) == (
        "",
        "Enter configuration commands, one per line.  End with CNTL/Z.",
    )
    assert shell.prompt() == "edge1(config)#"


def test_without_confirmation_everything_goes_back_even_other_peoples_changes(
    box: Router,
) -> None:
    arm(box, 2, "hostname wrong")
    configure(box.other_operator(), "ip access-list extended OPS-NEW", "permit ip any any")
    box.clock.advance(119)
    assert box.hostname == "wrong"
    box.clock.advance(1)
    assert box.running() == CONFIGURATION
    assert box.hostname == "edge1"


def test_a_confirmed_change_stays(box: Router) -> None:
    arm(box, 2, "hostname right")
    assert typed(box.other_operator(), "configure confirm") == [""]
    box.clock.advance(600)
    assert box.hostname == "right"
    assert typed(box.other_operator(), "configure confirm")[0].startswith("%")


def test_one_minute_before_the_end_the_session_is_warned(box: Router) -> None:
    shell = box.shell("somebody")
    terminal = Terminal(box, shell)
    list(terminal.feed(b"conf t revert timer 2\n"))
    assert list(terminal.tick()) == []
    box.clock.advance(60)
    warning = b"".join(step for step in terminal.tick() if isinstance(step, bytes)).decode()
    assert warning.startswith("Rollback Confirmed Change: Rollback will begin in one minute.\r\n")
    assert "configure confirm" in warning


def test_a_timer_of_one_minute_warns_at_once(box: Router) -> None:
    shell = box.shell("somebody")
    shell.line("conf t revert timer 1")
    box.clock.fire_due()
    assert "one minute" in shell.notices()[0]


def test_revert_now_goes_back_at_once(box: Router) -> None:
    shell = box.other_operator()
    typed(shell, "configure terminal revert timer 9", "hostname wrong", "end")
    assert "Rollback" in typed(shell, "configure revert now")[0]
    assert box.running() == CONFIGURATION
    assert not box.rollback.pending


def test_the_time_can_be_prolonged(box: Router) -> None:
    arm(box, 2, "hostname kept")
    box.clock.advance(100)
    assert typed(box.other_operator(), "configure revert timer 5") == [""]
    box.clock.advance(250)
    assert box.hostname == "kept"
    box.clock.advance(60)
    assert box.hostname == "edge1"


@pytest.mark.parametrize("minutes", ["0", "121", "two"])
def test_the_time_is_one_to_120_minutes(box: Router, minutes: str) -> None:
    shell = box.other_operator()
    assert "Invalid input" in shell.line(f"configure terminal revert timer {minutes}").text
    assert not shell.configuring


def test_it_needs_an_archive(box: Router) -> None:
    shell = box.other_operator()
    configure(shell, "archive", "no path")
    assert shell.line("configure terminal revert timer 2").text.startswith("%")
    assert not shell.configuring
    assert typed(shell, "show archive") == [" Archive feature not enabled"]


def test_only_one_change_waits(box: Router) -> None:
    arm(box, 5)
    assert box.other_operator().line("configure terminal revert timer 5").text.startswith("%")


def test_counters_of_what_stays_are_kept(box: Router) -> None:
    box.hit(to_port(25), "Gi0/0/0", "in", 7)
    arm(box, 1, "ip access-list extended EDGE-IN", "5 permit tcp any any")
    box.clock.advance(60)
    shown = typed(box.other_operator(), "show ip access-lists EDGE-IN")[0]
    assert "20 deny   tcp any any eq smtp (7 matches)" in shown


def test_a_session_inside_something_that_went_away_is_told(box: Router) -> None:
    shell = box.other_operator()
    typed(shell, "configure terminal revert timer 1", "interface Loopback7")
    box.clock.advance(60)
    assert "Invalid input" in shell.line("description gone").text


def test_a_reboot_forgets_the_timer(box: Router) -> None:
    arm(box, 2, "hostname wrong")
    box.reboot()
    assert box.running() == CONFIGURATION
    assert not box.rollback.pending


def test_the_archive_lists_what_was_saved(box: Router) -> None:
    arm(box, 2)
    typed(box.other_operator(), "configure confirm", "archive config")
    shown = typed(box.other_operator(), "show archive")[0].split("\n")
    assert shown[0] == "The maximum archive configurations allowed is 5."
    assert shown[1] == "There are currently 2 archive configurations saved."
    assert shown[2] == "The next archive file will be named bootflash:archive-<timestamp>-2"
    assert shown[5].endswith("-1 <- Most Recent")


def test_differences_to_the_startup_configuration_are_shown(box: Router) -> None:
    shell = box.other_operator()
    assert "No changes" in typed(shell, "show archive config differences")[0]
    configure(shell, "interface Gi0/0/0", "no ip access-group EDGE-IN in", "hostname other")
    shown = typed(shell, "show archive config differences")[0].split("\n")
    assert "interface GigabitEthernet0/0/0" in shown
    assert " -ip access-group EDGE-IN in" in shown
    assert {"-hostname edge1", "+hostname other"} <= set(shown)
