# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten real minutes of everything at once.

    python -m tests.soak [--minutes N] [--seed N] [--into FILE] [--sabotage]

Runs as root, in network namespaces of its own. Ends with 1 where something was not as it must be.
`--sabotage`: with a driver that overlooks what strangers change: the run must fail.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from enforcer.clock import SystemClock
from tests.integration.api.served import Installed
from tests.soak.minutes import Soak
from tests.soak.report import Run, page, updated
from tests.soak.service import Service, Violation
from tests.soak.wire import wires

SABOTAGED = "tests.soak.sabotaged"
HONEST = "enforcer.cli.main"


def main() -> int:
    """The command line; returns the exit code."""
    options = _parse()
    run = soaked(options.minutes * 60, options.seed, options.sabotage, options.steps)
    text = page(run)
    print(text)
    if options.into:
        before = options.into.read_text(encoding="utf-8")
        options.into.write_text(updated(before, run), encoding="utf-8")
    return 1 if run.violation else 0


def soaked(seconds: float, seed: int, sabotage: bool = False, steps: int = sys.maxsize) -> Run:
    """So many seconds, or steps, of it, in a folder and namespaces that are gone afterwards."""
    at, violation = SystemClock().now(), ""
    with tempfile.TemporaryDirectory(prefix="enforcer-soak-") as name, wires() as wire:
        installed = Installed(Path(name), wire.router)
        installed.create()
        service = Service(installed, SABOTAGED if sabotage else HONEST)
        soak = Soak(service, wire, Random(seed))
        began = time.monotonic()
        try:
            soak.begin()
            while steps > 0 and time.monotonic() - began < seconds:
                soak.step()
                steps -= 1
            soak.finish()
        except Violation as wrong:
            latest = "\n".join(soak.told.latest)
            violation = f"{wrong}\nbefore it:\n{latest}\nthe log:\n{service.tail()}"
        finally:
            soak.people.close()
            service.end()
        took = time.monotonic() - began
        return Run(at, took, seed, soak.told, service, soak.people, violation)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--steps", type=int, default=sys.maxsize, help="at most so many operations")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, metavar="FILE", help="write the result into that page")
    parser.add_argument("--sabotage", action="store_true", help="it must fail then")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
