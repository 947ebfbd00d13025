# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order again, with the routers' own nft driven over SSH instead of netlink.

The same cases and packets as by netlink, from an installation of their own: a device is never
another box under its old name, so the inventory has the logins from the start.
"""

import re
import tempfile
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.core.orders import BlockAddress
from lab.installation import Controller
from lab.isp import CUST1, VICTIM
from lab.probes import udp
from lab.shell import wait_until
from tests.lab.conftest import ROUTERS, LabView
from tests.lab.enforcement.crossings import crossing, passed, stopped
from tests.lab.enforcement.desk import SETTLED, Desk, desk_at, install
from tests.lab.enforcement.kinds import CASES, Case
from tests.lab.enforcement.test_kinds import proved
from tests.sshd import Sshd, user

pytestmark = pytest.mark.root

BY_SSH = re.compile(r"@[hri]([0-9a-f]{12})\b.* jump c\1$", re.MULTILINE)
"""How the layout over SSH looks a member up."""
BY_NETLINK = "chain blocks"
"""The chain that the layout by netlink always has, and the one over SSH never."""


@pytest.fixture(scope="module")
def sshd() -> Iterator[Sshd]:
    """OpenSSH's server, at which each router has an nft of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="enforcer-login-") as folder,
        Sshd(Path(folder), "SetEnv SHLVL=2") as started,
    ):
        yield started


def logins(network: str, sshd: Sshd, lab: LabView) -> str:
    """The inventory with a login in the place of each namespace."""
    for router in ROUTERS:
        nft = sshd.folder / f"nft-{router}"
        executable(nft, in_router(lab, router))
        login = (
            f'{{host: 127.0.0.1, port: "{sshd.port}", username: {user()},'
            f' host_key: "{sshd.host_key}", key_file: {sshd.client_key}, nft: {nft}}}'
        )
        namespace = f"{{netns: clab-isp-{router}}}"
        assert network.count(namespace) == 1, "the inventory of the lab has changed"
        network = network.replace(namespace, login)
    return network


@pytest.fixture(scope="module")
def remote(bare: LabView, sshd: Sshd) -> Iterator[Controller]:
    """A controller that knows no other way to the routers than SSH."""
    with tempfile.TemporaryDirectory(prefix="enforcer-over-ssh-") as folder:
        installation = install(Path(folder), lambda text: logins(text, sshd, bare))
        with Controller(installation) as running:
            yield running


@pytest.fixture(scope="module")
def bare(lab: LabView) -> Iterator[LabView]:
    """Empty packet filters on the routers, before the controller and after it."""
    for router in ROUTERS:
        lab.nft(router, "flush ruleset")
    yield lab
    for router in ROUTERS:
        lab.nft(router, "flush ruleset")


@pytest.fixture
def desk(remote: Controller) -> Iterator[Desk]:
    """Orders of one test on the routers behind SSH."""
    with desk_at(remote) as opened:
        yield opened


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_order_over_ssh_stops_what_it_must_and_nothing_else(
    desk: Desk, lab: LabView, case: Case
) -> None:
    with proved(desk, case):
        listed = [lab.nft(router, "list table inet enforcer") for router in ROUTERS]
        assert any(map(BY_SSH.search, listed)), listed
        assert not any(BY_NETLINK in one for one in listed), listed


def test_what_a_router_does_not_take_over_ssh_stops_nothing(
    desk: Desk, lab: LabView, remote: Controller, sshd: Sshd
) -> None:
    """No other way leads to it: with its nft broken, an order is not enforced, nor said to be."""
    host, nft = CUST1.more4[0], sshd.folder / "nft-edge1"
    crossed = crossing("cust1", "victim", udp(host, VICTIM.v4, 9))
    mark = remote.log.mark()
    executable(nft, "exit 1")
    try:
        order = desk.place(BlockAddress(ip_network(host)), settled=False)
        wait_until(lambda: failed(remote, mark), "edge1 refuses", timeout=30)
        assert desk.status(order) not in SETTLED
        assert stopped(crossed) == []
    finally:
        executable(nft, in_router(lab, "edge1"))
    desk.await_settled(order.id)
    assert passed(crossed) == []


def failed(remote: Controller, mark: int) -> bool:
    """Whether a pass of edge1 has failed since the mark."""
    return any(
        event.get("event") == "device failing" and event.get("device") == "edge1"
        for event in remote.log.events(mark)
    )


def executable(file: Path, line: str) -> None:
    """A script in the place of `file`, at once: who runs it meanwhile runs the old one."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(f"#!/bin/sh\n{line}\n")
    new.chmod(0o755)
    new.replace(file)


def in_router(lab: LabView, router: str) -> str:
    """The line of shell that runs nft in a router."""
    return f'exec nsenter --net={lab.netns(router)} nft "$@"'
