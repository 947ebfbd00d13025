# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the operator's files are those that BIRD read, told by times alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from drivers._ssh.commands import Answer
from drivers.bird.control import Control
from drivers.bird.setup import Setup
from enforcer.core.rules import Owner

FILE = "/etc/bird/bird.conf"
BEFORE, SAME, AFTER = (f"2026-11-22 04:01:43.{part}" for part in ("298999", "299417", "300000"))


class Stamped:
    """A host where every file has the same two times: of its content and of its inode."""

    device = "edge1"

    def __init__(self, content: str, inode: str) -> None:
        self._line = f"{content}000 +0000|{inode}000 +0000|{FILE}\n"

    def run(self, argv: Sequence[str], stdin: bytes = b"", seconds: float = 0.0) -> Answer:
        """What stat(1) says."""
        assert argv[0] == "stat"
        return Answer(0, self._line.encode(), b"")

    def read(self, path: str) -> bytes | None:
        raise AssertionError(path)

    def write(self, path: str, content: bytes) -> None:
        raise AssertionError(path)

    def said(self) -> str:
        return ""

    def close(self) -> None:
        """Nothing is open."""


def edited(content: str, inode: str, since: str) -> str:
    control = Control(Setup("edge1", Owner("C0FFEE", 3)), Stamped(content, inode))
    return control.edited(("", [FILE]), since)


@pytest.mark.parametrize(
    ("content", "inode", "since", "why"),
    [
        (BEFORE, BEFORE, "2026-11-22 04:01:43.299", ""),
        (SAME, SAME, "2026-11-22 04:01:43.299", ""),
        (AFTER, AFTER, "2026-11-22 04:01:43.299", f"{FILE} was edited"),
        (BEFORE, AFTER, "2026-11-22 04:01:43.299", f"{FILE} was edited"),
        (AFTER, BEFORE, "2026-11-22 04:01:43.299", f"{FILE} was edited"),
        (SAME, SAME, "2026-11-22 04:01:43.299416", f"{FILE} was edited"),
        (SAME, SAME, "2026-11-22 04:01:44", ""),
        (SAME, SAME, "2026-11-22 04:01:42", f"{FILE} was edited"),
        (SAME, SAME, "2026-11-22 04:01:43", f"{FILE} may have been edited (within the second"),
        (SAME, SAME, "04:01:43.299", "BIRD says '04:01:43.299' of when it was configured"),
    ],
)
def test_a_file_later_than_the_last_configuration_was_edited(
    content: str, inode: str, since: str, why: str
) -> None:
    """BIRD writes milliseconds and cuts off: in the same one the file was there first."""
    found = edited(content, inode, since)
    assert found.startswith(why) and bool(found) is bool(why)
