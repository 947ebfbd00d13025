# SPDX-License-Identifier: GPL-2.0-or-later
"""Three ways to have one sender's packets dropped, and how they take turns."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from enforcer.application import Application
from lab.errors import NoVerdict
from lab.installation import Installation
from tests.bench.by_hand import FRESH, TABLE
from tests.bench.enforcing import SENT_FROM, address, lift, place, settled
from tests.bench.ground import Node
from tests.bench.ratios import turns

CLI = "enforcer order"
IN_PROCESS = "place() in process"
NFT = "nft"

_HOLD = 0.25
"""Seconds for which what was done is left alone before anybody looks or undoes it."""
_REST = 0.15
_SETS = ("source", "destination")

Undo = Callable[[], None]
Act = Callable[[], Undo]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something was done at `began` and left alone until `until`."""

    what: str
    round: int
    began: float
    until: float


class Desk:
    """Where it is done; each way returns what undoes it."""

    def __init__(self, installation: Installation, app: Application, router: Node) -> None:
        self._installation = installation
        self._app = app
        self._router = router
        sets = "".join(f"set {name} {{ type ipv4_addr; }}\n" for name in _SETS)
        rules = "ip saddr @source drop; ip daddr @destination drop;"
        chain = f"chain forward {{ type filter hook forward priority -150; {rules} }}"
        router.nft(f"{FRESH}table inet {TABLE} {{\n{sets}{chain}\n}}\n")

    def by_command(self) -> Undo:
        """As a person at a shell."""
        words = ["order", "block-address", SENT_FROM, "--for", "1d", "--reason", "a benchmark"]
        line = self._installation.words(*words, "--output", "json")
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NoVerdict(f"enforcer {' '.join(words)}: {done.stderr}")
        return self._lifting(str(json.loads(done.stdout)["id"]))

    def in_process(self) -> Undo:
        """As a program that is running."""
        return self._lifting(place(self._app, address(SENT_FROM)).id)

    def _lifting(self, order: str) -> Undo:
        time.sleep(_HOLD)
        settled(self._app, order)
        return lambda: lift(self._app, order)

    def by_nft(self) -> Undo:
        """As a person without enforcer: both elements in one transaction."""
        self._nft("add")
        time.sleep(_HOLD)
        return lambda: self._nft("delete")

    def _nft(self, verb: str) -> None:
        commands = (f"{verb} element inet {TABLE} {name} {{ {SENT_FROM} }}" for name in _SETS)
        self._router.timed("nft", "; ".join(commands))


def take_turns(ways: Mapping[str, Act], rounds: int) -> list[Turn]:
    """Let each way have its turn in every round."""
    names = list(ways)
    taken: list[Turn] = []
    for number in range(rounds):
        for which in turns(len(names), number):
            began = time.monotonic()
            undo = ways[names[which]]()
            taken.append(Turn(names[which], number, began, time.monotonic()))
            undo()
            time.sleep(_REST)
    return taken


def by_round(turns_taken: list[Turn]) -> list[dict[str, Turn]]:
    """The turns of each round, by what was done."""
    rounds: dict[int, dict[str, Turn]] = {}
    for turn in turns_taken:
        rounds.setdefault(turn.round, {})[turn.what] = turn
    return list(rounds.values())
