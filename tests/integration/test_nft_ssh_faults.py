# SPDX-License-Identifier: GPL-2.0-or-later
"""A remote router by the real OpenSSH server and nft: what breaks on the way, and what then.

The kernel is a network namespace's; nothing else stands in for anything.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers._ssh.login import Client, open_client
from drivers.nftables.remote.connection import SharedConnection
from drivers.nftables.remote.driver import RemoteNftablesDriver
from drivers.nftables.remote.planning import Work
from drivers.nftables.remote.shell import SshShell
from enforcer.clock import SystemClock
from enforcer.control.writing import compared
from enforcer.core.plan import ALL, Batch
from enforcer.core.rules import Desired
from enforcer.core.topology import Device
from enforcer.driver_api import EventKind
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceError,
    DeviceUnreachable,
)
from tests.contract.nft_remote_subject import RemoteNftSubject, remote_nftables
from tests.contract.worlds import EVERYTHING, OURS, converge, due
from tests.sshd import Files, Sshd, opened, options

pytestmark = pytest.mark.root
PATIENCE = 30.0
CLOCK = SystemClock()


@pytest.fixture
def box() -> Iterator[RemoteNftSubject]:
    with remote_nftables() as made:
        assert isinstance(made, RemoteNftSubject)
        yield made


class Cut:
    """A driver's connections, which a test can break."""

    def __init__(self, box: RemoteNftSubject) -> None:
        self.opened: list[Client] = []
        self._given = options(box.sshd)
        transport = {"nft": str(box.script)}
        device = Device("edge1", "nftables", transport=transport)
        self.driver = RemoteNftablesDriver(device, OURS, SharedConnection(self._open))

    def _open(self) -> Client:
        self.opened.append(open_client(self._given, Files(Path("/")), CLOCK))
        return self.opened[-1]

    def now(self) -> None:
        """As a firewall in between would: neither end says goodbye."""
        transport = self.opened[-1].get_transport()
        assert transport is not None
        transport.sock.close()


def drifted(driver: RemoteNftablesDriver, wanted: Desired) -> bool:
    with driver.connect() as session:
        return bool(compared(driver, wanted, session.read_state()))


@pytest.mark.parametrize("written", [True, False], ids=["was written", "was not written"])
def test_a_connection_that_breaks_while_nft_runs(box: RemoteNftSubject, written: bool) -> None:
    """Nobody knows what became of it; the next pass finds out and completes it."""
    cut = Cut(box)
    wanted = due(box, EVERYTHING)
    converge(cut.driver, due(box, EVERYTHING[:2]))
    reached, go_on = box.sshd.folder / "reached", box.sshd.folder / "go-on"
    write = "{}; " if written else ""
    box.spoil(
        f'case "$*" in "-j -f -") {write}touch {reached}; until test -e {go_on};'
        " do sleep 0.05; done;; *) {};; esac"
    )

    def break_() -> None:
        deadline = CLOCK.monotonic() + PATIENCE
        while not reached.exists() and CLOCK.monotonic() < deadline:
            CLOCK.sleep(0.02)
        cut.now()

    breaker = threading.Thread(target=break_)
    with cut.driver.connect() as session:
        actual = session.read_state()
        plan = cut.driver.plan(wanted, compared(cut.driver, wanted, actual), actual)
        breaker.start()
        with pytest.raises(DeviceUnreachable):
            session.stage(plan.batches[0])
    breaker.join()
    go_on.touch()
    box.spoil("exec {}")
    assert drifted(cut.driver, wanted) or written
    converge(cut.driver, wanted)
    assert len(cut.opened) > 1, "it logged in anew"


def test_a_login_that_is_lost_is_opened_again(box: RemoteNftSubject) -> None:
    cut = Cut(box)
    wanted = due(box, EVERYTHING)
    converge(cut.driver, wanted)
    with cut.driver.connect() as session:
        session.read_state()
        cut.now()
        with pytest.raises(DeviceUnreachable):
            session.read_state()
    assert not drifted(cut.driver, wanted)


def test_passes_and_events_share_one_login(box: RemoteNftSubject) -> None:
    cut = Cut(box)
    with cut.driver.watch():
        converge(cut.driver, due(box, EVERYTHING))
        converge(cut.driver, due(box, EVERYTHING[:2]))
    assert len(cut.opened) == 1


def test_a_flush_is_told_and_repaired_by_the_pass_that_it_starts(box: RemoteNftSubject) -> None:
    cut = Cut(box)
    wanted = due(box, EVERYTHING)
    converge(cut.driver, wanted)
    right = box.content()
    with cut.driver.watch() as watch:
        closing = threading.Timer(PATIENCE, watch.close)
        closing.start()
        box.nft("flush table inet enforcer")
        event = next(iter(watch.events()))
        closing.cancel()
        assert (event.kind, event.writer[:8]) == (EventKind.CHANGED, "nft, pid")
        assert converge(cut.driver, wanted)
    assert box.content() == right


def test_a_watch_whose_connection_breaks_says_that_it_is_lost(box: RemoteNftSubject) -> None:
    cut = Cut(box)
    with cut.driver.watch() as watch:
        cut.now()
        assert [event.kind for event in watch.events()] == [EventKind.LOST]
    with cut.driver.watch():
        assert len(cut.opened) == 2


def test_what_nft_refuses_is_told_in_its_words_and_nothing_is_changed(
    box: RemoteNftSubject,
) -> None:
    cut = Cut(box)
    converge(cut.driver, due(box, EVERYTHING[:2]))
    before = box.content()
    add = '{"add": {"chain": {"family": "inet", "table": "enforcer", "name": "mine"}}}'
    wrong = '{"delete": {"chain": {"family": "inet", "table": "enforcer", "name": "none"}}}'
    text = f'{{"nftables": [{add}, {wrong}]}}'.encode()
    with cut.driver.connect() as session:
        session.read_state()
        with pytest.raises(CommandRejected, match=r"exit code 1.*No such file or directory"):
            session.stage(Batch(Work(text), 1, ALL))
    assert box.content() == before


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("exec /nowhere/nft", DeviceUnreachable, "install nftables"),
        ("echo 'sudo: a password is required' >&2; exit 1", AuthenticationFailed, "sudoers"),
        ("echo 'Operation not permitted' >&2; exit 1", AuthenticationFailed, "log in as root"),
        ("echo 'Error: syntax error' >&2; exit 1", CommandRejected, "syntax error"),
    ],
)
def test_why_nft_does_not_run(
    box: RemoteNftSubject, script: str, kind: type[DeviceError], words: str
) -> None:
    box.spoil(script)
    cut = Cut(box)
    with cut.driver.connect() as session, pytest.raises(kind, match=words):
        session.read_state()
    assert words in cut.driver.diagnose()[0].detail


def test_a_user_with_no_rights_is_told_so(tmp_path: Path) -> None:
    """The real nft, in a user namespace without a right on the network."""
    nft = shutil.which("nft") or "/usr/sbin/nft"
    with Sshd(tmp_path / "sshd") as sshd, opened(options(sshd)) as client:
        program = f"setpriv --bounding-set=-net_admin --inh-caps=-net_admin {nft}"
        shell = SshShell(client, f"unshare --net -- {program}", CLOCK)
        with pytest.raises(AuthenticationFailed, match="not be used"):
            shell.nft("-j", "-f", "-", stdin=b'{"nftables": [{"add": {"table": '
                      b'{"family": "inet", "name": "x"}}}]}')  # fmt: skip


def test_a_server_that_went_is_unreachable_and_came_back_is_used(box: RemoteNftSubject) -> None:
    cut = Cut(box)
    wanted = due(box, EVERYTHING[:2])
    box.sshd.__exit__(None, None, None)
    with pytest.raises(DeviceUnreachable), cut.driver.connect():
        pass
    assert not cut.driver.diagnose()[0].ok
    with box.sshd:
        converge(cut.driver, wanted)
        assert not drifted(cut.driver, wanted)
