# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos as a terminal sees it: prompts, echo, pages, reports, faults."""

import re
from pathlib import Path

import pytest

from lab.emulators.faults import DROP, DROP_DURING_COMMIT, SLOW_COMMIT, TRUNCATE
from lab.emulators.juniper_junos import JunosOptions, Router
from lab.emulators.platforms import emulator
from lab.emulators.terminal import Ending, Pause, Terminal

CONFIGURATION = """\
set system host-name edge
set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24
set interfaces ge-0/0/0 unit 0 family inet6 address 2001:db8::1/64
set interfaces ge-0/0/1 disable
set interfaces ge-0/0/1 unit 0 family inet address 198.51.100.1/24
set firewall family inet filter BASE term ssh then count ssh-hits
"""
ADD = "set policy-options prefix-list ENF-A 203.0.113.1/32"


class Screen:
    """One terminal: what was typed and what came back, as text."""

    def __init__(self, router: Router, user: str = "admin") -> None:
        self.shell = router.shell(user, "198.51.100.7")
        self.terminal = Terminal(router, self.shell)
        self.paused = 0.0
        self.ending: Ending | None = None
        self.opening = self._shown(self.terminal.start())

    def type(self, text: str) -> str:
        """What came back for `text`; `\\n` in it is Enter."""
        return self._shown(self.terminal.feed(text.replace("\n", "\r").encode()))

    def _shown(self, steps: object) -> str:
        shown = ""
        for step in steps:  # type: ignore[attr-defined]  # the terminal's own generator
            if isinstance(step, Pause):
                self.paused += step.seconds
            elif isinstance(step, Ending):
                self.ending = step
            else:
                shown += step.decode()
        return shown


@pytest.fixture
def router() -> Router:
    router = Router()
    router.load(CONFIGURATION)
    return router


@pytest.fixture
def screen(router: Router) -> Screen:
    return Screen(router)


def printed(router: Router, command: str) -> str:
    return router.other_operator().line(command).text


# ---------------------------------------------------------------- prompts, echo, pages


def test_it_says_that_it_is_emulated(screen: Screen) -> None:
    assert "EMULATED" in screen.opening


def test_the_platform_is_found_by_its_name() -> None:
    assert isinstance(emulator("juniper_junos", "edge9"), Router)
    assert emulator("juniper_junos", "edge9").shell("me").prompt() == "\nme@edge9> "


def test_prompts_and_echo(screen: Screen) -> None:
    assert screen.opening.endswith("\r\nadmin@edge> ")
    answer = screen.type("set cli screen-length 0\n")
    assert answer == ("set cli screen-length 0\r\nScreen length set to 0\r\n\r\nadmin@edge> ")
    assert "Screen width set to 511" in screen.type("set cli screen-width 511\n")
    assert "admin@edge> " in screen.type("set cli complete-on-space off\n")
    answer = screen.type("configure\n")
    assert answer.endswith("Entering configuration mode\r\n\r\n[edit]\r\nadmin@edge# ")
    assert screen.type(f"{ADD}\n") == f"{ADD}\r\n\r\n[edit]\r\nadmin@edge# "


def test_mastership_stands_above_the_prompt() -> None:
    router = Router("edge", options=JunosOptions(mastership="{master}"))
    screen = Screen(router)
    assert screen.opening.endswith("\r\n{master}\r\nadmin@edge> ")
    assert screen.type("configure\n").endswith("\r\n{master}[edit]\r\nadmin@edge# ")


def test_long_output_stops_at_a_page(router: Router, screen: Screen) -> None:
    router.by_hand([f"set policy-options prefix-list L 10.{number}.0.0/16" for number in range(60)])
    answer = screen.type("show configuration | display set\n")
    assert answer.endswith("---(more)---")
    assert answer.count("\r\n") < 30
    assert screen.type("q").endswith("admin@edge> ")
    screen.type("set cli screen-length 0\n")
    answer = screen.type("show configuration | display set\n")
    assert "---(more)---" not in answer
    assert answer.count("\r\n") > 60


def test_a_load_takes_lines_without_a_prompt(screen: Screen) -> None:
    screen.type("configure\n")
    screen.type("load set terminal\n")
    assert screen.type(f"{ADD}\n") == f"{ADD}\r\n"
    answer = screen.type("\x04")
    assert answer.endswith("load complete\r\n\r\n[edit]\r\nadmin@edge# ")


def test_the_exit_question_waits_for_its_answer(screen: Screen) -> None:
    screen.type("configure exclusive\n")
    screen.type(f"{ADD}\n")
    assert screen.type("exit\n").endswith("Discard uncommitted changes? [yes,no] (yes) ")
    assert screen.type("yes\n").endswith("Exiting configuration mode\r\n\r\nadmin@edge> ")


def test_a_broadcast_appears_at_an_idle_prompt_and_not_in_a_load(
    router: Router, screen: Screen
) -> None:
    editor = Screen(router, "editor")
    editor.type(f"configure\n{ADD}\ncommit confirmed 1\nload set terminal\n")
    router.clock.advance(61)
    text = "Commit was not confirmed; automatic rollback complete."
    assert text in screen._shown(screen.terminal.tick())
    assert editor._shown(editor.terminal.tick()) == ""
    assert text in editor.type("\x04")


def test_words_may_be_abbreviated(screen: Screen) -> None:
    assert "Entering configuration mode" in screen.type("conf\n")
    assert "^" not in screen.type("sh | compare\n")


def test_exit_ends_the_session(screen: Screen) -> None:
    screen.type("exit\n")
    assert screen.ending is Ending.CLOSE


# ---------------------------------------------------------------- errors and captures


def test_unknown_commands_and_words_have_a_caret(screen: Screen) -> None:
    lines = screen.type("shwo version\n").split("\r\n")
    assert lines[1:3] == [" " * len("admin@edge> ") + "^", "unknown command."]
    lines = screen.type("show vresion\n").split("\r\n")
    assert lines[1].index("^") == len("admin@edge> show ")
    assert lines[2].startswith("syntax error")


@pytest.mark.parametrize(
    "capture, mode",
    [
        ("evo_configure_exclusive_modified.txt", "exclusive"),
        ("evo_configure_private_modified.txt", "private"),
    ],
)
def test_refusals_are_those_of_a_live_router(
    router: Router, corpus: Path, capture: str, mode: str
) -> None:
    editor = router.other_operator("admin")
    editor.line("configure")
    editor.line(ADD)
    live = (corpus / "devices/junos/errors" / capture).read_text().splitlines()
    assert _without_numbers(printed(router, f"configure {mode}")) == _without_numbers(
        "\n".join(live[1:])
    )


def test_the_lock_is_told_as_on_a_live_router(router: Router, corpus: Path) -> None:
    router.other_operator("regress").line("configure exclusive")
    live = (corpus / "devices/junos/errors/locked_exclusive.txt").read_text().splitlines()
    mine = printed(router, "configure exclusive").splitlines()
    assert mine[0] == live[0]
    assert mine[1].split()[:2] == live[1].split()[:2]
    assert mine[2].startswith(live[2].rstrip())


def _without_numbers(text: str) -> list[str]:
    return [re.sub(r"\d+", "N", line).replace("pts/N ", "pts/N ") for line in text.splitlines()]


def test_firewall_rows_have_the_columns_of_a_live_router(router: Router, corpus: Path) -> None:
    capture = corpus / "devices/junos/genie_ShowFirewall/genieparser__golden_output.txt"
    live = [line.removeprefix("        ") for line in capture.read_text().splitlines()]
    mine = printed(router, "show firewall").splitlines()
    assert mine[2:4] == live[4:6]
    row = next(line for line in live if line.startswith("fragment-test "))
    assert mine[4].split()[0] == "ssh-hits"
    assert [found.span() for found in re.finditer(r"\b0\b", mine[4])] == [
        found.span() for found in re.finditer(r"\b0\b", row)
    ]
    assert mine[1].rstrip() == "Filter: BASE"
    assert mine[-1].rstrip() == "Filter: __default_bpdu_filter__"


def test_bgp_summary_has_the_columns_of_a_live_router(router: Router, corpus: Path) -> None:
    capture = corpus / "devices/junos/show_bgp_summary/ntc-templates__show_bgp_summary.txt"
    live = capture.read_text().splitlines()
    router.neighbors.add("192.0.2.254", 64496)
    router.clock.advance(9 * 7 * 86400 + 2 * 86400 + 5 * 3600)
    mine = printed(router, "show bgp summary").splitlines()
    assert mine[0] == live[0]
    assert mine[1] == "Groups: 1 Peers: 1 Down peers: 0"
    assert mine[2] == live[2]
    assert mine[3][:28] == live[3][:28]
    assert [len(part) for part in re.split(r"\S+", mine[3])][-1] == 0
    assert re.sub(r"\d+", "N", mine[3]).split()[-3:] == ["NwNd", "N:N:N", "Establ"]
    assert re.fullmatch(r"  inet\.0: \d+/\d+/\d+/\d+", mine[4])
    router.neighbors.set_state("192.0.2.254", established=False)
    assert printed(router, "show bgp summary").splitlines()[1].endswith("Down peers: 1")


def test_version_begins_as_on_a_live_router(router: Router, corpus: Path) -> None:
    capture = corpus / "devices/junos/show_version/ntc-templates__juniper_junos_show_version.txt"
    live = [line.split(":")[0] for line in capture.read_text().splitlines()[2:5]]
    lines = printed(router, "show version").splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == live
    assert lines[0] == "Hostname: edge"


def test_interfaces_terse(router: Router) -> None:
    rows = [line.split() for line in printed(router, "show interfaces terse").splitlines()[1:]]
    assert rows == [
        ["ge-0/0/0", "up", "up"],
        ["ge-0/0/0.0", "up", "up", "inet", "192.0.2.1/24"],
        ["inet6", "2001:db8::1/64"],
        ["ge-0/0/1", "down", "down"],
        ["ge-0/0/1.0", "down", "down", "inet", "198.51.100.1/24"],
    ]
    assert "ge-0/0/0" not in printed(router, "show interfaces terse ge-0/0/1")


def test_uptime_and_users(router: Router, screen: Screen) -> None:
    text = printed(router, "show system uptime")
    assert text.startswith("Current time: ")
    assert text.endswith(" ago) by root")
    assert re.search(r"^admin +pts/0 +198\.51\.100\.7 ", printed(router, "show system users"), re.M)


def test_pipes(router: Router) -> None:
    command = "show configuration | display set"
    assert printed(router, f"{command} | match host-name") == "set system host-name edge"
    assert "host-name" not in printed(router, f"{command} | except host-name")
    assert printed(router, f"{command} | count") == "Count: 6 lines"
    assert printed(router, f"{command} | last 1") == CONFIGURATION.splitlines()[-1]
    assert printed(router, f"{command} | find ge-0/0/1").startswith("set interfaces ge-0/0/1")
    assert printed(router, f"{command} | no-more") + "\n" == CONFIGURATION


# ---------------------------------------------------------------- faults


def test_a_session_lost_in_a_load_loads_nothing(router: Router, screen: Screen) -> None:
    screen.type("configure exclusive\nload set terminal\n")
    router.faults.drop_session(2)
    screen.type(f"{ADD}\n{ADD}\n{ADD}\n")
    assert screen.ending is Ending.DROP
    assert router.faults.fired[DROP] == 1
    screen.shell.closed()
    assert "Entering" in printed(router, "configure exclusive")
    assert ADD not in router.running()


def test_a_session_lost_in_a_commit_that_succeeds(router: Router, screen: Screen) -> None:
    screen.type(f"configure exclusive\n{ADD}\n")
    router.faults.drop_during_commit()
    assert "commit complete" not in screen.type("commit confirmed 5\n")
    assert screen.ending is Ending.DROP
    assert router.faults.fired[DROP_DURING_COMMIT] == 1
    screen.shell.closed()
    assert ADD in router.running()
    assert "rollback pending" in printed(router, "show system commit")
    router.clock.advance(301)
    assert ADD not in router.running()


def test_a_session_lost_before_a_commit(router: Router, screen: Screen) -> None:
    screen.type(f"configure exclusive\n{ADD}\n")
    router.faults.drop_during_commit(applied=False)
    screen.type("commit\n")
    assert screen.ending is Ending.DROP
    assert ADD not in router.running()


def test_a_slow_commit_is_silent(router: Router, screen: Screen) -> None:
    router.faults.slow_commit(30)
    screen.type(f"configure\n{ADD}\ncommit check\n")
    assert screen.paused == 0
    assert screen.type("commit\n").count("commit complete") == 1
    assert screen.paused == 30
    assert router.faults.fired[SLOW_COMMIT] == 1


def test_half_a_line_is_a_bad_line_of_the_load(router: Router, screen: Screen) -> None:
    screen.type("configure\nload set terminal\n")
    router.faults.lose_half_line(1)
    screen.type("set policy-options prefix-list ENF-A 203.0.113.1/32\n")
    assert "load complete (1 errors)" in screen.type("\x04")


def test_an_authorization_refused_in_the_middle(router: Router, screen: Screen) -> None:
    screen.type("configure\n")
    router.faults.refuse_authorization(2, 1)
    assert "denied" not in screen.type(f"{ADD}\n")
    assert "error: permission denied" in screen.type(f"{ADD[:-4]}2/32\n")
    assert screen.type("show | compare\n").count("203.0.113") == 1


def test_output_may_be_cut_short(router: Router) -> None:
    screen = Screen(router)
    router.faults.truncate_output("display set", 2)
    text = screen.type("show configuration | display set\n")
    assert text.count("\r\nset ") == 2
    assert router.faults.fired[TRUNCATE] == 1


def test_a_router_unreachable_under_a_change_comes_back_after_the_rollback(
    router: Router,
) -> None:
    router.faults.unreachable_while("ENF-A")
    shell = router.other_operator()
    for line in ("configure", ADD, "commit confirmed 5"):
        shell.line(line)
    assert not router.may_connect()
    router.clock.advance(301)
    assert router.may_connect()
