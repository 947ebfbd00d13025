# SPDX-License-Identifier: GPL-2.0-or-later
"""The plainest question: does the other side answer."""

from lab.inside import current


def ping(node: str, dst: str, *, src: str = "", timeout: float = 1.0, count: int = 1) -> bool:
    """Whether an echo request from a node is answered within ``timeout`` seconds.

    With ``count`` above one, requests follow each other by 0.2 s and any answer will do.
    """
    source = ["-I", src] if src else []
    times = ["-c", str(count), "-i", "0.2", "-W", str(timeout)]
    done = current().run(node, "ping", "-n", "-q", *times, *source, dst, check=False)
    return done.returncode == 0
