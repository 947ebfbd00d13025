# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal in front of a shell: echo, keys, pages, questions, and every planned fault."""

from collections.abc import Iterable, Sequence

import pytest

from lab.emulators import faults
from lab.emulators.device import Emulator
from lab.emulators.packets import Direction, Packet, RouteFate
from lab.emulators.shell import Reply, TerminalShell
from lab.emulators.terminal import Ending, Pause, Step, Terminal


class ToyShell(TerminalShell):
    """Remembers the lines that it did."""

    def __init__(self, router: "Toy") -> None:
        super().__init__(page_lines=4, more="--More--")
        self.router = router
        self.mode = "#"

    @property
    def configuring(self) -> bool:
        return self.mode == "(config)#"

    def prompt(self) -> str:
        return f"toy{self.mode}"

    def commits(self, text: str) -> bool:
        return text == "commit"

    def suspend(self, typed: str) -> Reply:
        self.mode = "#"
        return Reply()

    def line(self, text: str) -> Reply:
        self.router.done.append(text)
        if text == "config":
            self.mode = "(config)#"
        replies = {
            "long": Reply("\n".join(str(number) for number in range(10))),
            "sure": Reply("Sure? [confirm]", question=True, one_key=True),
            "secret": Reply("Password: ", question=True, hidden=True),
            "blank": Reply("% Refused\n\n"),
            "exit": Reply(close=True),
        }
        return replies.get(text, Reply())


class Toy(Emulator):
    """The least that an emulator is."""

    platform = "toy"
    unauthorized = "not authorized"

    def __init__(self) -> None:
        super().__init__("toy")
        self.done: list[str] = []
        self.text = ""

    def load(self, text: str) -> None:
        self.text = text

    def running(self) -> str:
        return self.text

    def startup(self) -> str:
        return ""

    def by_hand(self, lines: Iterable[str] | str) -> None:
        self.text = "".join(lines)

    def shell(self, user: str, remote: str = "") -> ToyShell:
        return ToyShell(self)

    def boot(self) -> None:
        self.text = ""

    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        return True

    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        return True

    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> RouteFate:
        return "accepted"


class Cut:
    """A session that only counts how often it was cut."""

    def __init__(self) -> None:
        self.cuts = 0

    def drop(self) -> None:
        self.cuts += 1


@pytest.fixture
def toy() -> Toy:
    return Toy()


@pytest.fixture
def terminal(toy: Toy) -> Terminal:
    return Terminal(toy, toy.shell("somebody"))


def steps(terminal: Terminal, *received: str) -> list[Step]:
    return [step for chunk in received for step in terminal.feed(chunk.encode())]


def shown(terminal: Terminal, *received: str) -> str:
    """What the client reads; endings and pauses in brackets."""
    text = ""
    for step in steps(terminal, *received):
        if isinstance(step, bytes):
            text += step.decode()
        elif isinstance(step, Pause):
            text += f"[{step.seconds} s]"
        else:
            text += f"[{step.name}]"
    return text


class TestKeys:
    def test_lines_are_echoed_with_crlf_and_a_prompt_follows(self, terminal: Terminal) -> None:
        assert shown(terminal, "hello\n") == "hello\r\ntoy#"

    @pytest.mark.parametrize("enter", ["\r", "\n", "\r\n"])
    def test_every_enter_is_one_enter(self, terminal: Terminal, toy: Toy, enter: str) -> None:
        shown(terminal, f"one{enter}", f"two{enter}")
        assert toy.done == ["one", "two"]

    def test_a_paste_in_odd_chunks_is_the_same_lines(self, terminal: Terminal, toy: Toy) -> None:
        assert shown(terminal, "on", "e\ntw", "o\n") == "one\r\ntoy#two\r\ntoy#"
        assert toy.done == ["one", "two"]

    def test_backspace_and_control_u_erase(self, terminal: Terminal, toy: Toy) -> None:
        shown(terminal, "onx\x7fe\n", "zzz\x15two\n")
        assert toy.done == ["one", "two"]

    def test_control_c_drops_the_line(self, terminal: Terminal, toy: Toy) -> None:
        assert shown(terminal, "dangerous\x03") == "dangerous^C\r\ntoy#"
        assert toy.done == []

    def test_control_z_leaves_the_mode(self, terminal: Terminal) -> None:
        assert shown(terminal, "config\n").endswith("toy(config)#")
        assert shown(terminal, "\x1a").endswith("toy#")

    def test_a_dropped_key_changes_nothing(self, terminal: Terminal) -> None:
        assert shown(terminal, "a\x04\n") == "a\r\ntoy#"

    def test_a_trailing_newline_gives_an_empty_line(self, terminal: Terminal) -> None:
        assert shown(terminal, "blank\n") == "blank\r\n% Refused\r\n\r\ntoy#"


class TestQuestions:
    def test_one_key_answers_and_enter_is_the_next_line(self, terminal: Terminal, toy: Toy) -> None:
        assert shown(terminal, "sure\n") == "sure\r\nSure? [confirm]"
        assert shown(terminal, "y") == "y\r\ntoy#"
        assert toy.done == ["sure", "y"]

    def test_a_secret_is_not_echoed(self, terminal: Terminal, toy: Toy) -> None:
        shown(terminal, "secret\n")
        assert "hunter2" not in shown(terminal, "hunter2\n")
        assert toy.done == ["secret", "hunter2"]

    def test_exit_closes(self, terminal: Terminal) -> None:
        assert shown(terminal, "exit\nlost\n") == "exit\r\n[CLOSE]"


class TestPages:
    def test_output_stops_until_a_key(self, terminal: Terminal) -> None:
        first = shown(terminal, "long\n")
        assert first == "long\r\n0\r\n1\r\n2\r\n--More--"
        assert shown(terminal, " ").endswith("3\r\n4\r\n5\r\n--More--")
        assert shown(terminal, "\r").endswith("6\r\n--More--")
        assert shown(terminal, "q").endswith("toy#")

    def test_typed_ahead_lines_are_eaten_by_the_pager(self, terminal: Terminal, toy: Toy) -> None:
        shown(terminal, "long\nqnext\n")
        assert toy.done == ["long", "next"]

    def test_no_pages_without_a_length(self, toy: Toy) -> None:
        shell = toy.shell("somebody")
        shell.page_lines = 0
        assert "--More--" not in shown(Terminal(toy, shell), "long\n")


class TestFaults:
    def test_the_session_is_lost_after_the_kth_configuration_line(
        self, terminal: Terminal, toy: Toy
    ) -> None:
        toy.faults.drop_session(2)
        assert shown(terminal, "show\nconfig\na\nb\nc\n").endswith("b\r\n[DROP]")
        assert toy.done == ["show", "config", "a", "b"]
        assert toy.faults.fired[faults.DROP] == 1

    def test_or_before_it(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.drop_session(2, "before", configuration_only=False)
        assert shown(terminal, "a\nb\nc\n").endswith("[DROP]")
        assert toy.done == ["a"]

    @pytest.mark.parametrize(("applied", "done"), [(True, ["a", "commit"]), (False, ["a"])])
    def test_the_session_is_lost_in_a_commit_that_may_succeed(
        self, terminal: Terminal, toy: Toy, applied: bool, done: list[str]
    ) -> None:
        toy.faults.drop_during_commit(applied=applied)
        assert shown(terminal, "a\ncommit\n").endswith("commit\r\n[DROP]")
        assert toy.done == done
        assert toy.faults.fired[faults.DROP_DURING_COMMIT] == 1

    def test_slow_lines_and_slow_commits_are_silent(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.slow_lines(0.005)
        toy.faults.slow_commit(20)
        assert shown(terminal, "a\n") == "a\r\n[0.005 s]toy#"
        assert shown(terminal, "commit\n") == "commit\r\n[0.005 s][20 s]toy#"
        assert toy.faults.fired[faults.SLOW_COMMIT] == 1

    def test_syslog_stands_between_a_line_and_its_result(
        self, terminal: Terminal, toy: Toy
    ) -> None:
        toy.faults.interleave_syslog("%SYS-5: hello", line=2)
        assert "SYS" not in shown(terminal, "a\n")
        assert shown(terminal, "blank\n") == ("blank\r\n%SYS-5: hello\r\n% Refused\r\n\r\ntoy#")
        assert "SYS" not in shown(terminal, "a\n")
        assert toy.faults.fired[faults.SYSLOG] == 1

    def test_half_a_line_is_lost_though_it_was_echoed(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.lose_half_line(1)
        assert shown(terminal, "config\nabcdef\n").count("abcdef") == 1
        assert toy.done == ["config", "abc"]
        assert toy.faults.fired[faults.HALF_LINE] == 1

    def test_refusals_match_and_may_end(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.refuse(r"^deny", "% No", times=1)
        assert "% No" in shown(terminal, "deny a\n")
        assert "% No" not in shown(terminal, "deny b\n")
        assert toy.done == ["deny b"]
        assert toy.faults.fired[faults.REFUSE] == 1

    def test_authorization_fails_from_a_line_on(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.refuse_authorization(2, lines=2)
        output = shown(terminal, "config\na\nb\nc\nd\n")
        assert output.count("not authorized") == 2
        assert toy.done == ["config", "a", "d"]
        assert toy.faults.fired[faults.AAA] == 2

    def test_output_is_truncated(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.truncate_output("^long", lines=2)
        assert shown(terminal, "long\n") == "long\r\n0\r\n1\r\ntoy#"
        assert toy.faults.fired[faults.TRUNCATE] == 1

    def test_cleared_plans_do_nothing_but_keep_their_counts(
        self, terminal: Terminal, toy: Toy
    ) -> None:
        toy.faults.refuse("a", "% No")
        shown(terminal, "a\n")
        toy.faults.clear()
        assert "% No" not in shown(terminal, "a\n")
        assert toy.faults.fired[faults.REFUSE] == 1

    def test_answers_are_not_counted_as_lines(self, terminal: Terminal, toy: Toy) -> None:
        toy.faults.drop_session(2, configuration_only=False)
        shown(terminal, "secret\nhunter2\n")
        assert shown(terminal, "b\n").endswith("[DROP]")


class TestRouter:
    def test_new_connections_fail_while_a_line_stands(self, toy: Toy) -> None:
        toy.faults.unreachable_while("^deny ssh$")
        assert toy.may_connect()
        toy.load("x\ndeny ssh\n")
        assert not toy.may_connect()
        toy.load("x\n")
        assert toy.may_connect()
        assert toy.faults.fired[faults.UNREACHABLE] == 1

    def test_or_while_a_question_says_so(self, toy: Toy) -> None:
        toy.faults.unreachable_while(lambda: toy.text == "closed")
        toy.load("closed")
        assert not toy.may_connect()

    def test_sessions_are_limited(self, toy: Toy) -> None:
        toy.max_vty = 1
        session = Cut()
        toy.opened(session)
        assert not toy.may_connect()
        toy.ended(session)
        toy.ended(session)
        assert toy.may_connect()
        assert toy.logins == 1

    def test_a_reboot_drops_sessions_and_takes_its_time(self, toy: Toy) -> None:
        session = Cut()
        toy.opened(session)
        toy.load("unsaved")
        toy.reboot(down_seconds=300)
        toy.ended(session)
        assert session.cuts == 1
        assert toy.running() == ""
        assert not toy.may_connect()
        toy.clock.advance(300)
        assert toy.may_connect()

    def test_notices_come_at_an_idle_prompt_only(self, toy: Toy) -> None:
        shell = toy.shell("somebody")
        terminal = Terminal(toy, shell)
        shown(terminal, "half a li")
        shell.notify("Broadcast")
        assert list(terminal.tick()) == []
        assert shown(terminal, "ne\n") == "ne\r\nBroadcast\r\ntoy#"
        shell.notify("Again")
        assert list(terminal.tick()) == [b"Again\r\n"]
        assert list(terminal.tick()) == []

    def test_the_end_of_a_session_is_final(self, terminal: Terminal) -> None:
        assert Ending.CLOSE in steps(terminal, "exit\n")
        assert not terminal.idle
        assert shown(terminal, "more\n") == ""
