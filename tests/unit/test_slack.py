# SPDX-License-Identifier: GPL-2.0-or-later
"""What the allocator has free is given back when it is much, and the program is left alone else."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from enforcer.clock import SystemClock
from enforcer.slack import WORTH, Allocator, Slack, given_back


class Heap:
    """An allocator that somebody else uses."""

    def __init__(self) -> None:
        self.bytes = 0
        self.trims = 0

    def free(self) -> int:
        return self.bytes

    def trim(self) -> None:
        self.trims += 1


@pytest.fixture
def heap() -> Heap:
    return Heap()


@pytest.fixture
def slack(heap: Heap) -> Slack:
    return Slack(heap.free, heap.trim)


def test_little_is_left_alone(heap: Heap, slack: Slack) -> None:
    heap.bytes = WORTH - 1
    assert not slack.look()
    assert heap.trims == 0


def test_much_that_was_freed_is_given_back_once(heap: Heap, slack: Slack) -> None:
    heap.bytes = 3 * WORTH
    assert slack.look()
    assert not slack.look(), "the pages are gone, the blocks are still there"
    heap.bytes += WORTH
    assert slack.look()


def test_what_was_used_again_and_freed_again_is_given_back(heap: Heap, slack: Slack) -> None:
    heap.bytes = 3 * WORTH
    assert slack.look()
    heap.bytes = WORTH
    assert not slack.look()
    heap.bytes = 2 * WORTH
    assert slack.look()


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_holes_are_given_back_for_real() -> None:
    allocator = Allocator()
    slack = Slack(allocator.free, allocator.trim)
    pieces = [bytearray(b"x" * 100_000) for _ in range(800)]
    slack.look()
    full = resident()
    kept = pieces[::40]
    del pieces
    assert slack.look()
    assert resident() < full - 40_000_000
    assert len(kept) == 20


def test_the_thread_ends_with_the_block() -> None:
    with given_back(SystemClock()):
        assert "slack" in {thread.name for thread in threading.enumerate()}
    assert "slack" not in {thread.name for thread in threading.enumerate()}
