# SPDX-License-Identifier: GPL-2.0-or-later
"""The terminal against a command line over a real SSH connection, with the faults of real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from drivers._ssh.dialect import IOS, JUNOS, XR, Dialect
from drivers._ssh.errors import LineRejected
from drivers._ssh.gate import Gate
from drivers._ssh.options import SshOptions
from drivers._ssh.reachability import can_log_in
from drivers._ssh.terminal import Terminal
from enforcer.clock import SystemClock
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceUnreachable,
    ParseFailed,
)
from tests.cli_stub import PASSWORD, SYSLOG, USER, Stub

CLOCK = SystemClock()
CONFIGURATION = "\n".join(f"interface GigabitEthernet0/{number}" for number in range(40))
INVALID = "                ^\n% Invalid input detected at '^' marker.\n"


class Secrets:
    """What references lead to."""

    def __init__(self, password: str = PASSWORD, enable: str = "") -> None:
        self._known = {"env:PW": password, "env:ENABLE": enable}

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return self._known[reference]


Opened = Callable[..., Terminal]


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as started:
        yield started


def options(stub: Stub, **changed: object) -> SshOptions:
    given = SshOptions(
        device="edge7",
        host="127.0.0.1",
        port=stub.port,
        username=USER,
        host_key=stub.host_key,
        credentials="env:PW",
        timeout=10.0,
    )
    return replace(given, **changed)  # type: ignore[arg-type] # named by each test


@pytest.fixture
def opened(stub: Stub) -> Iterator[Opened]:
    with ExitStack() as closing:

        def make(
            dialect: Dialect = IOS, secrets: Secrets | None = None, **given: object
        ) -> Terminal:
            made = Terminal.open(
                "edge7", options(stub, **given), secrets or Secrets(), dialect, CLOCK, gate=Gate()
            )
            closing.callback(made.close)
            return made

        yield make


# -- logging in --------------------------------------------------------------------------------


def test_the_first_commands_are_sent_and_the_name_is_learnt(stub: Stub, opened: Opened) -> None:
    stub.behaviour.greeting = "################\n# no trespassing#\n################\n\n"
    terminal = opened()
    assert terminal.host == "edge7" and terminal.alive()
    assert stub.received == list(IOS.start)
    terminal.close()
    assert not terminal.alive()
    terminal.close()


def test_enable(stub: Stub, opened: Opened) -> None:
    stub.behaviour.unprivileged, stub.behaviour.enable = True, "more rights"
    terminal = opened(secrets=Secrets(enable="more rights"), enable="env:ENABLE")
    assert terminal.ask("show clock") == ""
    assert "more rights" not in terminal.transcript.text()


@pytest.mark.parametrize(
    ("reference", "said"), [("", "privilege 15"), ("env:ENABLE", "refused our enable password")]
)
def test_without_the_rights(stub: Stub, opened: Opened, reference: str, said: str) -> None:
    stub.behaviour.unprivileged, stub.behaviour.enable = True, "more rights"
    with pytest.raises(AuthenticationFailed, match=said):
        opened(secrets=Secrets(enable="wrong"), enable=reference)


def test_lines_that_are_all_taken_are_busy(stub: Stub, opened: Opened) -> None:
    stub.behaviour.busy_with = "% All lines busy. Try later."
    with pytest.raises(DeviceBusy, match="All lines busy"):
        opened()


def test_something_that_is_no_router(stub: Stub, opened: Opened) -> None:
    stub.behaviour.exec_end = "$ "
    with pytest.raises(DeviceUnreachable, match=r"edge7\$.*is this the command line of"):
        opened(timeout=1.0)


# -- questions and answers ---------------------------------------------------------------------


def test_an_answer_is_whole_and_bare(stub: Stub, opened: Opened) -> None:
    stub.behaviour.answers = {"show run": CONFIGURATION}
    stub.behaviour.paged = True
    assert opened().ask("show run") == CONFIGURATION


def test_syslog_lines_are_no_output(stub: Stub, opened: Opened) -> None:
    stub.behaviour.answers = {"show run": CONFIGURATION}
    stub.behaviour.noisy = True
    terminal = opened()
    assert terminal.ask("show run") == CONFIGURATION
    assert terminal.overheard() == (SYSLOG, SYSLOG)
    assert terminal.overheard() == ()


def test_pages_are_never_turned(stub: Stub, opened: Opened) -> None:
    stub.behaviour.answers = {"show run": CONFIGURATION}
    stub.behaviour.paged = True
    terminal = opened(replace(IOS, start=()))
    with pytest.raises(ParseFailed, match="page by page"):
        terminal.ask("show run")
    assert not terminal.alive()


def test_a_refused_command(stub: Stub, opened: Opened) -> None:
    stub.behaviour.refused = {"show nonsense": INVALID}
    terminal = opened()
    with pytest.raises(CommandRejected, match="Invalid input"):
        terminal.ask("show nonsense")
    assert "% Invalid input" in terminal.ask("show nonsense", refuse=False)
    assert terminal.alive()


def test_a_connection_that_breaks_in_the_middle_of_an_answer(stub: Stub, opened: Opened) -> None:
    stub.behaviour.drop_in = "show run"
    terminal = opened()
    with pytest.raises(DeviceUnreachable):
        terminal.ask("show run")
    assert not terminal.alive()
    with pytest.raises(DeviceUnreachable, match="open another"):
        terminal.ask("show run")


def test_a_device_that_falls_silent(stub: Stub, opened: Opened) -> None:
    stub.behaviour.mute_at = 1
    terminal = opened()
    terminal.enter("configure terminal")
    with pytest.raises(DeviceUnreachable, match="waited 1 s for the prompt after 'hostname x'"):
        terminal.enter("hostname x", timeout=1.0)
    assert not terminal.alive()


@pytest.mark.parametrize("line", ["show run ?", "a\nb", "a\x03", "a\x1a"])
def test_what_would_do_something_else_is_not_sent(stub: Stub, opened: Opened, line: str) -> None:
    terminal = opened()
    for send in (terminal.ask, terminal.enter, lambda text: terminal.paste([text])):
        with pytest.raises(CommandRejected, match="was not sent"):
            send(line)
    assert stub.received == list(IOS.start)


# -- prompts of the platforms ------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 16, 20, 21, 40])
def test_a_name_that_is_cut_in_configuration_mode(stub: Stub, opened: Opened, length: int) -> None:
    stub.behaviour.host = "edge-router-with-a-very-long-name-indeed"[:length]
    terminal = opened()
    assert "Enter configuration" in terminal.enter("configure terminal")
    terminal.enter("interface Gi0/1", "description   two  spaces", "end")
    assert terminal.ask("show clock") == ""
    assert stub.taken == ["interface Gi0/1", "description   two  spaces"]


def test_the_time_before_each_answer_of_xr(stub: Stub, opened: Opened) -> None:
    stub.behaviour.prefix, stub.behaviour.host = "RP/0/RP0/CPU0:", "edge-router-with-long-name"
    stub.behaviour.shown = 17
    stub.behaviour.timestamps = True
    stub.behaviour.answers = {"show run": CONFIGURATION}
    terminal = opened(XR)
    assert terminal.ask("show run") == CONFIGURATION
    terminal.enter("configure terminal", "hostname x", "end")
    assert stub.taken == ["hostname x"]
    stub.behaviour.dialogs = {"commit": ("Proceed? [no]: ", "done\n")}
    assert (
        terminal.dialog("commit", [("Proceed.*:", "yes")], "", 10.0) == "Proceed? [no]: yes\ndone"
    )


def test_the_lines_above_the_prompt_of_junos(stub: Stub, opened: Opened) -> None:
    stub.behaviour.prefix, stub.behaviour.exec_end = "enforcer@", ">"
    stub.behaviour.above = "\n{master}\n"
    stub.behaviour.answers = {"show configuration": "## Last commit\nsystem {\n}"}
    assert opened(JUNOS).ask("show configuration") == "## Last commit\nsystem {\n}"


def test_load_set(stub: Stub, opened: Opened) -> None:
    stub.behaviour.prefix, stub.behaviour.exec_end = "enforcer@", ">"
    bad = "set nonsense"
    stub.behaviour.refused = {bad: "terminal:3:(4) syntax error: nonsense"}
    lines = [f"set policy-options prefix-list ENF-1 192.0.2.{n}/32" for n in range(256)]
    terminal = opened(JUNOS)
    said = terminal.load("load set terminal", lines, ready=r"\[Type \^D[^\]]*\]")
    assert said == "load complete" and stub.taken == lines
    said = terminal.load("load set terminal", [bad, *lines], ready=r"\[Type \^D[^\]]*\]")
    assert "syntax error" in said and said.endswith("load complete (1 errors)")
    with pytest.raises(CommandRejected, match="was answered by"):
        terminal.load("show nothing", lines, ready=r"\[Type \^D[^\]]*\]")


# -- pasting -----------------------------------------------------------------------------------

LINES = [f" permit ip host 192.0.2.{number % 256} any" for number in range(1000)]


def test_a_thousand_lines(stub: Stub, opened: Opened) -> None:
    stub.behaviour.noise_at = frozenset({1, 199, 200, 555, 1000})
    terminal = opened()
    terminal.enter("configure terminal")
    heard: list[int] = []
    assert terminal.paste(LINES, each=heard.append) == ""
    assert stub.taken == LINES
    assert heard == [200, 400, 600, 800, 1000]
    terminal.enter("end")
    assert terminal.overheard() == (SYSLOG,) * 5
    assert terminal.ask("show clock") == ""


def test_a_refusal_in_the_middle_names_the_line(stub: Stub, opened: Opened) -> None:
    bad = " permit ip host 300.1.1.1 any"
    stub.behaviour.refused = {bad: INVALID}
    terminal = opened()
    terminal.enter("configure terminal")
    with pytest.raises(LineRejected) as caught:
        terminal.paste([*LINES[:250], bad, *LINES[250:]])
    assert (caught.value.line, caught.value.taken, caught.value.sent) == (bad, 250, 400)
    assert "% Invalid input" in caught.value.said
    assert stub.taken == LINES[:399]
    terminal.enter("end")
    assert terminal.ask("show clock") == ""


def test_lines_one_by_one_stop_at_the_refusal(stub: Stub, opened: Opened) -> None:
    stub.behaviour.refused = {"bad": "Command authorization failed."}
    terminal = opened()
    with pytest.raises(LineRejected) as caught:
        terminal.enter("configure terminal", "good", "bad", "good again")
    assert (caught.value.line, caught.value.taken, caught.value.sent) == ("bad", 2, 3)
    assert stub.taken == ["good"]


@pytest.mark.parametrize("at", [1, 100, 200, 201, 1000])
def test_half_a_line_that_got_lost(stub: Stub, opened: Opened, at: int) -> None:
    stub.behaviour.half_at = at
    terminal = opened()
    terminal.enter("configure terminal")
    with pytest.raises(ParseFailed, match=f"line {at}, .*read it back"):
        terminal.paste(LINES)
    assert not terminal.alive()


@pytest.mark.parametrize("at", [1, 150, 1000])
def test_a_connection_that_breaks_in_the_middle_of_a_paste(
    stub: Stub, opened: Opened, at: int
) -> None:
    stub.behaviour.drop_at = at
    terminal = opened()
    terminal.enter("configure terminal")
    with pytest.raises(DeviceUnreachable):
        terminal.paste(LINES)
    assert len(stub.taken) == at - 1
    assert not terminal.alive()


# -- dialogs -----------------------------------------------------------------------------------

COMMIT = "commit confirmed 120"
PROCEED = "would you like to proceed with this commit? [no]: "


def test_each_question_gets_its_answer(stub: Stub, opened: Opened) -> None:
    stub.behaviour.dialogs = {COMMIT: (PROCEED, "Confirm? [yes/no]: ", "Committed as 1000000012\n")}
    terminal = opened()
    said = terminal.dialog(
        COMMIT, [(r"proceed with this commit\? \[no\]:", "yes"), (r"Confirm\?.*:", "yes")], "", 10.0
    )
    assert said.endswith("Committed as 1000000012")
    assert stub.received[-3:] == [COMMIT, "yes", "yes"]


def test_the_echo_of_the_command_is_no_question(stub: Stub, opened: Opened) -> None:
    stub.behaviour.dialogs = {COMMIT: ("done\n",)}
    terminal = opened()
    assert terminal.dialog(COMMIT, [("onfirm.*", "y")], "", 10.0) == "done"
    assert stub.received[-1] == COMMIT


def test_a_question_without_an_answer_is_left_unanswered(stub: Stub, opened: Opened) -> None:
    stub.behaviour.dialogs = {COMMIT: (PROCEED, "done\n")}
    terminal = opened()
    with pytest.raises(ParseFailed, match=r"a question we have no answer to.*proceed"):
        terminal.dialog(COMMIT, [("something else", "yes")], "", 60.0)
    assert not terminal.alive()
    assert stub.received[-1] == COMMIT


def test_a_dialog_that_is_refused(stub: Stub, opened: Opened) -> None:
    failed = "% Failed to commit one or more configuration items\n"
    stub.behaviour.dialogs = {COMMIT: (failed,)}
    terminal = opened()
    with pytest.raises(CommandRejected, match="Failed to commit"):
        terminal.dialog(COMMIT, [], "", 10.0)
    assert terminal.dialog(COMMIT, [], "", 10.0, refuse=False) == failed.strip()


# -- a second opinion --------------------------------------------------------------------------


def test_the_proof_of_management_is_a_session_of_its_own(stub: Stub, opened: Opened) -> None:
    terminal = opened()
    assert can_log_in(options(stub), Secrets(), IOS, CLOCK, gate=Gate()) == ""
    assert stub.sessions == 2 and terminal.alive()
    wrong = can_log_in(options(stub), Secrets("wrong"), IOS, CLOCK, gate=Gate())
    assert "refused 'enforcer'" in wrong and "wrong" not in wrong


def test_the_transcript_outlives_the_session_and_tells_no_secret(
    stub: Stub, opened: Opened
) -> None:
    stub.behaviour.answers = {
        "show run": f"username x password 7 0822455D0A16\nenable secret 5 $1$abc$def\n{PASSWORD}"
    }
    terminal = opened()
    answer = terminal.ask("show run")
    assert PASSWORD in answer
    terminal.close()
    said = terminal.transcript.text()
    assert "> show run\n" in said and "username x password 7 ***" in said
    assert not any(secret in said for secret in (PASSWORD, "0822455D0A16", "$1$abc$def"))
