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
from tests.lab.enforcement.desk import Desk
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
        wait_until(lambda: all(laid_out_over_ssh(lab, r) for r in ROUTERS), "by SSH", timeout=60)
        for case in CASES:
            judged(remote, case)


def laid_out_over_ssh(lab: LabView, router: str) -> bool:
    """The layout by netlink has a chain that the one over SSH has not."""
    listed = lab.nft(router, "list ruleset")
    return "table inet enforcer" in listed and "chain blocks" not in listed


def judged(desk: Desk, case: Case) -> None:
    concerned = (*case.stops, *case.spares)
    assert stopped(*concerned) == [], f"{case}: before"
    order = desk.place(case.demand)
    assert passed(*case.stops) == [], f"{case}: in force"
    assert stopped(*case.spares) == [], f"{case}: in force"
    desk.lift(order)
    assert stopped(*concerned) == [], f"{case}: lifted"
