# SPDX-License-Identifier: GPL-2.0-or-later
"""Sessions, watches, diagnosis and the shared connection, on a shell that says what is told it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import pytest

from drivers._router.known import KnownRules
from drivers._ssh.commands import Lines
from drivers._ssh.login import Client
from drivers.nftables.remote.connection import SharedConnection
from drivers.nftables.remote.diagnosis import diagnose
from drivers.nftables.remote.looks import Looks
from drivers.nftables.remote.planning import Work
from drivers.nftables.remote.session import RemoteSession
from drivers.nftables.remote.shell import Listed, Shell
from drivers.nftables.remote.watch import RemoteWatch, told
from enforcer.clock import SystemClock
from enforcer.core.plan import ALL, Batch
from enforcer.core.topology import Device, Interface
from enforcer.driver_api import DeviceEvent, Diagnosis, EventKind
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    DeviceBusy,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)

WORK = Batch(Work(b"{}"), 1, ALL)
GENERATION = b"# new generation 12 by process 4711 (nft)"


def said(*entries: dict[str, object]) -> bytes:
    return json.dumps({"nftables": [{"metainfo": {}}, *entries]}).encode()


def table(name: str) -> dict[str, object]:
    return {"table": {"family": "inet", "name": name, "handle": 1}}


class Told:
    """The monitor's lines; then, if given, what breaks it."""

    def __init__(self, lines: Sequence[bytes], broken: DeviceError | None) -> None:
        self._lines, self._broken = lines, broken
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._lines
        if self._broken is not None:
            raise self._broken

    def close(self) -> None:
        self.closed = True


class ToldShell:
    """A router of which a test says what it shows. `chains` are what is in the table."""

    device = "r1"

    def __init__(self, *lines: bytes, broken: DeviceError | None = None) -> None:
        self.told = Told(lines, broken)
        self.chains: list[str] | None = []
        self.tables: list[str] = []
        self.refused: DeviceError | None = None
        self.failing = 0
        self.names = ["lo", "eth0"]

    def nft(self, *arguments: str, stdin: bytes = b"") -> bytes:
        if self.refused is not None:
            raise self.refused
        if arguments == ("-j", "-f", "-"):
            self.chains = [*(self.chains or []), "new"]
        return b"nftables v1.0.6" if arguments == ("--version",) else self.listed().tables

    def listed(self) -> Listed:
        names = [*self.tables, *(["enforcer"] if self.chains is not None else [])]
        tables = said(*map(table, names))
        self.failing -= 1
        if self.chains is None or self.failing >= 0:
            return Listed(tables, None)
        where = {"family": "inet", "table": "enforcer"}
        found = [table("enforcer")]
        found += [{"chain": {**where, "name": name}} for name in self.chains]
        return Listed(tables, said(*found))

    def interfaces(self) -> list[str]:
        return self.names

    def said(self) -> str:
        return ""

    def monitor(self) -> Lines:
        return cast(Lines, self.told)


def session(shell: Shell, looks: Looks | None = None) -> RemoteSession:
    return RemoteSession("r1", shell, KnownRules(), looks or Looks(), SystemClock())


# -- sessions --------------------------------------------------------------------------------


def test_what_was_staged_is_the_token_afterwards() -> None:
    shell = ToldShell()
    opened = session(shell)
    before = opened.read_state().token
    staged = opened.stage(WORK)
    assert staged.token == opened.fingerprint().token != before


def test_a_look_that_is_refused_after_the_write_is_no_refusal_of_the_write() -> None:
    """What stands must not be recorded as rejected, nor taken for harmless."""

    class Speechless(ToldShell):
        def nft(self, *arguments: str, stdin: bytes = b"") -> bytes:
            answer = super().nft(*arguments, stdin=stdin)
            self.failing = 9
            return answer

    shell = Speechless()
    opened = session(shell)
    opened.read_state()
    with pytest.raises(DeviceError, match="it was written") as raised:
        opened.stage(WORK)
    assert type(raised.value) is DeviceError and shell.chains == ["new"]


def test_nothing_is_written_over_what_was_not_read() -> None:
    shell = ToldShell()
    opened = session(shell)
    with pytest.raises(StaleState):
        opened.stage(WORK)
    opened.read_state()
    shell.chains = ["somebody's"]
    with pytest.raises(StaleState):
        opened.stage(WORK)
    assert shell.chains == ["somebody's"]


def test_the_marker_stops_what_is_not_guarded_too() -> None:
    shell = ToldShell()
    shell.tables = ["ENFORCER-HOLD"]
    with pytest.raises(StaleState, match="marker"):
        session(shell).stage(WORK, guarded=False)


def test_what_nft_refuses_is_said_and_what_was_read_must_be_read_again() -> None:
    shell = ToldShell()
    opened = session(shell)
    opened.read_state()
    shell.refused = CommandRejected("r1", "nft said no (exit code 1): Error: no such chain")
    with pytest.raises(CommandRejected, match="no such chain"):
        opened.stage(WORK)
    shell.refused = None
    with pytest.raises(StaleState):
        opened.stage(WORK)


def test_a_table_that_went_while_it_was_listed_is_looked_for_again() -> None:
    shell = ToldShell()
    shell.failing = 2
    assert session(shell).read_state().native is not None
    shell.failing = 3
    with pytest.raises(DeviceBusy):
        session(shell).read_state()


def test_what_is_not_understood_is_refused() -> None:
    class Garbled(ToldShell):
        def listed(self) -> Listed:
            return Listed(b'{"nftables": [', None)

    with pytest.raises(ParseFailed):
        session(Garbled()).read_state()


# -- events ----------------------------------------------------------------------------------


def heard(shell: ToldShell, looks: Looks | None = None) -> list[DeviceEvent]:
    return list(RemoteWatch(shell, looks or Looks()).events())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"add table inet enforcer", "add table"),
        (b"add table inet enforcer { flags dormant; }", "add table"),
        (b"delete element inet enforcer h12 { 10.0.0.1 }", "delete element h12"),
        (b"add rule inet enforcer forward ip saddr @s drop", "add rule forward"),
        (b"add table ip6 ENFORCER-HOLD", "add ENFORCER-HOLD"),
        (b"add element inet operator friends { 10.0.0.1 }", ""),
        (b"add rule ip enforcer forward accept", ""),
        (b"", ""),
        (b"flush ruleset", "what nft says is not understood"),
        (b"hello \xff wide world of words", "what nft says is not understood"),
    ],
)
def test_what_a_line_is_about(line: bytes, expected: str) -> None:
    assert told(line) == expected


def test_one_event_for_each_transaction_with_its_writer() -> None:
    shell = ToldShell(
        b"add chain inet operator mine", GENERATION, b"add chain inet enforcer mine", GENERATION
    )
    looks = Looks()
    watch = RemoteWatch(shell, looks)
    before = session(shell).fingerprint().token
    events = watch.events()
    assert next(events) == DeviceEvent(EventKind.UNTOUCHED, "", "nft, pid 4711", before, before)
    shell.chains = ["mine"]
    after = session(shell).fingerprint().token
    what = "add chain mine"
    assert next(events) == DeviceEvent(EventKind.CHANGED, what, "nft, pid 4711", before, after)


def test_our_own_transaction_is_called_our_own_once() -> None:
    """A second one that touched ours while only one was made by us is somebody else's."""
    shell = ToldShell(*[b"add chain inet enforcer new", GENERATION] * 2)
    looks = Looks()
    watch = RemoteWatch(shell, looks)
    opened = session(shell, looks)
    opened.read_state()
    opened.stage(WORK)
    assert [e.kind for e in watch.events()] == [EventKind.OWN, EventKind.CHANGED]


def test_what_we_wrote_and_somebody_altered_since_is_not_called_our_own() -> None:
    shell = ToldShell(b"add chain inet enforcer new", GENERATION)
    looks = Looks()
    watch = RemoteWatch(shell, looks)
    opened = session(shell, looks)
    opened.read_state()
    opened.stage(WORK)
    shell.chains = []
    assert [e.kind for e in watch.events()] == [EventKind.CHANGED]


def test_events_that_were_lost_and_a_source_that_broke_are_told() -> None:
    broken = DeviceUnreachable("r1", "the connection broke")
    events = heard(ToldShell(b"# ERROR: We lost some netlink events!", broken=broken))
    assert [e.kind for e in events] == [EventKind.LOST, EventKind.LOST]
    assert "the connection broke" in events[1].what


def test_a_watch_that_cannot_look_leaves_no_monitor_behind() -> None:
    shell = ToldShell()
    shell.failing = 9
    with pytest.raises(DeviceBusy):
        RemoteWatch(shell, Looks())
    assert shell.told.closed


# -- diagnosis -------------------------------------------------------------------------------


def diagnosed(shell: ToldShell) -> list[Diagnosis]:
    @contextmanager
    def opened() -> Iterator[Shell]:
        yield shell

    return list(diagnose(Device("r1", "nftables", interfaces=(Interface("eth0"),)), opened))


def test_a_healthy_router() -> None:
    assert all(found.ok for found in diagnosed(ToldShell()))


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (DeviceUnreachable("r1", "there is no nft: install nftables"), "install nftables"),
        (AuthenticationFailed("r1", "sudo -n nft may not be used"), "may not be used"),
    ],
)
def test_what_the_shell_refuses_is_said(refused: DeviceError, words: str) -> None:
    shell = ToldShell()
    shell.refused = refused
    [found] = diagnosed(shell)
    assert not found.ok
    assert words in found.detail
    assert found.advice


def test_the_marker_and_a_missing_interface_are_said() -> None:
    shell = ToldShell()
    shell.tables, shell.names = ["ENFORCER-HOLD"], ["lo"]
    wrong = {found.check: found.detail for found in diagnosed(shell) if not found.ok}
    assert set(wrong) == {"marker", "interfaces"}
    assert "eth0" in wrong["interfaces"]


# -- the connection --------------------------------------------------------------------------


class Line:
    """A connection that stands until it is cut."""

    def __init__(self) -> None:
        self.stands, self.closed = True, False

    def alive(self) -> bool:
        return self.stands

    def get_transport(self) -> None:
        return None

    def close(self) -> None:
        self.closed = True


def test_one_connection_for_all_until_the_last_leaves() -> None:
    made: list[Line] = []

    def open_() -> Client:
        made.append(Line())
        return cast(Client, made[-1])

    shared = SharedConnection(open_)
    with shared.use() as one:
        with shared.use() as two:
            assert one is two
        assert closed(made) == [False]
    assert closed(made) == [True]
    with shared.use() as again:
        assert cast(Line, again) is made[1]
        made[1].stands = False
        with shared.use() as other:
            assert cast(Line, other) is made[2]
            assert closed(made) == [True, False, False], "somebody has yet to notice"
    assert closed(made) == [True] * 3


def closed(made: list[Line]) -> list[bool]:
    return [line.closed for line in made]
