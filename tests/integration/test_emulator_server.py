# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulators' SSH server: logins, keys, lost sessions, full lines, and running on its own."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import paramiko
import pytest

from lab.emulators import faults
from lab.emulators.__main__ import main
from lab.emulators.cisco_ios import Router
from lab.emulators.server import Serving, serving

pytestmark = pytest.mark.emulated
PATIENCE = 60.0  # seconds until a lost answer counts as one


@pytest.fixture
def box() -> Router:
    return Router("edge1")


@pytest.fixture
def server(box: Router) -> Iterator[Serving]:
    with serving(box) as running:
        yield running


@contextmanager
def login(
    server: Serving, password: str = "enforcer", key: paramiko.PKey | None = None
) -> Iterator[paramiko.SSHClient]:
    """A client that trusts this server's key and no other."""
    with closing(paramiko.SSHClient()) as client:
        name, kind, blob = server.host_key_line.split()
        entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {kind} {blob}")
        assert entry is not None and entry.key is not None
        client.get_host_keys().add(name, kind, entry.key)
        client.connect(
            server.host,
            server.port,
            "enforcer",
            None if key else password,
            pkey=key,
            allow_agent=False,
            look_for_keys=False,
            timeout=PATIENCE,
        )
        yield client


def until(channel: paramiko.Channel, pattern: str) -> str:
    """What arrives until `pattern` has; fails when the session ends first."""
    channel.settimeout(PATIENCE)
    text = ""
    while not re.search(pattern, text):
        received = channel.recv(65536)
        assert received, f"the session ended after {text[-300:]!r}"
        text += received.decode()
    return text


def to_the_end(channel: paramiko.Channel) -> str:
    """What arrives until the session is lost."""
    channel.settimeout(PATIENCE)
    text = b""
    while received := channel.recv(65536):
        text += received
    return text.decode()


def gone(box: Router) -> bool:
    """Wait until the router has noticed that every session ended."""
    for _ in range(600):
        if not box.sessions:
            return True
        threading.Event().wait(0.05)
    return False


class TestSessions:
    def test_a_session_from_login_to_logout(self, server: Serving, box: Router) -> None:
        with login(server) as client:
            channel = client.invoke_shell()
            assert until(channel, r"edge1#$") == "edge1#"
            channel.send(b"configure terminal\nhostname core1\nend\nexit\n")
            assert "core1(config)#end\r\ncore1#exit\r\n" in to_the_end(channel)
        assert box.hostname == "core1"
        assert gone(box)
        assert box.shells == {}

    def test_one_command_without_a_terminal(self, server: Serving) -> None:
        with login(server) as client:
            _, output, _ = client.exec_command("show privilege", timeout=PATIENCE)
            assert output.read() == b"Current privilege level is 15\r\n"

    def test_wrong_passwords_are_refused(self, server: Serving) -> None:
        with pytest.raises(paramiko.AuthenticationException), login(server, "wrong"):
            pass

    def test_public_keys_log_in(self, box: Router) -> None:
        key = paramiko.ECDSAKey.generate()
        allowed = f"{key.get_name()} {key.get_base64()}"
        with (
            serving(box, passwords={}, authorized_keys=allowed) as server,
            login(server, key=key) as client,
        ):
            assert until(client.invoke_shell(), "edge1#$")
        stranger = paramiko.ECDSAKey.generate()
        with (
            serving(box, passwords={}, authorized_keys=allowed) as server,
            pytest.raises(paramiko.AuthenticationException),
            login(server, key=stranger),
        ):
            pass

    def test_an_old_box_has_old_algorithms_only(self, box: Router) -> None:
        old = {"kex_algs": ["diffie-hellman-group14-sha1"], "encryption_algs": ["aes128-cbc"]}
        with serving(box, algorithms=old) as server:
            refused = {"kex": ["diffie-hellman-group14-sha1"], "ciphers": ["aes128-cbc"]}
            with closing(paramiko.SSHClient()) as client:
                client.set_missing_host_key_policy(paramiko.RejectPolicy())
                with pytest.raises(paramiko.SSHException, match="ncompatible"):
                    client.connect(
                        server.host,
                        server.port,
                        "enforcer",
                        "enforcer",
                        disabled_algorithms=refused,
                    )

    def test_ten_thousand_lines_in_one_paste(self, server: Serving, box: Router) -> None:
        members = [f"host 10.0.{number >> 8}.{number & 255}" for number in range(10_000)]
        text = "\n".join(["configure terminal", "object-group network BIG", *members, "end", ""])
        with login(server) as client:
            channel = client.invoke_shell()
            pasting = threading.Thread(target=channel.sendall, args=(text.encode(),))
            pasting.start()
            output = until(channel, r"\(config-network-group\)#end\r\nedge1#$")
            pasting.join()
        assert output.count("% ") == 0
        assert len(box.configuration.groups["BIG"].members) == 10_000

    def test_two_operators_at_once(self, server: Serving, box: Router) -> None:
        with login(server) as one, login(server) as other:
            first, second = one.invoke_shell(), other.invoke_shell()
            first.send(b"configure terminal lock\n")
            until(first, r"\(config\)#$")
            second.send(b"configure terminal\n")
            assert "locked" in until(second, r"configure terminal\r\n[^#]*\r\nedge1#$")


class TestFaults:
    def test_a_lost_session_leaves_what_was_done(self, server: Serving, box: Router) -> None:
        box.faults.drop_session(3)
        lines = [f"ip route 203.0.113.{last} 255.255.255.255 Null0" for last in range(1, 6)]
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send("\n".join(["configure terminal", *lines, ""]).encode())
            assert lines[3] not in to_the_end(channel)
        assert box.running().count("Null0") == 3
        assert gone(box)

    def test_a_save_in_which_the_session_is_lost_succeeds_all_the_same(
        self, server: Serving, box: Router
    ) -> None:
        box.by_hand("hostname saved")
        box.faults.drop_during_commit(applied=True)
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send(b"write memory\n")
            assert "[OK]" not in to_the_end(channel)
        box.reboot()
        assert box.hostname == "saved"

    def test_a_slow_save_is_silent_and_then_says_ok(self, server: Serving, box: Router) -> None:
        box.faults.slow_commit(0.2)
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send(b"write memory\n")
            assert "[OK]" in until(channel, r"\[OK\]\r\nedge1#$")
        assert box.faults.fired[faults.SLOW_COMMIT] == 1

    def test_new_connections_fail_while_open_ones_live(self, server: Serving, box: Router) -> None:
        box.faults.unreachable_while("^hostname cut$")
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send(b"configure terminal\nhostname cut\n")
            until(channel, r"cut\(config\)#$")
            with pytest.raises((paramiko.SSHException, OSError, EOFError)), login(server):
                pass
            channel.send(b"hostname edge1\n")
            until(channel, r"edge1\(config\)#$")
            with login(server) as second:
                assert until(second.invoke_shell(), "edge1#$")

    def test_there_are_only_so_many_lines(self, server: Serving, box: Router) -> None:
        box.max_vty = 1
        with login(server) as client:
            until(client.invoke_shell(), "edge1#$")
            with pytest.raises((paramiko.SSHException, OSError, EOFError)), login(server):
                pass

    def test_a_reboot_ends_every_session(self, server: Serving, box: Router) -> None:
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send(b"configure terminal\nhostname unsaved\n")
            until(channel, r"unsaved\(config\)#$")
            box.reboot()
            to_the_end(channel)
        assert box.hostname == "edge1"
        with login(server) as client:
            assert until(client.invoke_shell(), "edge1#$")

    def test_the_router_speaks_at_an_idle_prompt(self, server: Serving, box: Router) -> None:
        box.by_hand("archive\npath bootflash:a")
        with login(server) as client:
            channel = client.invoke_shell()
            channel.send(b"configure terminal revert timer 1\n")
            assert "Rollback will begin in one minute" in until(channel, "wish to keep")
            channel.send(b"hostname wrong\n")
            until(channel, r"wrong\(config\)#$")
            box.clock.advance(60)
            until(channel, "rolling to")
        assert box.hostname == "edge1"


class TestAlone:
    def test_it_says_that_it_is_emulated_and_ends_when_asked(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configuration = tmp_path / "edge.cfg"
        configuration.write_text("hostname from-file\nend\n")
        until_set = threading.Event()
        until_set.set()
        assert main(["cisco_ios", "--config", str(configuration)], until_set) == 0
        shown = capsys.readouterr().out
        assert "EMULATED cisco_ios from-file" in shown
        assert re.search(r"^\[127\.0\.0\.1\]:\d+ ssh-ed25519 ", shown, re.MULTILINE)

    def test_a_configuration_that_it_does_not_take_is_named(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        configuration = tmp_path / "edge.cfg"
        configuration.write_text("hostname a\nnonsense here\n")
        assert main(["cisco_ios", "--config", str(configuration)]) == 2
        assert "line 2: 'nonsense here'" in capsys.readouterr().err

    def test_as_a_program(self) -> None:
        program = subprocess.Popen(
            [sys.executable, "-m", "lab.emulators", "cisco_ios", "--hostname", "alone"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        try:
            assert program.stdout is not None
            lines = [program.stdout.readline() for _ in range(3)]
            assert "EMULATED cisco_ios alone" in lines[0]
            place = re.search(r"on (\S+) port (\d+)", lines[1])
            assert place is not None
            server = Serving(place[1], int(place[2]), lines[2].strip(), "")
            with login(server) as client:
                assert until(client.invoke_shell(), "alone#$")
        finally:
            program.terminate()
            program.communicate(timeout=PATIENCE)
        assert program.returncode == 0


def test_filters_and_shut_sessions_over_ssh(server: Serving, box: Router) -> None:
    box.load("hostname edge1\nrouter bgp 64500\n neighbor 192.0.2.2 remote-as 64501\n")
    with login(server) as client:
        channel = client.invoke_shell(width=200)
        until(channel, "edge1#")
        for line in (
            "configure terminal",
            "ip prefix-list L seq 5 deny 198.51.100.0/24 ge 25 le 32",
            "ip prefix-list L seq 10 permit 0.0.0.0/0 le 32",
            "router bgp 64500",
            "neighbor 192.0.2.2 prefix-list L in",
            "do clear ip bgp 192.0.2.2 ipv4 unicast soft in",
        ):
            channel.send(f"{line}\n".encode())
            until(channel, r"#$")
        assert box.route_fate("198.51.100.0/25", "192.0.2.2") == "rejected"
        assert box.route_fate("198.51.100.0/24", "192.0.2.2") == "accepted"
        channel.send(b"neighbor 192.0.2.2 shutdown\n")
        until(channel, r"\)#$")
        assert box.route_fate("198.51.100.0/24", "192.0.2.2") == "no session"
        channel.send(b"do show ip bgp summary\n")
        assert "Idle (Admin)" in until(channel, r"\)#$")
