# SPDX-License-Identifier: GPL-2.0-or-later
"""The database is away while orders are enforced: devices keep what they have, then all goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.clock import SystemClock
from tests.integration.pair import Controller, Pair
from tests.postgres import Cluster

pytestmark = pytest.mark.root

A, B, C = (f"198.51.100.{n}" for n in range(1, 4))
LASTS = 3.0
AWAY_FOR_EDGE1 = "database away                  device=edge1"
CANNOT_RENEW = "the lease cannot be renewed"
TIMES = 3


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """One that may be stopped: no other test uses it."""
    with Cluster() as started:
        yield started


@pytest.fixture
def pair(root: None, tmp_path: Path, own_cluster: Cluster) -> Iterator[Pair]:
    namespace = f"away-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    try:
        made = Pair(tmp_path, namespace, own_cluster.empty())
        yield made
        made.close()
    finally:
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def nft(pair: Pair, commands: str) -> None:
    inside = ["ip", "netns", "exec", pair.namespace, "nft", "-f", "-"]
    subprocess.run(inside, input=commands, text=True, check=True)


def test_while_the_database_is_away_nothing_on_devices_changes(
    pair: Pair, own_cluster: Cluster
) -> None:
    controller = pair.start()
    pair.until(controller.leads)
    pair.place(A)
    pair.place(B, lasts=LASTS)
    pair.until(lambda: pair.blocked(A, B))
    clock = SystemClock()
    ended = clock.monotonic() + LASTS
    standing = pair.token()

    own_cluster.stop()
    # Its end passes, and the lease of the leader: the order stays, the kernel's dead-man is later.
    pair.until(lambda: clock.monotonic() > ended and CANNOT_RENEW in controller.said())
    pair.until(lambda: AWAY_FOR_EDGE1 in controller.said())
    assert pair.blocked(A, B)
    assert pair.token() == standing
    # Somebody else's edit stays too: what cannot be recorded is not repaired.
    nft(pair, "delete table inet enforcer")
    edited = pair.token()
    looked, said = len(controller.steps()), len(controller.said().splitlines())
    # It looks again each second.
    clock.sleep(TIMES * 1.0)
    assert pair.token() == edited
    # It does not spin, and says what it has to say once.
    assert len(controller.steps()) - looked < 100
    assert len(controller.said().splitlines()) - said < 10

    own_cluster.start()
    pair.until(lambda: pair.blocked(A))
    pair.place(C)
    pair.until(lambda: pair.blocked(A, C))
    assert controller.end() == 0
    assert pair.is_whole()


def test_a_controller_waits_for_a_database_that_is_not_there_yet(
    pair: Pair, own_cluster: Cluster
) -> None:
    pair.place(A)
    own_cluster.stop()
    controller: Controller = pair.start()
    pair.until(lambda: "not controlling" in controller.said())
    assert not controller.leads()
    own_cluster.start()
    pair.until(lambda: pair.blocked(A))
    own_cluster.stop()
    # Told to end while it cannot say good-bye.
    assert controller.end() == 0
    own_cluster.start()
    # A lease that was not given back runs out.
    heir = pair.start()
    pair.until(heir.leads)
    assert pair.blocked(A)
    assert heir.end() == 0
    assert pair.is_whole()
