# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that are measured: how they ended is told, and what they used."""

from __future__ import annotations

import os
import time

import pytest

from lab.errors import LabCommandFailed
from tests.bench.ground import FULL, timed
from tests.bench.quick_pass import processor_seconds


def test_a_program_that_is_killed_says_nothing_and_is_told_of() -> None:
    with pytest.raises(LabCommandFailed, match="ended by SIGKILL: nothing"):
        timed("sh", "-c", "kill -KILL $$")


def test_a_program_that_says_no_is_quoted() -> None:
    with pytest.raises(LabCommandFailed, match="exit code 3: not today"):
        timed("sh", "-c", "echo not today >&2; exit 3")


def test_the_processor_time_of_a_process_is_that_of_all_its_threads() -> None:
    before = processor_seconds(os.getpid())
    assert before == pytest.approx(time.process_time(), abs=1.0)
    while processor_seconds(os.getpid()) == before:
        pass


def test_the_more_entries_the_fewer_rounds() -> None:
    rounds = [FULL.rounds(entries) for entries in FULL.growth]
    assert rounds == sorted(rounds, reverse=True)
    assert rounds[0] == FULL.long and rounds[-1] == 3
