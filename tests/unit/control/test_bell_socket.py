# SPDX-License-Identifier: GPL-2.0-or-later
"""Ringing is haste, never an order; whoever asks gets an answer or silence, never an error."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from enforcer.control.bell_socket import MAX_DATAGRAM, Doorbell, ask, doorbell_path, ring
from enforcer.control.visit import Visit


@pytest.fixture(params=["short", "long"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Paths longer than a socket address can hold are common in deep trees."""
    folder = tmp_path / ("x" * 100) if request.param == "long" else tmp_path
    folder.mkdir(exist_ok=True)
    return folder / "enforcer.db"


@pytest.fixture
def bell(database: Path) -> Iterator[Doorbell]:
    opened = Doorbell(database)
    yield opened
    opened.close()


def test_a_ring_is_heard(bell: Doorbell, database: Path) -> None:
    assert ring(database)
    assert bell.wait(5.0) == Visit({}, "")
    assert bell.wait(0.01) is None


def test_nobody_at_home_is_no_error(database: Path) -> None:
    assert not ring(database)
    assert ask(database, {"reconcile": "edge1"}, 0.1) is None


def test_a_door_that_nobody_opens_is_no_error(bell: Doorbell, database: Path) -> None:
    assert all(ring(database) for _ in range(2000))


def test_the_next_controller_takes_over_a_socket_left_behind(database: Path) -> None:
    left, taken = Doorbell(database), Doorbell(database)
    assert ring(database)
    assert taken.wait(5.0) is not None
    assert left.wait(0.01) is None
    taken.close()
    assert not doorbell_path(database).exists()
    left.close()


def test_only_its_owner_may_ring(bell: Doorbell, database: Path) -> None:
    assert doorbell_path(database).stat().st_mode & 0o777 == 0o600


def answering(bell: Doorbell, reply: dict[str, object]) -> threading.Thread:
    def answer() -> None:
        visit = bell.wait(10.0)
        assert visit is not None
        bell.answer(visit, {**reply, "asked": visit.question})

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_a_question_is_answered(bell: Doorbell, database: Path) -> None:
    thread = answering(bell, {"outcome": "clean"})
    question = {"reconcile": "edge1"}
    assert ask(database, question, 10.0) == {"outcome": "clean", "asked": question}
    thread.join()


def test_a_question_without_an_answer_ends(bell: Doorbell, database: Path) -> None:
    assert ask(database, {"reconcile": "edge1"}, 0.05) is None
    visit = bell.wait(1.0)
    assert visit is not None and visit.reply_to
    bell.answer(visit, {"too": "late"})


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"[1, 2]", b'{"a":', b"null", b"x" * 5000])
def test_nonsense_counts_as_a_ring(bell: Doorbell, database: Path, text: bytes) -> None:
    folder = os.open(database.parent, os.O_PATH | os.O_CLOEXEC)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as visitor:
        visitor.sendto(text, f"/proc/self/fd/{folder}/{doorbell_path(database).name}")
    os.close(folder)
    assert bell.wait(5.0) == Visit({}, "")


def test_a_reply_that_is_too_long_breaks_nobody(bell: Doorbell, database: Path) -> None:
    thread = answering(bell, {"much": "x" * (2 * MAX_DATAGRAM)})
    assert ask(database, {"reconcile": "edge1"}, 10.0) is None
    thread.join()
