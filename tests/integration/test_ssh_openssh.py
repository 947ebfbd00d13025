# SPDX-License-Identifier: GPL-2.0-or-later
"""Logging in to the real OpenSSH server, and programs without a terminal over it."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers._ssh.commands import Exec
from drivers._ssh.gate import Gate
from drivers._ssh.login import Client, open_client
from enforcer.clock import SystemClock
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceUnreachable,
)
from tests.sshd import Files, Sshd, free_port, host_key_refused, key, opened, options, public

CLOCK = SystemClock()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("device"), kinds=("ed25519", "rsa")) as started:
        yield started


@pytest.fixture
def client(server: Sshd) -> Iterator[Client]:
    with opened(options(server)) as made:
        yield made


# -- programs ----------------------------------------------------------------------------------


def test_a_program_and_what_it_leaves(client: Client) -> None:
    answer = Exec.run(client, "cat; echo problem >&2; exit 3", b"text")
    assert answer == (3, b"text", b"problem\n")
    assert Exec.run(client, "true") == (0, b"", b"")


def test_there_is_no_terminal(client: Client) -> None:
    assert Exec.run(client, "test -t 0 || test -t 1 || test -t 2").code == 1


def test_megabytes_in_both_directions(client: Client) -> None:
    text = os.urandom(8 * 1024 * 1024)
    answer = Exec.run(client, "cat; cat /dev/zero | head -c 3000000 >&2", text, timeout=60.0)
    assert hashlib.sha256(answer.stdout).digest() == hashlib.sha256(text).digest()
    assert answer.code == 0 and len(answer.stderr) == 3_000_000


def test_a_program_that_does_not_read_its_input(client: Client) -> None:
    assert Exec.run(client, "exit 7", b"x" * 10_000_000).code == 7


def test_a_program_that_was_killed_has_no_code(client: Client) -> None:
    with pytest.raises(DeviceUnreachable, match=r"without an exit code.*unknown"):
        Exec.run(client, "kill -9 $$")


def test_a_program_that_hangs(client: Client) -> None:
    with pytest.raises(DeviceUnreachable, match="did not end in time; what it did is unknown"):
        Exec.run(client, "exec sleep 20", timeout=0.5)
    assert Exec.run(client, "true").code == 0


def test_a_connection_that_breaks_in_the_middle_of_the_output(server: Sshd) -> None:
    with opened(options(server)) as client:
        with pytest.raises(DeviceUnreachable):
            Exec.run(client, "echo the first part; kill -9 $PPID; sleep 5")
        with pytest.raises(DeviceUnreachable):
            Exec.run(client, "true")
        assert not client.alive()


def test_a_stream_and_its_end_from_another_thread(client: Client) -> None:
    lines = Exec.stream(client, "echo one; echo two; printf half; exec sleep 20")
    heard = []
    for line in lines:
        heard.append(line)
        if len(heard) == 2:
            threading.Thread(target=lines.close).start()
    assert heard == [b"one", b"two"]
    lines.close()
    assert Exec.run(client, "true").code == 0


def test_a_stream_that_ends_by_itself(client: Client) -> None:
    lines = iter(Exec.stream(client, "echo one; echo no rights >&2; exit 4"))
    assert next(lines) == b"one"
    with pytest.raises(CommandRejected, match=r"code 4.*no rights"):
        next(lines)


def test_a_stream_whose_connection_breaks(server: Sshd, tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    wait = f"while ! test -e {heard}; do sleep 0.05; done"
    with opened(options(server)) as client:
        lines = iter(Exec.stream(client, f"echo one; {wait}; kill -9 $PPID; sleep 5"))
        assert next(lines) == b"one"
        heard.touch()
        with pytest.raises(DeviceUnreachable):
            next(lines)


def test_a_server_that_opens_no_further_channel(tmp_path: Path) -> None:
    with Sshd(tmp_path / "few", "MaxSessions 1") as few, opened(options(few)) as client:
        lines = Exec.stream(client, "exec sleep 20")
        with pytest.raises(DeviceBusy, match="MaxSessions"):
            Exec.run(client, "true")
        lines.close()


# -- host keys ---------------------------------------------------------------------------------


def test_an_unknown_key_says_how_to_record_it_and_is_not_added(
    server: Sshd, tmp_path: Path
) -> None:
    file = tmp_path / "known"
    file.write_text("# none yet\n")
    before = server.log.read_text().count("Accepted")
    for _ in range(2):
        said = host_key_refused(options(server, host_key="", known_hosts="known"), tmp_path)
        assert f"ssh-keyscan -p {server.port} 127.0.0.1" in said and "console" in said
        assert "not recorded" in said and "cat new >> known" in said
    assert file.read_text() == "# none yet\n"
    assert server.log.read_text().count("Accepted") == before


def test_the_steps_that_it_names_do(server: Sshd, tmp_path: Path) -> None:
    scan = ["ssh-keyscan", "-p", str(server.port), "127.0.0.1"]
    found = subprocess.run(scan, check=True, capture_output=True)
    (tmp_path / "known").write_bytes(found.stdout)
    with opened(options(server, host_key="", known_hosts="known"), tmp_path) as client:
        assert client.alive()


def test_another_key_than_the_recorded(server: Sshd, tmp_path: Path) -> None:
    other = public(key(tmp_path / "other"))
    said = host_key_refused(options(server, host_key=other))
    assert "not the one in the inventory" in said and "pose as the device" in said
    (tmp_path / "known").write_text(f"[127.0.0.1]:{server.port} {other}\n")
    said = host_key_refused(options(server, host_key="", known_hosts="known"), tmp_path)
    assert "remove the old one from known" in said


def test_a_revoked_key(server: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(f"{server.line}@revoked * {server.host_key}\n")
    assert "@revoked" in host_key_refused(
        options(server, host_key="", known_hosts="known"), tmp_path
    )


def test_an_authority_is_not_understood(server: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(f"@cert-authority * {server.host_key}\n")
    said = host_key_refused(options(server, host_key="", known_hosts="known"), tmp_path)
    assert "certificate authority" in said


def test_the_kind_that_is_recorded_is_asked_for(server: Sshd, tmp_path: Path) -> None:
    rsa = public(server.host_keys[1])
    with opened(options(server, host_key=rsa)) as client:
        assert client.alive()
    (tmp_path / "known").write_text(f"[127.0.0.1]:* {rsa}\n")
    with opened(options(server, host_key="", known_hosts="known"), tmp_path) as client:
        assert client.alive()


# -- who we are --------------------------------------------------------------------------------


def test_a_key_that_the_device_does_not_know(server: Sshd, tmp_path: Path) -> None:
    stranger = key(tmp_path / "stranger")
    with pytest.raises(AuthenticationFailed, match=r"refused .*not tried again"):
        open_client(options(server, key_file=str(stranger)), Files(tmp_path), CLOCK, Gate())


def test_a_password_where_only_keys_count(server: Sshd) -> None:
    given = options(server, key_file="", credentials="env:PW")
    with pytest.raises(AuthenticationFailed, match="it takes publickey"):
        open_client(given, Files(Path("/")), CLOCK, Gate())


def test_an_encrypted_key_and_its_passphrase(server: Sshd, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.write_bytes(server.client_key.read_bytes())
    locked.chmod(0o600)
    change = ["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", str(locked)]
    subprocess.run(change, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    with opened(options(server, key_file="locked", credentials="env:PW"), tmp_path) as client:
        assert client.alive()
    with pytest.raises(DeviceUnreachable, match="no private key that can be read"):
        open_client(options(server, key_file="locked"), Files(tmp_path), CLOCK, Gate())


def test_files_that_are_missing(server: Sshd, tmp_path: Path) -> None:
    for change in ({"key_file": "no"}, {"host_key": "", "known_hosts": "no"}, {"ssh_config": "no"}):
        with pytest.raises(DeviceUnreachable, match=r"cannot log in: .*file:no"):
            open_client(options(server, **change), Files(tmp_path), CLOCK, Gate())


# -- nobody there ------------------------------------------------------------------------------


def test_a_refused_connection(server: Sshd) -> None:
    with pytest.raises(DeviceUnreachable, match="connection refused"):
        open_client(options(server, port=free_port()), Files(Path("/")), CLOCK, Gate())


@contextmanager
def listener(says: bytes, hang_up: bool) -> Iterator[int]:
    """A server that is none: it says something at most."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(says)
                if not hang_up:
                    over.wait(60)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    ("says", "hang_up", "error", "message"),
    [
        (b"", False, DeviceUnreachable, "said nothing for 1 s"),
        (b"", True, DeviceUnreachable, "hung up or kept silent before SSH"),
        (b"SSH-2.0-Cisco-1.25\r\n", False, DeviceUnreachable, "log in to"),
        (b"HTTP/1.0 400 Bad\r\n", True, DeviceUnreachable, "log in to"),
        (b"% All lines are busy\r\n", True, DeviceBusy, "All lines are busy"),
    ],
)
def test_somebody_who_speaks_no_ssh(
    server: Sshd, says: bytes, hang_up: bool, error: type[Exception], message: str
) -> None:
    with listener(says, hang_up) as port, pytest.raises(error, match=message):
        open_client(options(server, port=port, timeout=1.0), Files(Path("/")), CLOCK, Gate())


# -- how many ----------------------------------------------------------------------------------


def test_a_third_session_has_to_wait_and_places_come_back(server: Sshd) -> None:
    gate = Gate()
    where = ("127.0.0.1", server.port, "")
    first = open_client(options(server), Files(Path("/")), CLOCK, gate)
    second = open_client(options(server), Files(Path("/")), CLOCK, gate)
    try:
        with pytest.raises(DeviceBusy, match="our own 2 sessions"):
            gate.enter("linux1", where, 0.0, CLOCK)
    finally:
        first.close()
        first.close()
        second.close()
    given = options(server, key_file="", credentials="env:PW")
    for _ in range(3):
        with pytest.raises(AuthenticationFailed):
            open_client(given, Files(Path("/")), CLOCK, gate)
    back = [gate.enter("linux1", where, 0.0, CLOCK) for _ in range(2)]
    with pytest.raises(DeviceBusy):
        gate.enter("linux1", where, 0.0, CLOCK)
    assert len(back) == 2
