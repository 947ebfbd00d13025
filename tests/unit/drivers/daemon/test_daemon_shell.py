# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs and files of a daemon's host: the same on this host and by the real OpenSSH server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers._daemon.opening import HostWay, open_shell, opened
from drivers._daemon.shell import HostShell, Shell, refused
from drivers._ssh.commands import Answer
from enforcer.core.topology import Device
from enforcer.errors import (
    AuthenticationFailed,
    ConfigurationInvalid,
    DeviceError,
    DeviceUnreachable,
)
from tests.sshd import Files, Sshd, user


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def login(server: Sshd) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(server.port),
        "username": user(),
        "host_key": server.host_key,
        "key_file": str(server.client_key),
    }


@pytest.fixture(scope="module", params=["here", "ssh"])
def shell(request: pytest.FixtureRequest, server: Sshd) -> Iterator[Shell]:
    transport = {"local": "yes"} if request.param == "here" else login(server)
    with open_shell("edge1", transport, Files(Path("/"))) as found:
        yield found


def test_exit_code_and_both_outputs_come_apart(shell: Shell) -> None:
    answer = shell.run(("sh", "-c", "cat; echo no >&2; exit 3"), b"a\0b\xff")
    assert answer == Answer(3, b"a\0b\xff", b"no\n")


def test_arguments_are_words_not_text_of_a_shell(shell: Shell) -> None:
    word = "a b; $(id) 'x'"
    assert shell.run(("printf", "%s", word)).stdout.decode() == word


def test_a_program_that_is_missing_is_code_127(shell: Shell) -> None:
    assert shell.run(("no-such-program-here",)).code == 127


def test_programs_speak_english(shell: Shell) -> None:
    assert shell.run(("sh", "-c", "echo $LC_ALL")).stdout == b"C\n"


def test_a_program_that_does_not_end_is_unknown(shell: Shell) -> None:
    with pytest.raises(DeviceUnreachable, match="did not end"):
        shell.run(("sleep", "1000"), seconds=0.2)


def test_a_file_is_read_whole_and_a_missing_one_is_none(shell: Shell, tmp_path: Path) -> None:
    content = bytes(range(256)) * 2000
    (tmp_path / "x").write_bytes(content)
    assert shell.read(str(tmp_path / "x")) == content
    assert shell.read(str(tmp_path / "y")) is None
    assert shell.read(str(tmp_path / "x" / "y")) is None


def test_what_is_no_file_is_an_error(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="Is a directory"):
        shell.read(str(tmp_path))


def test_a_new_file_is_written_whole(shell: Shell, tmp_path: Path) -> None:
    content = bytes(range(256)) * 4000
    shell.write(str(tmp_path / "x.conf"), content)
    assert (tmp_path / "x.conf").read_bytes() == content
    assert (tmp_path / "x.conf").stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["x.conf"]


def test_an_existing_file_keeps_mode_and_place(shell: Shell, tmp_path: Path) -> None:
    file, link = tmp_path / "real", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    shell.write(str(link), b"new")
    assert file.read_text() == "new" and link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640


def test_a_write_is_a_new_file_renamed(shell: Shell, tmp_path: Path) -> None:
    """Who has the old one open goes on reading all of it."""
    file = tmp_path / "x"
    file.write_text("old content")
    with file.open() as reader:
        shell.write(str(file), b"new")
        assert reader.read() == "old content"


def test_a_write_that_cannot_be_leaves_nothing(shell: Shell, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="write"):
        shell.write(str(tmp_path / "absent" / "x"), b"new")
    assert not list(tmp_path.iterdir())


def test_the_transcript_hides_secrets_and_names_files(shell: Shell, tmp_path: Path) -> None:
    shell.said()
    shell.write(str(tmp_path / "x"), b"router bgp 1\n neighbor 192.0.2.1 password hunter2\n")
    shell.run(("echo", "told"))
    said = shell.said()
    assert f"write {tmp_path / 'x'}" in said and "neighbor 192.0.2.1" in said and "told" in said
    assert "hunter2" not in said and "mktemp" not in said
    assert shell.said() == ""


def test_content_that_came_in_part_is_not_put_in_place(tmp_path: Path) -> None:
    """As when the connection breaks: the writing program sees an early end."""
    file = tmp_path / "x"
    file.write_text("old")
    with opened(HostWay("edge1", None), Files(tmp_path)) as here:

        def cut(argv: object, stdin: bytes, seconds: float) -> Answer:
            assert isinstance(argv, tuple)
            return here.run(argv, stdin[:5], seconds)

        torn = HostShell("edge1", cut, lambda: None)
        with pytest.raises(DeviceError, match="did not arrive whole"):
            torn.write(str(file), b"new content")
    assert file.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "transport,said",
    [
        ({}, "say where its daemon is"),
        ({"local": "yes", "netns": "x"}, "say where its daemon is"),
        ({"local": "no"}, "say where its daemon is"),
        ({"netns": "../x"}, "transport.netns"),
        ({"local": "yes", "sudo": "maybe"}, "transport.sudo"),
        ({"local": "yes", "vtish": "x"}, "did you mean vtysh"),
        ({"host": "192.0.2.1", "username": "x", "agent": "yes", "netns": "x"}, "netns"),
    ],
)
def test_a_transport_that_cannot_be_understood(transport: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        open_shell("edge1", transport, Files(Path("/")), extra=frozenset({"vtysh"}))


def test_a_namespace_that_is_gone_is_unreachable() -> None:
    with (
        open_shell("edge1", {"netns": "enforcer-absent"}, Files(Path("/"))) as found,
        pytest.raises(DeviceUnreachable, match="no network namespace"),
    ):
        found.run(("true",))


def test_no_rights_are_told_apart() -> None:
    no = refused("edge1", "run vtysh", Answer(1, b"", b"open: Permission denied"))
    assert isinstance(no, AuthenticationFailed) and "sudo" in no.message
    other = refused("edge1", "run vtysh", Answer(2, b"", b""))
    assert not isinstance(other, AuthenticationFailed) and "exit code 2" in other.message


def test_sudo_goes_before_the_program(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sudo is needed for it: a program of that name shows what it is given."""
    fake = tmp_path / "sudo"
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$*"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    way = HostWay.of(Device("edge1", "x", transport={"local": "yes", "sudo": "yes"}))
    with opened(way, Files(tmp_path)) as here:
        assert here.run(("vtysh", "-c", "x")).stdout == b"-n -- vtysh -c x\n"
    far = HostWay.of(Device("edge1", "x", transport=login(server) | {"sudo": "yes"}))
    assert far.sudo and far.remote
