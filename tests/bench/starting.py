# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a controller takes from nothing until it has proved everything that stands."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from enforcer.application import Application
from lab.installation import Controller, Installation
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ME, ROUTER, application, block_list, installed
from tests.bench.ground import Node, Say, Size, collected
from tests.bench.tampering import await_proof

NAME = "start"
START, PASS = "start to verified", "full pass"

METHOD = f"""
A block list is in force, and no controller runs. `{START}` is the time from before the program
`enforcer run` is started until its first pass has read everything and found it as desired: Python,
the database, the list, the compiled state and the device. Beside it, in turns, a `{PASS}` of the
same controller, running by then, asked for by `device reconcile`: its own time, with what a person
who asks does not wait for left out."""


def _round(installation: Installation, app: Application) -> dict[str, float]:
    """Start a controller, have it make a full pass, and stop it. Raises NoVerdict."""
    at, began = datetime.now(UTC), time.monotonic()
    with Controller(installation):
        await_proof(app, at)
        started = time.monotonic() - began
        passed = app.device_reconcile(ME, ROUTER)
    return {START: started, PASS: passed.seconds}


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Start of the controller", METHOD)
    for entries in size.growth:
        with installed() as installation:
            app = application(installation)
            with Controller(installation):
                block_list(app, "standing", mixed_list(entries, seed=entries))
            number = size.rounds(entries)
            say(f"start beside {entries:,} entries, {number} rounds")
            rounds = [lambda: _round(installation, app)] * number  # noqa: B023 called here
            times = collected(rounds, chapter.remarks)
        chapter.compare(f"{entries:,} entries", times, START, PASS, True, entries)
        Node(ROUTER).nft("flush ruleset\n")
    return chapter
