# SPDX-License-Identifier: GPL-2.0-or-later
"""A dropped leak stays dropped: sessions are reset, daemons die, routers reboot, people edit."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from lab.bgp import Edge, events, killed, log_mark, reset, wait_for_bgp
from lab.clabns import restart_node
from lab.shell import wait_until
from tests.lab.bgp.leaks import LEAK4, Upstream, but_registered, drop, leaking, names
from tests.lab.bgp.tampering import TAMPERINGS, operators_own
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

SETTLED = ("clean", "applied", "repaired")
DAEMONS = {"frr": "bgpd", "bird": "bird"}
DROPPED = names(LEAK4[:3])
SECOND = LEAK4[3:]


@contextmanager
def dropping(edge: Edge, desk: Desk) -> Iterator[Upstream]:
    """Three prefixes of the leak are dropped, and the rest of it is not."""
    with leaking(edge, LEAK4) as upstream:
        desk.place(drop(edge, *DROPPED))
        upstream.exactly(SECOND)
        yield upstream
        desk.clear()


def let_through(edge: Edge, since: int) -> list[str]:
    """What the upstream heard of the dropped prefixes since a mark."""
    return [line for prefix in DROPPED for line in events(edge, prefix, since)]


@pytest.mark.parametrize("soft", [False, True], ids=["reset", "refreshed"])
def test_a_session_that_is_cleared_lets_nothing_through(edge: Edge, desk: Desk, soft: bool) -> None:
    with dropping(edge, desk) as upstream:
        mark = log_mark()
        reset(edge, soft=soft)
        wait_for_bgp()
        upstream.exactly(SECOND)
        assert let_through(edge, mark) == []
        assert desk.full_pass(edge.node) in SETTLED


def test_a_daemon_that_is_killed_comes_back_with_the_filter(edge: Edge, desk: Desk) -> None:
    with dropping(edge, desk) as upstream:
        mark = log_mark()
        with killed(edge.node, DAEMONS[edge.daemon]):
            pass
        wait_for_bgp()
        upstream.exactly(SECOND)
        assert let_through(edge, mark) == []
        wait_until(lambda: _passes(desk, edge), f"{edge.node} is read again", timeout=60)


def test_a_router_that_reboots_without_its_configuration_is_given_the_filter_again(
    edge: Edge, desk: Desk
) -> None:
    with dropping(edge, desk) as upstream:
        restart_node(edge.node)
        wait_for_bgp()
        wait_until(lambda: _passes(desk, edge), f"{edge.node} is read again", timeout=60)
        upstream.exactly(SECOND)


@pytest.mark.parametrize("tamper", TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_what_a_person_undoes_by_hand_is_repaired(
    edge: Edge, desk: Desk, tamper: Callable[[Edge], None]
) -> None:
    with dropping(edge, desk) as upstream:
        with desk.controller.absent():
            tamper(edge)
            upstream.exactly(LEAK4)
        assert _passes(desk, edge)
        upstream.exactly(SECOND)
        assert upstream.never_moved()


def test_sessions_are_cleared_while_the_filter_is_written(edge: Edge, desk: Desk) -> None:
    done = threading.Event()

    def clearing() -> None:
        while not done.is_set():
            reset(edge, soft=True)

    with leaking(edge, LEAK4) as upstream:
        other = threading.Thread(target=clearing)
        other.start()
        try:
            order = desk.place(drop(edge, *DROPPED))
            upstream.exactly(SECOND)
            desk.lift(order)
            upstream.exactly(LEAK4)
        finally:
            done.set()
            other.join()
        assert upstream.never_moved()


def test_nothing_of_ours_is_left_in_the_operators_configuration(edge: Edge, desk: Desk) -> None:
    before = operators_own(edge)
    with leaking(edge, LEAK4):
        orders = [desk.place(drop(edge, *DROPPED)), desk.place(but_registered(edge))]
        desk.lift(*orders)
    assert without_mark(operators_own(edge)) == without_mark(before)


def without_mark(configuration: str) -> str:
    """A configuration without our owner mark, which stays when everything is withdrawn."""
    mark = r"^route-map ENF-OWNER .*\n(?:.*\n)*?exit\n(?:!\n)?"
    return re.sub(mark, "", configuration, flags=re.MULTILINE)


def _passes(desk: Desk, edge: Edge) -> bool:
    return desk.full_pass(edge.node) in SETTLED
