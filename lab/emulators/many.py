# SPDX-License-Identifier: GPL-2.0-or-later
"""`python -m lab.emulators.many PLATFORM`: many emulated routers in one program.

For benchmarks: what emulates must not take turns with what is measured. It reads one line of JSON
(`config`, and `seconds` for a line, one for each router), prints one (where each listens), and
serves until its standard input ends.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import asyncssh

from lab.emulators.device import Emulator
from lab.emulators.platforms import emulator
from lab.emulators.server import serving


@contextmanager
def many(platform: str, seconds: Sequence[float], config: str) -> Iterator[list[dict[str, object]]]:
    """Serve routers `r0`, `r1` ...; each takes its `seconds` for a line.

    Yields where each listens, its host key, and its slowness.
    """
    key = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    with contextlib.ExitStack() as running:
        found: list[dict[str, object]] = []
        for number, slow in enumerate(seconds):
            router: Emulator = emulator(platform, f"r{number}")
            router.load(config)
            router.faults.slow_lines(slow)
            server = running.enter_context(serving(router, host_key=key))
            found.append(
                {"host": server.host, "port": server.port, "key": server.public_key, "slow": slow}
            )
        yield found


def main() -> int:
    """The program."""
    asked = json.loads(sys.stdin.readline())
    with many(sys.argv[1], asked["seconds"], asked["config"]) as found:
        print(json.dumps(found), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
