# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order again, with the routers' own nft driven over SSH instead of netlink.

The same cases and packets as by netlink, from an installation of their own: a device is never
another box under its old name, so the inventory has the logins from the start.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.installation import Controller
from tests.lab.conftest import ROUTERS, LabView
from tests.lab.enforcement.desk import Desk, desk_at, install
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
        nft.write_text(f'#!/bin/sh\nexec nsenter --net={lab.netns(router)} nft "$@"\n')
        nft.chmod(0o755)
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


def test_only_logins_wrote_the_tables(desk: Desk, lab: LabView, sshd: Sshd) -> None:
    """Each router's devices are the ones that were asked for, at a server that let them in."""
    said = sshd.log.read_text()
    assert said.count("Accepted publickey") >= len(ROUTERS), said
    for router in ROUTERS:
        transport = desk.topology.devices[router].transport
        assert "netns" not in transport
        assert transport["nft"].endswith(f"nft-{router}")
        assert "enforcer" in lab.nft(router, "list tables")
