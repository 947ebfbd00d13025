# SPDX-License-Identifier: GPL-2.0-or-later
"""Orders against leaked routes, on real FRR and real BIRD: the upstream and the kernel tell.

Each is written once and runs on both edges; the customer's own prefix must not move meanwhile,
by the upstream's own log.
"""

from pathlib import Path

import pytest

from enforcer.core.orders import DropRoutes
from lab.bgp import FRR, Edge, announce, await_kernel, await_upstream, events, log_mark
from tests.lab.bgp.leaks import (
    GOOGLE,
    LEAK4,
    LEAK6,
    PROVIDER,
    Upstream,
    but_registered,
    drop,
    leaking,
    names,
    real_leak,
    with_neighbor,
)
from tests.lab.enforcement.desk import Desk

pytestmark = pytest.mark.root

LISTED_ON_FRR = 2_000
"""So many take FRR 8 seconds rather than a minute; BIRD is told all of them."""


def test_leaked_prefixes_are_dropped_and_come_back(edge: Edge, desk: Desk) -> None:
    with leaking(edge, LEAK4) as upstream:
        order = desk.place(drop(edge, *names(LEAK4)))
        assert order.status == "enforced"
        upstream.exactly([])
        desk.lift(order)
        upstream.exactly(LEAK4)
        assert upstream.never_moved()


def test_the_real_table_is_dropped_from_a_file(
    edge: Edge, desk: Desk, table: Path | None, tmp_path: Path
) -> None:
    """Listed prefix by prefix."""
    leaks = real_leak(table)
    if edge is FRR:
        leaks = leaks[:LISTED_ON_FRR]
    file = tmp_path / "leak.txt"
    file.write_text("".join(f"{prefix}\n" for prefix in names(leaks)))
    with leaking(edge, leaks) as upstream:
        order = desk.by_command(
            *("drop-routes", "--neighbor", edge.neighbors[0], "--from-file", str(file)),
            *("--for", "1h", "--confirm-routes"),
        )
        assert order["status"] == "enforced"
        await_upstream(edge, 4, {upstream.own})
        await_kernel(edge, 4, names(leaks))
        desk.lift(str(order["id"]))
        await_upstream(edge, 4, {upstream.own, *names(leaks)})
        assert upstream.never_moved()


def test_all_but_registered_drops_the_whole_real_table(
    edge: Edge, desk: Desk, table: Path | None
) -> None:
    leaks = real_leak(table)
    with leaking(edge, leaks) as upstream:
        order = desk.place(but_registered(edge))
        assert order.status == "enforced"
        await_upstream(edge, 4, {upstream.own})
        await_kernel(edge, 4, names(leaks))
        assert upstream.never_moved()


def test_ipv6_is_dropped_and_the_ipv4_session_does_not_notice(edge: Edge, desk: Desk) -> None:
    with leaking(edge, [*LEAK4, *LEAK6], family=6) as upstream:
        order = desk.place(drop(edge, *names(LEAK6[:2]), family=6))
        upstream.exactly(LEAK6[2:])
        Upstream(edge, 4, upstream.mark).exactly(LEAK4)
        assert events(edge, LEAK4[0][0], upstream.mark) == []
        desk.lift(order)
        upstream.exactly(LEAK6)
        assert upstream.never_moved()


def test_one_of_two_orders_is_lifted_and_the_other_still_holds(edge: Edge, desk: Desk) -> None:
    first, shared, second = LEAK4[:3]
    with leaking(edge, LEAK4) as upstream:
        one = desk.place(drop(edge, *names([first, shared])))
        two = desk.place(drop(edge, *names([shared, second])))
        upstream.exactly(LEAK4[3:])
        mark = log_mark()
        desk.lift(one)
        upstream.exactly([first, *LEAK4[3:]])
        assert events(edge, shared[0], mark) == [], "what both dropped was never let through"
        desk.lift(two)
        upstream.exactly(LEAK4)
        assert upstream.never_moved()


def test_by_path_by_origin_and_by_length(edge: Edge, desk: Desk) -> None:
    sessions = with_neighbor(edge)
    cases = {
        DropRoutes(sessions, choice="every", origin_as=GOOGLE): {"8.8.8.0/24", "8.8.4.0/24"},
        DropRoutes(sessions, choice="every", path_as=PROVIDER): {"1.1.1.0/24", "45.11.0.0/16"},
        DropRoutes(sessions, choice="every", longer_than4=24): {"45.11.7.0/25", edge.own[0]},
    }
    everything = {edge.own[0], *names(LEAK4)}
    with leaking(edge, LEAK4):
        orders = {desk.place(one, settled=False).id: gone for one, gone in cases.items()}
        for order in orders:
            desk.await_settled(order)
        left = everything.difference(*orders.values())
        await_upstream(edge, 4, left)
        origin, *others = orders
        desk.lift(origin)
        await_upstream(edge, 4, left | orders[origin])
        desk.lift(*others)
        await_upstream(edge, 4, everything)


def test_exactly_a_prefix_or_what_is_inside_it(edge: Edge, desk: Desk) -> None:
    wide, inner = "45.11.0.0/16", "45.11.7.0/25"
    with leaking(edge, LEAK4) as upstream:
        exact = desk.place(drop(edge, wide))
        upstream.exactly([leak for leak in LEAK4 if leak[0] != wide])
        desk.place(drop(edge, wide, or_longer=True))
        upstream.exactly([leak for leak in LEAK4 if leak[0] not in (wide, inner)])
        desk.lift(exact)
        upstream.exactly([leak for leak in LEAK4 if leak[0] not in (wide, inner)])
        assert upstream.never_moved()


def test_what_leaks_later_is_dropped_too(edge: Edge, desk: Desk) -> None:
    with leaking(edge, LEAK4[:1]) as upstream:
        desk.place(but_registered(edge))
        upstream.exactly([])
        announce(edge, LEAK4)
        # When a route that was announced after them has arrived, they have been judged.
        announce(edge, [*LEAK4, ("198.51.100.64/26", ())])
        await_upstream(edge, 4, {edge.own[0], *(["198.51.100.64/26"])})
        announce(edge, LEAK4)
        upstream.exactly([])
        assert events(edge, LEAK4[2][0], upstream.mark) == []
