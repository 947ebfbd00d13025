# SPDX-License-Identifier: GPL-2.0-or-later
"""Faults at the EMULATED IOS-XR router: lost sessions, AAA, a full TCAM, others' edits, reboot."""

import pytest

from lab.emulators.cisco_xr import Router
from lab.emulators.terminal import Ending, Pause, Step, Steps, Terminal
from tests.unit.emulators.xr_text import CONFIGURATION, configuring, router, session, typed

pytestmark = pytest.mark.emulated

PASTE = b"configure\nobject-group network ipv4 ENF-A\nhost 192.0.2.1\nhost 192.0.2.2\nroot\n"


class Client:
    """Types into a session behind the fault plan, as the SSH server does."""

    def __init__(self, device: Router) -> None:
        self.shell = device.shell("enforcer")
        self._terminal = Terminal(device, self.shell)
        self.steps: list[Step] = []
        self._play(self._terminal.feed(b"terminal length 0\n"))

    def type(self, text: bytes) -> str:
        """What the client sees of it."""
        return self._play(self._terminal.feed(text))

    def _play(self, steps: Steps) -> str:
        seen = []
        for step in steps:
            self.steps.append(step)
            if isinstance(step, bytes):
                seen.append(step)
            elif step is Ending.DROP:
                self.shell.closed()
        return b"".join(seen).decode()

    @property
    def dropped(self) -> bool:
        return Ending.DROP in self.steps


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("command", [b"commit\n", b"commit confirmed 60 label ENF\n"])
def test_a_session_lost_in_a_commit(applied: bool, command: bytes) -> None:
    device = router()
    client = Client(device)
    client.type(PASTE)
    device.faults.drop_during_commit(applied=applied)
    seen = client.type(command)
    assert client.dropped and "UTC" not in seen, "nobody is told how it ended"
    assert ("ENF-A" in device.running()) is applied
    device.clock.advance(100)
    kept = applied and b"confirmed" not in command
    assert ("ENF-A" in device.running()) is kept


def test_a_session_lost_while_typing_changes_nothing() -> None:
    device = router()
    client = Client(device)
    device.faults.drop_session(3)
    client.type(PASTE + b"commit\n")
    assert client.dropped
    assert device.running() == CONFIGURATION
    assert "enforcer" in session(device).line("show configuration sessions").text


def test_a_commit_is_slow_and_silent() -> None:
    device = router()
    client = Client(device)
    device.faults.slow_commit(90)
    client.type(PASTE)
    assert Pause(90) not in client.steps
    client.type(b"commit\n")
    assert Pause(90) in client.steps and "ENF-A" in device.running()


def test_aaa_refuses_in_the_platforms_words() -> None:
    device = router()
    client = Client(device)
    device.faults.refuse_authorization(2, 1)
    seen = client.type(PASTE + b"commit\n")
    assert "#host 192.0.2.1\r\n% This command is not authorized\r\n" in seen
    assert "object-group network ipv4 ENF-A\n host 192.0.2.2\n!\n" in device.running()


def test_half_a_line_is_what_the_router_does() -> None:
    device = router()
    client = Client(device)
    device.faults.lose_half_line(1)
    seen = client.type(b"configure\nobject-group network ipv4 ENF-A\n")
    assert "% I" in seen
    assert client.shell.prompt().endswith("(config)#")


def test_a_full_tcam_fails_the_commit_and_nothing_changes() -> None:
    device = router()
    device.faults.full_at(8)
    shell = configuring(device, "object-group network ipv4 RELAYS")
    typed(shell, *(f"host 192.0.2.{number}" for number in range(100, 110)))
    assert "% Failed to commit" in shell.line("commit").text
    failed = shell.line("show configuration failed").text
    assert "object-group network ipv4 RELAYS\n" in failed
    assert "!!% 'dnx_feat_mgr' detected the 'resource not available' condition" in failed
    assert device.running() == CONFIGURATION
    typed(shell, "abort")
    shell = configuring(device, "object-group network ipv4 UNBOUND")
    typed(shell, *(f"host 192.0.2.{number}" for number in range(100, 110)), "commit")
    assert "UNBOUND" in device.running(), "what is not bound takes no entries"


def test_changes_by_hand_count_at_once() -> None:
    device = router()
    device.by_hand("interface GigabitEthernet0/0/0/0\n no ipv4 access-group BASE ingress\n!\n")
    assert " ipv4 access-group BASE ingress" not in device.running()
    assert device.database.commits[0].user == "operator"
    device.by_hand(["router bgp 65000", "neighbor 192.0.2.1", "exit", "neighbor 192.0.2.2"])
    assert " neighbor 192.0.2.2\n !\n" in device.running()


@pytest.mark.parametrize(
    "lines, words",
    [
        (["nonsense"], "refuses the line 'nonsense'"),
        (["no object-group network ipv4 RELAYS"], "pseudo-atomic"),
        (["hostname xr1"], "No configuration changes"),
    ],
)
def test_changes_by_hand_that_are_refused(lines: list[str], words: str) -> None:
    device = router()
    with pytest.raises(ValueError, match=words):
        device.by_hand(lines)
    assert device.running() == CONFIGURATION
    assert session(device).line("show configuration sessions").text.endswith("UTC\n")


def test_a_reboot_keeps_what_is_committed_and_forgets_buffers() -> None:
    device = router()
    typed(configuring(device, "hostname xr2"), "commit")
    client = Client(device)
    client.type(PASTE)
    device.clock.advance(86400)
    device.reboot()
    assert client.shell.prompt() == "RP/0/RP0/CPU0:xr2#"
    client.shell.closed()
    assert device.running() == CONFIGURATION.replace("hostname xr1", "hostname xr2")
    assert device.startup() == device.running()
    shell = session(device)
    assert "uptime is 0 minutes" in shell.line("show version").text
    assert "1000000001" in shell.line("show configuration commit list").text
    assert shell.line("show configuration sessions").text.endswith("UTC\n")


def test_an_adjacency_dies_when_a_commit_cuts_it_and_comes_back_by_rollback() -> None:
    device = router()
    device.neighbors.goes_down_while("203.0.113.2", r"^ 1 deny ipv4 any any")
    shell = configuring(device, "ipv4 access-list BASE", "1 deny ipv4 any any")
    typed(shell, "commit confirmed 300")
    device.clock.advance(181)
    assert device.neighbors.state("203.0.113.2") == "Idle"
    device.clock.advance(125)
    assert device.neighbors.state("203.0.113.2") == "Established"
