# SPDX-License-Identifier: GPL-2.0-or-later
"""The audit chain notices every change, removal, move and cut, and names the first one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.application.actor import Actor
from enforcer.errors import AuditBroken, InvalidInput
from enforcer.storage.chain import GENESIS, Head, Link, entry, link, verify
from enforcer.storage.records import Note

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ANN = Actor("ann", "cli")
COUNT = 6


def chain(count: int = COUNT) -> tuple[list[Link], Head]:
    head = Head(0, GENESIS)
    rows: list[Link] = []
    for number in range(count):
        note = Note("order.placed", {"n": number}, subject=f"S{number}", device="edge1")
        row = link(head, note, ANN, NOON)
        head = Head(row.seq, row.hash)
        rows.append(row)
    return rows, head


def test_an_untouched_chain_holds() -> None:
    rows, head = chain()
    assert verify(rows, head).ok
    assert verify(rows, head).entries == COUNT
    assert verify([], Head(0, GENESIS)).ok


def test_an_entry_says_what_was_recorded() -> None:
    rows, _ = chain(1)
    said = entry(1, rows[0].body, rows[0].hash)
    assert (said.seq, said.at, said.kind, said.actor, said.source) == (
        1,
        NOON,
        "order.placed",
        "ann",
        "cli",
    )
    assert (said.subject, said.device, said.payload) == ("S0", "edge1", {"n": 0})


CHANGES: dict[str, Any] = {
    "kind": "order.lifted",
    "actor": "bob",
    "source": "api",
    "subject": None,
    "device": "edge2",
    "at_us": 0,
    "prev": bytes(31) + b"\1",
    "hash": bytes(32),
    "body": b"{}",
}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("place", range(COUNT))
def test_a_changed_column_is_found(column: str, place: int) -> None:
    rows, head = chain()
    rows[place] = rows[place]._replace(**{column: CHANGES[column]})
    result = verify(rows, head)
    assert (result.ok, result.first_bad, result.entries) == (False, place + 1, place)
    assert f"entry {place + 1}" in result.why


@given(place=st.integers(0, COUNT - 1), position=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_flipped_bit_of_a_body_is_found(place: int, position: int, bit: int) -> None:
    rows, head = chain()
    body = bytearray(rows[place].body)
    body[position % len(body)] ^= 1 << bit
    rows[place] = rows[place]._replace(body=bytes(body))
    assert verify(rows, head).first_bad == place + 1


def test_a_body_written_again_with_its_hash_breaks_what_follows() -> None:
    rows, head = chain()
    rows[2] = link(Head(2, rows[1].hash), Note("order.placed", {}), Actor("bob", "cli"), NOON)
    assert verify(rows, head).first_bad == 4


@pytest.mark.parametrize("place", range(COUNT))
def test_a_removed_entry_is_found(place: int) -> None:
    rows, head = chain()
    del rows[place]
    assert verify(rows, head).first_bad == place + 1
    assert "missing" in verify(rows, head).why


@pytest.mark.parametrize("kept", range(COUNT))
def test_a_cut_end_is_found(kept: int) -> None:
    rows, head = chain()
    result = verify(rows[:kept], head)
    assert (result.ok, result.first_bad, result.entries) == (False, kept + 1, kept)


@pytest.mark.parametrize("place", range(COUNT - 1))
def test_swapped_entries_are_found(place: int) -> None:
    rows, head = chain()
    first, second = rows[place], rows[place + 1]
    rows[place] = second._replace(seq=first.seq)
    rows[place + 1] = first._replace(seq=second.seq)
    assert verify(rows, head).first_bad == place + 1


def test_an_added_entry_is_found() -> None:
    rows, head = chain()
    rows.append(link(head, Note("order.placed", {}), ANN, NOON))
    result = verify(rows, head)
    assert (result.first_bad, result.entries) == (COUNT + 1, COUNT)


def test_an_entry_before_the_first_is_found() -> None:
    rows, head = chain()
    assert verify([rows[0]._replace(seq=0), *rows], head).first_bad == 0


def test_another_head_is_found() -> None:
    rows, head = chain()
    assert verify(rows, Head(head.seq, bytes(32))).first_bad == COUNT


def test_what_is_not_bytes_is_found() -> None:
    rows, head = chain()
    text: Any = "text"
    rows[1] = rows[1]._replace(body=text)
    assert verify(rows, head).first_bad == 2


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"seq":1,"at":"noon"}'])
def test_an_unreadable_entry_is_reported(body: bytes) -> None:
    with pytest.raises(AuditBroken, match="entry 3"):
        entry(3, body, GENESIS)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="zone"):
        link(Head(0, GENESIS), Note("a", {}), ANN, NOON.replace(tzinfo=None))
