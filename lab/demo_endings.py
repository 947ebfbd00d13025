# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to orders that stand: the router is tampered with, orders expire, are lifted."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from lab.demo_orders import Demo, both_ways, instant_of, row_of, there_and_back
from lab.demo_rows import Row
from lab.demo_traffic import FINE_RATE, WINDOW, Way, starts
from lab.inside import current
from lab.isp import CUST1, VICTIM
from lab.traffic.stream import Verdict

FLUSH_RULES = ("flush", "table", "inet", "enforcer")
FLUSH_ALL = ("flush", "ruleset")
DELETE_TABLE = ("delete", "table", "inet", "enforcer")
SHORT = 4  # seconds that the order lasts which is left to expire; its command takes some of them


def tamper(demo: Demo, router: str, *command: str) -> None:
    """Runs nft on a router behind the controller's back, and times by packets how long they leak.

    All orders are judged that stand there and were not tampered with before.
    """
    demo.say(f"{router}: nft {' '.join(command)}")
    rows = [row for row in demo.rows if row.device == router and row.repair is None]
    mark = demo.controller.log.mark()
    with ExitStack() as running:
        streams = {
            row.order: [
                running.enter_context(way.stream(FINE_RATE)) for way in demo.ways[row.order][:1]
            ]
            for row in rows
        }
        first = next(iter(streams.values()))[0]
        first.run_for(WINDOW)
        began = time.monotonic()
        current().run(router, "nft", *command)
        said = demo.controller.log.await_repair(router, mark)
        after = first.run_for(WINDOW)
    for row in rows:
        flows = [stream.flow() for stream in streams[row.order]]
        leaks = [flow.window(began, after[1]) for flow in flows]
        row.leaked = sum(leak.received for leak in leaks)
        row.repair = max((leak.last_passed or began) - began for leak in leaks)
        blocked = all(flow.window(*after).verdict is Verdict.BLOCKED for flow in flows)
        stood = all(flow.window(end=began).verdict is Verdict.BLOCKED for flow in flows)
        row.check(f"blocked again after nft {' '.join(command)}", stood and blocked)
    demo.repairs.append(said)


def overlap(demo: Demo) -> None:
    """A prefix around a blocked address is blocked too and lifted again: the address stays."""
    inner, outer = (f"{CUST1.more4[0]}", "198.51.100.8/29")
    demo.say(f"overlap: {outer} around {inner}, then lifted again")
    words = ("block-address", outer, "--for", "1h", "--reason", "scanning from the whole rack")
    order = demo.place(*words)
    row = row_of(order)
    row.kind = "overlap lifted"
    ways = both_ways("cust1", "victim", *there_and_back(CUST1.more4[1], VICTIM.v4))
    stays = both_ways("cust1", "victim", *there_and_back(inner, VICTIM.v4))

    def act() -> float:
        return instant_of(str(demo.lift(row.order)["lifted"]))

    _note_restoration(demo, row, ways, stays, act_is=act)
    row.check(f"{inner} stays blocked by its own order", row.leaked == 0, f"{row.leaked} passed")
    row.leaked = None


def expire(demo: Demo) -> None:
    """An order ends by itself: its traffic passes again at the end, and not before."""
    host = CUST1.more4[1]
    words = ("block-address", host, "--for", f"{SHORT}s", "--reason", "cooling down")
    demo.say(f"enforcer order {' '.join(words)}")
    ways = both_ways("cust1", "victim", *there_and_back(host, VICTIM.v4))
    order = demo.place(*words)
    row = row_of(order)
    row.kind = "expiry"

    def act() -> float:
        return instant_of(str(order["end"]))

    _note_restoration(demo, row, ways, [], act_is=act)
    row.leaked = None


def _note_restoration(
    demo: Demo, row: Row, ways: Sequence[Way], stays: Sequence[Way], *, act_is: Any
) -> None:
    measured, leaked = starts(ways, stays, act_is)
    row.before, row.after, row.effect = measured.before, measured.after, measured.effect
    row.measured, row.leaked = measured.stopped, leaked
    demo.rows.append(row)
