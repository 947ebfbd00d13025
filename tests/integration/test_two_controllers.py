# SPDX-License-Identifier: GPL-2.0-or-later
"""Two real controllers on one database and one kernel: one leads, the other takes over.

However the leader goes, killed or stopped for longer than its lease at the worst moment,
nothing is lost or applied twice, and one that wakes up late writes nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from enforcer.errors import AnotherControllerActive
from enforcer.storage.errors import DatabaseMoved
from enforcer.usecases.devices import reconcile_here
from tests.integration.pair import EDGE, Controller, Pair
from tests.postgres import Cluster

pytestmark = pytest.mark.root

A, B, C, D = (f"198.51.100.{n}" for n in range(1, 5))
STANDS_BY = "standing by"
MakePair = Callable[[str], Pair]


@pytest.fixture
def make_pair(root: None, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[MakePair]:
    """A namespace, and a database of the kind that is asked for."""
    namespace = f"pair-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", namespace], check=True)
    made: list[Pair] = []

    def make(kind: str) -> Pair:
        if kind == "sqlite":
            url = "sqlite:///enforcer.db"
        else:
            cluster: Cluster = request.getfixturevalue("cluster")
            url = cluster.empty()
        made.append(Pair(tmp_path, namespace, url))
        return made[-1]

    try:
        yield make
    finally:
        for pair in made:
            pair.close()
        subprocess.run(["ip", "netns", "delete", namespace], check=True)


def leader_and_standby(pair: Pair, how: str = "") -> tuple[Controller, Controller]:
    leader = pair.start(how)
    pair.until(leader.leads)
    standby = pair.start()
    pair.until(lambda: STANDS_BY in standby.said())
    assert not standby.leads()
    return leader, standby


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_way_of_an_order_and_a_leader_that_is_killed(make_pair: MakePair, kind: str) -> None:
    pair = make_pair(kind)
    leader, standby = leader_and_standby(pair)
    first = pair.place(A)
    pair.until(lambda: pair.blocked(A))
    assert pair.reconcile() == "clean"
    before = pair.mark()
    leader.kill()
    died = time.monotonic()
    pair.place(B)
    pair.until(lambda: pair.blocked(A, B))
    print(f"{kind}: a new order stood {time.monotonic() - died:.1f} s after the leader's death")
    after = pair.mark()
    assert before is not None and after is not None
    assert (after.controller, after.epoch) == (before.controller, before.epoch + 1)
    pair.lift(first)
    pair.until(lambda: pair.blocked(B))
    assert pair.reconcile() == "clean"
    assert standby.end() == 0
    assert pair.is_whole()
    assert [e.payload["epoch"] for e in pair.audit("controller.started")] == [
        before.epoch,
        after.epoch,
    ]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_leader_that_ends_in_order_leaves_the_lead_at_once(
    make_pair: MakePair, kind: str
) -> None:
    pair = make_pair(kind)
    leader, standby = leader_and_standby(pair)
    assert pair.is_led()
    assert leader.end() == 0
    pair.until(standby.leads)
    # A standby that is told to end does so too.
    third = pair.start()
    pair.until(lambda: STANDS_BY in third.said())
    assert third.end() == 0
    assert standby.end() == 0
    assert not pair.is_led()


def stopped_and_replaced(pair: Pair, step: str, how: str) -> tuple[Controller, Controller]:
    """The leader stops at `step` of enforcing B; the standby enforces it, and it is lifted."""
    leader, standby = leader_and_standby(pair, how)
    pair.place(A)
    pair.until(lambda: pair.blocked(A))
    leader.arm(step)
    order = pair.place(B)
    pair.until(leader.stopped)
    pair.until(standby.leads)
    pair.until(lambda: pair.blocked(A, B))
    pair.lift(order)
    pair.until(lambda: pair.blocked(A) and pair.is_whole())
    return leader, standby


WORST = ["intent-writing", "staging", "outcome-writing"]


@pytest.mark.parametrize("step, how", [*((s, "") for s in WORST), ("staging", "blind")])
def test_a_leader_that_wakes_up_too_late_writes_nothing(
    make_pair: MakePair, step: str, how: str
) -> None:
    pair = make_pair("postgresql")
    leader, standby = stopped_and_replaced(pair, step, how)
    taken_by_then = pair.token()
    leader.wake()
    pair.until(lambda: STANDS_BY in leader.said())
    # Not one write: neither of what it was about to do, nor of anything later.
    assert pair.token() == taken_by_then
    assert pair.blocked(A)
    steps = leader.steps()
    awake = steps[steps.index("woke") + 1 :]
    assert not {"staged", "intent-committed", "outcome-committed"} & set(awake)
    assert "lost the lead" in leader.said()
    assert pair.is_whole()
    # It is as good a standby as any.
    standby.kill()
    pair.place(C)
    pair.until(lambda: pair.blocked(A, C))
    assert len(pair.audit("order.placed")) == 3
    assert leader.end() == 0
    assert pair.is_whole()


def test_the_mark_of_a_new_leader_stands_even_where_nothing_is_to_be_done(
    make_pair: MakePair,
) -> None:
    pair = make_pair("postgresql")
    leader, standby = leader_and_standby(pair)
    pair.until(lambda: pair.mark() is not None)
    before, token = pair.mark(), pair.token()
    leader.kill()
    pair.until(lambda: pair.mark() != before)
    assert pair.token() != token
    assert standby.end() == 0


def test_one_pass_by_hand_takes_the_same_lease(make_pair: MakePair) -> None:
    pair = make_pair("postgresql")
    pair.place(A)
    assert pair.reconcile() == "applied"
    assert pair.blocked(A) and not pair.is_led()
    leader = pair.start()
    pair.until(leader.leads)
    assert pair.is_led()
    with pytest.raises(AnotherControllerActive, match="controls this database"):
        reconcile_here(pair.world, [EDGE])
    assert leader.end() == 0


def test_an_installation_moves_to_postgresql_and_goes_on(
    make_pair: MakePair, cluster: Cluster
) -> None:
    pair = make_pair("sqlite")
    before = pair.start()
    pair.until(before.leads)
    pair.place(A)
    pair.until(lambda: pair.blocked(A))
    mark, target = pair.mark(), cluster.empty()
    copy = [sys.executable, "-m", "enforcer.cli.main", "--config", str(pair.config)]
    copy += ["database", "copy", "--to", target]
    refused = subprocess.run(copy, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and "no controller runs" in refused.stderr
    assert before.end() == 0
    done = subprocess.run(copy, capture_output=True, text=True, check=True)
    assert f'database = "{target}"' in done.stdout.replace("\n", "")

    # The old one is served by mistake: it ends at once, and writes nothing.
    standing = pair.token()
    mistake = pair.start()
    pair.until(lambda: mistake.process.poll() is not None)
    assert mistake.process.returncode != 0 and "copied to postgresql" in mistake.said()
    assert mistake.end() != 0
    with pytest.raises(DatabaseMoved, match="copied to postgresql"):
        pair.place(B)
    assert pair.token() == standing and pair.blocked(A)

    pair.move_to(target)
    after = pair.start()
    pair.until(after.leads)
    pair.place(C)
    pair.until(lambda: pair.blocked(A, C))
    status = [*copy[:5], "database", "status", "--output", "json"]
    told = json.loads(subprocess.run(status, capture_output=True, text=True, check=True).stdout)
    assert (told["kind"], told["led"], told["state"]) == ("postgresql", True, "running")
    assert f":{after.process.pid}:" in told["leader"]
    now = pair.mark()
    assert mark is not None and now is not None
    assert now.controller == mark.controller and now.epoch > mark.epoch
    assert after.end() == 0
    assert pair.is_whole()
