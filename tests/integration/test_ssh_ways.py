# SPDX-License-Identifier: GPL-2.0-or-later
"""Old devices, and ways through jump hosts and programs, with the real OpenSSH server."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from drivers._ssh.commands import Exec
from drivers._ssh.gate import Gate
from drivers._ssh.login import open_client
from drivers._ssh.options import SshOptions
from drivers._ssh.ways import way_to
from enforcer.clock import SystemClock
from enforcer.errors import DeviceUnreachable
from tests.sshd import Files, Sshd, free_port, host_key_refused, opened, options, user

CLOCK = SystemClock()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("device")) as started:
        yield started


# -- old devices -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting",
    [
        "KexAlgorithms diffie-hellman-group14-sha1",
        "Ciphers aes128-cbc,3des-cbc",
        "MACs hmac-sha1",
        "HostKeyAlgorithms ssh-rsa",
    ],
)
def test_old_cryptography_only_where_it_is_asked_for(tmp_path: Path, setting: str) -> None:
    with Sshd(tmp_path / "old", setting, kinds=("rsa",)) as old:
        with pytest.raises(DeviceUnreachable, match="legacy: yes"):
            open_client(options(old), Files(tmp_path), CLOCK, Gate())
        with opened(options(old, legacy=True)) as client:
            assert Exec.run(client, "true").code == 0


# -- jump hosts --------------------------------------------------------------------------------


@pytest.fixture
def jump(tmp_path: Path) -> Iterator[Sshd]:
    with Sshd(tmp_path / "jump") as started:
        yield started


def config(tmp_path: Path, jump: Sshd, server: Sshd, way: str = "ProxyJump bastion") -> str:
    (tmp_path / "known").write_text(server.line + jump.line)
    text = f"""
Host bastion
    HostName 127.0.0.1
    Port {jump.port}
    User {user()}
    IdentityFile {jump.client_key}
Host edge
    HostName 127.0.0.1
    {way}
"""
    (tmp_path / "ssh_config").write_text(text)
    return "ssh_config"


def through(tmp_path: Path, jump: Sshd, server: Sshd, way: str = "ProxyJump bastion") -> SshOptions:
    return options(
        server,
        host="edge",
        host_key="",
        known_hosts="known",
        ssh_config=config(tmp_path, jump, server, way),
    )


def test_through_a_jump_host(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    with opened(through(tmp_path, jump, server), tmp_path) as client:
        assert Exec.run(client, "cat", b"through").stdout == b"through"
        assert jump.log.read_text().count("Accepted publickey") == 1


def test_the_jump_hosts_key_is_verified_too(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    given = through(tmp_path, jump, server)
    (tmp_path / "known").write_text(server.line)
    assert f"127.0.0.1 port {jump.port} shows the host key" in host_key_refused(given, tmp_path)
    (tmp_path / "known").write_text(jump.line)
    assert f"127.0.0.1 port {server.port} shows the host key" in host_key_refused(given, tmp_path)


def test_a_device_that_the_jump_host_cannot_reach(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    given = replace(through(tmp_path, jump, server), port=free_port())
    with pytest.raises(DeviceUnreachable, match=r"jump host 127.0.0.1 cannot connect there"):
        open_client(given, Files(tmp_path), CLOCK, Gate())


def test_a_jump_host_that_breaks_takes_the_connection_with_it(
    tmp_path: Path, jump: Sshd, server: Sshd
) -> None:
    with opened(through(tmp_path, jump, server), tmp_path) as client:
        lines = Exec.stream(client, "echo ready; exec sleep 60")
        heard = iter(lines)
        assert next(heard) == b"ready"
        client.behind.close()
        with pytest.raises(DeviceUnreachable):
            next(heard)


def test_a_device_that_vanishes_behind_a_jump_host_is_noticed(
    tmp_path: Path, jump: Sshd, server: Sshd
) -> None:
    """The jump host goes on acknowledging everything: only an answer proves the device."""
    with opened(through(tmp_path, jump, server), tmp_path) as client:
        lines = Exec.stream(client, "echo $PPID; sleep 2; echo two; exec sleep 60", quiet=0.5)
        heard = iter(lines)
        server_side = int(next(heard))
        assert next(heard) == b"two", "silence alone is no fault"
        os.kill(server_side, signal.SIGSTOP)
        try:
            with pytest.raises(DeviceUnreachable, match="did not answer for"):
                next(heard)
        finally:
            os.kill(server_side, signal.SIGCONT)


def test_through_a_program(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    relay = tmp_path / "relay.py"
    relay.write_text(
        "import os, selectors, socket, sys\n"
        "c = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "s = selectors.DefaultSelector()\n"
        "s.register(0, 1, c.fileno()); s.register(c, 1, 1)\n"
        "while True:\n"
        "    for k, _ in s.select():\n"
        "        d = os.read(k.fd, 65536)\n"
        "        if not d: sys.exit()\n"
        "        while d: d = d[os.write(k.data, d):]\n"
    )
    way = f"ProxyCommand {sys.executable} {relay} %h {server.port}"
    with opened(through(tmp_path, jump, server, way), tmp_path) as client:
        assert Exec.run(client, "cat", b"through").stdout == b"through"


def test_a_program_that_fails(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    given = through(tmp_path, jump, server, "ProxyCommand false")
    with pytest.raises(DeviceUnreachable, match=r"hung up|was closed"):
        open_client(given, Files(tmp_path), CLOCK, Gate())


def test_what_a_program_complains_of_is_told(tmp_path: Path, jump: Sshd, server: Sshd) -> None:
    way = "ProxyCommand sh -c 'echo bastion is down >&2; exit 1'"
    given = through(tmp_path, jump, server, way)
    with pytest.raises(DeviceUnreachable, match=r"the ProxyCommand said: bastion is down$"):
        open_client(given, Files(tmp_path), CLOCK, Gate())


# -- ssh configs that are not understood -------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("CanonicalizeHostname yes", "leave out CanonicalizeHostname"),
        ("Include other", "has an Include, which is not followed: copy"),
        ("  include=other", "has an Include"),
        ("ProxyJump a:b:c", r"is no \[user@\]host"),
        ("Match exec", "ssh_config"),
    ],
)
def test_a_config_that_cannot_be_followed_is_an_error(
    tmp_path: Path, jump: Sshd, server: Sshd, line: str, said: str
) -> None:
    given = through(tmp_path, jump, server, line)
    with pytest.raises(DeviceUnreachable, match=f"cannot log in: linux1: .*{said}"):
        open_client(given, Files(tmp_path), CLOCK, Gate())


def test_the_same_address_behind_another_jump_host_has_places_of_its_own(
    tmp_path: Path, jump: Sshd, server: Sshd
) -> None:
    gate, files = Gate(per_device=1), Files(tmp_path)
    given = through(tmp_path, jump, server)
    with opened(given, tmp_path, gate):
        assert way_to(given, files).where == ("127.0.0.1", server.port, f"127.0.0.1:{jump.port}")
        with opened(replace(given, ssh_config="", host="127.0.0.1"), tmp_path, gate) as other:
            assert other.alive()
