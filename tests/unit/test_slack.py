# SPDX-License-Identifier: GPL-2.0-or-later
"""What the allocator has free is given back when it is much, and the program is left alone else."""

from __future__ import annotations

import threading

import pytest

from enforcer import slack
from enforcer.clock import SystemClock
from enforcer.slack import WORTH, Slack, given_back


class Machine:
    """A process of which somebody says how big it is; a trim leaves what is `used`."""

    def __init__(self) -> None:
        self.size = self.used = 100_000_000
        self.trims = 0

    def resident(self) -> int:
        return self.size

    def trim(self) -> None:
        self.trims += 1
        self.size = self.used


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def watched(machine: Machine) -> Slack:
    return Slack(machine.resident, machine.trim)


def test_nothing_is_done_where_nothing_grows(machine: Machine, watched: Slack) -> None:
    machine.size += WORTH - 1
    assert not watched.look()
    assert machine.trims == 0


def test_what_grew_and_is_free_again_is_given_back(machine: Machine, watched: Slack) -> None:
    machine.size += 3 * WORTH
    assert watched.look()
    assert machine.size == machine.used


def test_what_is_used_is_not_searched_again_and_again(machine: Machine, watched: Slack) -> None:
    machine.size = machine.used = machine.used + 3 * WORTH
    assert watched.look()
    assert not watched.look()
    machine.size += WORTH
    assert watched.look()


def test_after_it_shrank_it_counts_from_there(machine: Machine, watched: Slack) -> None:
    machine.size = machine.used = 50_000_000
    assert not watched.look()
    machine.size += WORTH
    assert watched.look()


def test_holes_are_given_back_for_real() -> None:
    pieces = [bytearray(b"x" * 100_000) for _ in range(800)]
    full = slack.resident()
    kept = pieces[::40]
    del pieces
    slack.trim()
    assert slack.resident() < full - 40_000_000
    assert len(kept) == 20


def test_the_thread_ends_with_the_block() -> None:
    with given_back(SystemClock()):
        assert "slack" in {thread.name for thread in threading.enumerate()}
    assert "slack" not in {thread.name for thread in threading.enumerate()}
