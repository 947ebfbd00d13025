# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of order again, with the routers' nft driven over SSH instead of netlink.

The same cases and packets as by netlink; what differs is the inventory's transport alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.shell import wait_until
from tests.lab.conftest import ROUTERS, LabView
from tests.lab.enforcement.crossings import passed, stopped
from tests.lab.enforcement.desk import ME, Desk
from tests.lab.enforcement.kinds import CASES, Case
from tests.sshd import Sshd, user

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("login"), "SetEnv SHLVL=2") as started:
        yield started


def transports(text: str, sshd: Sshd, lab: LabView) -> str:
    """The inventory's text with a login in the place of each namespace."""
    for router in ROUTERS:
        nft = sshd.folder / f"nft-{router}"
        nft.write_text(f'#!/bin/sh\nexec nsenter --net={lab.netns(router)} nft "$@"\n')
        nft.chmod(0o755)
        login = (
            f'{{host: 127.0.0.1, port: "{sshd.port}", username: {user()},'
            f' host_key: "{sshd.host_key}", key_file: {sshd.client_key}, nft: {nft}}}'
        )
        text = text.replace(f"{{netns: clab-isp-{router}}}", login)
    return text


def test_every_kind_stops_what_it_must_and_nothing_else(
    desk: Desk, lab: LabView, sshd: Sshd
) -> None:
    with desk.inventory_changed("network.yaml", lambda text: transports(text, sshd, lab)) as remote:
        wait_until(
            lambda: all(one.status == "ok" for one in remote.app.devices(ME)),
            "every router is proved over SSH",
            timeout=60,
        )
        for router in ROUTERS:
            assert "chain blocks" not in lab.nft(router, "list table inet enforcer"), "by netlink"
        for case in CASES:
            judged(remote, case)


def judged(desk: Desk, case: Case) -> None:
    concerned = (*case.stops, *case.spares)
    assert stopped(*concerned) == [], f"{case}: before"
    order = desk.place(case.demand)
    assert passed(*case.stops) == [], f"{case}: in force"
    assert stopped(*case.spares) == [], f"{case}: in force"
    desk.lift(order)
    assert stopped(*concerned) == [], f"{case}: lifted"
