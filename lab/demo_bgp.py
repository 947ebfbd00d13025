# SPDX-License-Identifier: GPL-2.0-or-later
"""The BGP act of the demonstration: a leak dropped on FRR and on BIRD, and a victim blackholed.

    python -m lab.clabns lab/isp-bgp.clab.yml -- python -m lab.demo_bgp --json FILE

A scene in a lab of its own, with its own controller. The upstream's routing table and its log say
what became of the leak; pings say what became of the victim. `lab.demo` runs it and shows what it
found.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lab.bgp import (
    EDGES,
    Edge,
    all_pings,
    announce,
    await_kernel,
    await_upstream,
    enrol,
    events,
    inventory_for,
    log_mark,
    plain,
    upstream_count,
    wait_for_bgp,
)
from lab.demo_routers import RouterAct
from lab.demo_rows import Check
from lab.errors import LabError
from lab.installation import Controller, Installation
from lab.shell import wait_until

LEAKED = 1000
VICTIM = EDGES[0].victims[0]
VICTIMS = (VICTIM, EDGES[1].victims[0])
"""The attacked address, and one that must not notice."""
PATIENCE = "60s"
NOTE = "edge1 is FRR, edge2 is BIRD, the speaker is GoBGP, the upstream and the customer are BIRD."


def leaked() -> list[str]:
    """The prefixes that the customer announces and that are not his."""
    return [f"20.{number // 256}.{number % 256}.0/24" for number in range(LEAKED)]


@dataclass
class BgpAct:
    """What the scene shares: the installation, and what it found."""

    installation: Installation
    controller: Controller
    say: Callable[[str], None]
    act: RouterAct = field(default_factory=RouterAct)

    def place(self, *words: str) -> dict[str, Any]:
        """Place an order by command and wait until it is enforced."""
        self.say(f"enforcer order {' '.join(words)}")
        order: dict[str, Any] = self.installation.ask(
            "order", *words, "--for", "1h", "--wait", PATIENCE
        )
        return order

    def lift(self, order: str) -> None:
        """Lift it and wait until it is gone."""
        self.say(f"enforcer order lift {order}")
        words = ("--reason", "the demo goes on", "--wait", PATIENCE)
        self.installation.ask("order", "lift", order, *words)


def perform(folder: Path, say: Callable[[str], None]) -> RouterAct:
    """The whole act. `folder`: an empty directory for its installation."""
    say("the BGP lab is up; waiting for its sessions")
    wait_for_bgp()
    enrol(folder)
    installation = Installation(folder, inventory_for(folder))
    installation.create()
    with Controller(installation) as controller:
        scene = BgpAct(installation, controller, say)
        wait_until(
            lambda: all(one["status"] == "ok" for one in installation.ask("device", "list")),
            "both edges and the speaker are read",
            timeout=60,
        )
        _leak(scene)
        _blackhole(scene)
        scene.act.check("the controller never died", controller.deaths == 0)
    return scene.act


def _leak(scene: BgpAct) -> None:
    """The customer leaks on both edges; one order drops all but what is his."""
    prefixes = leaked()
    for edge in EDGES:
        announce(edge, plain(prefixes))
        await_upstream(edge, 4, {edge.own[0], *prefixes})
    mark = log_mark()
    _show(scene, "leaky announces too much")
    order = scene.place(
        *("drop-routes", "--customer", "leaky", "--all-but-registered"),
        *("--reason", "a leak (RFC 7908 type 1)"),
    )
    _check_status(scene, order)
    for edge in EDGES:
        await_upstream(edge, 4, {edge.own[0]})
        await_kernel(edge, 4, prefixes)
        what = (
            f"{_called(edge)}: none of {LEAKED} leaked routes is at the upstream or in its kernel"
        )
        scene.act.check(what, True)
    _show(scene, f"order {order['id']} is enforced")
    scene.lift(str(order["id"]))
    for edge in EDGES:
        await_upstream(edge, 4, {edge.own[0], *prefixes})
        still = not events(edge, edge.own[0], mark)
        what = f"{_called(edge)}: {edge.own[0]} never moved, by the upstream's log"
        scene.act.check(what, still)
        announce(edge, [])


def _blackhole(scene: BgpAct) -> None:
    """One address is attacked: nothing reaches it any more, through either edge."""
    mark = log_mark()
    before = all_pings(VICTIMS)
    order = scene.place("blackhole", VICTIM, "--reason", "a flood")
    _check_status(scene, order)
    during = all_pings(VICTIMS)
    scene.lift(str(order["id"]))
    for edge in EDGES:
        # The speaker has withdrawn it; the edges hear of that a moment later.
        await_kernel(edge, 4, [f"{VICTIM}/32"])
    after = all_pings(VICTIMS)
    for address, seen in zip(VICTIMS, zip(before, during, after, strict=True), strict=True):
        wanted = (3, 0, 3) if address == VICTIM else (3, 3, 3)
        said = ", ".join(f"{count}/3" for count in seen)
        scene.act.check(f"pings of {address} before, during and after", seen == wanted, said)
    quiet = not any(events(edge, f"{VICTIM}/32", mark) for edge in EDGES)
    scene.act.check("the upstream never heard of the blackhole", quiet)


def _check_status(scene: BgpAct, order: dict[str, Any]) -> None:
    said = ", ".join(f"{one['device']} {one['status']}" for one in order["devices"])
    ok = order["status"] == "enforced"
    scene.act.check(f"order {order['id']} {order['kind']} is enforced", ok, said)


def _show(scene: BgpAct, heading: str) -> None:
    lines = [
        f"{_called(edge)}: the upstream has {upstream_count(edge, 4)} IPv4 routes" for edge in EDGES
    ]
    scene.act.show(heading, "\n".join(lines))


def _called(edge: Edge) -> str:
    return f"{edge.node} ({edge.daemon})"


def write(file: Path, act: RouterAct) -> None:
    """What was found, for another process."""
    found = {"checks": [asdict(check) for check in act.checks], "passages": act.passages}
    file.write_text(json.dumps(found), encoding="utf-8")


def read(file: Path) -> RouterAct:
    """The same again."""
    found = json.loads(file.read_text(encoding="utf-8"))
    checks = [Check(**check) for check in found["checks"]]
    return RouterAct(checks, [(heading, text) for heading, text in found["passages"]])


def main() -> int:
    """The command line; returns the exit code: 0 only where everything held."""
    parser = argparse.ArgumentParser(prog="python -m lab.demo_bgp", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="what was found")
    options = parser.parse_args()
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="enforcer-demo-bgp-") as folder:
        try:
            act = perform(Path(folder), say)
        except LabError as error:
            print(f"demo: {error}", file=sys.stderr)
            return 1
    write(options.json, act)
    return 0 if act.held else 1


if __name__ == "__main__":
    sys.exit(main())
