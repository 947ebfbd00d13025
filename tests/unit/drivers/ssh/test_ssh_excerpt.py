# SPDX-License-Identifier: GPL-2.0-or-later
"""What is kept of a conversation for good: bounded, without half a secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.excerpt import Excerpt
from drivers._ssh.transcript import Transcript

LIMIT, EDGE = 500, 60


@given(st.lists(st.tuples(st.booleans(), st.text("ab\n", max_size=300)), max_size=30))
def test_it_is_bounded_whole_where_it_is_short_and_keeps_the_end(
    pieces: list[tuple[bool, str]],
) -> None:
    kept = Excerpt(LIMIT, EDGE)
    for by_us, piece in pieces:
        kept.add(piece, by_us)
    whole, said = "".join(piece for _, piece in pieces), kept.take()
    assert len(said) <= LIMIT + 4 * EDGE + 100
    if "left out" not in said and not said.startswith("..."):
        assert said == whole
    last = whole.rpartition("\n")[2]
    assert said.endswith(last[-20:])
    assert kept.take() == "", "each word is told once"


def test_the_middle_of_a_long_answer_is_left_out_by_whole_lines() -> None:
    kept = Excerpt(100_000, EDGE)
    kept.add("> show running-config\n", by_us=True)
    lines = [f"line {number}" for number in range(1_000)]
    for line in lines:
        kept.add(f"{line}\n", by_us=False)
    kept.add("> commit\n", by_us=True)
    said = kept.take().splitlines()
    assert said[0] == "> show running-config" and said[-1] == "> commit"
    assert said[1] == "line 0" and said[-2] == "line 999"
    (gap,) = (line for line in said if line.endswith("characters are left out ..."))
    shown = sum(len(line) + 1 for line in said[1:-1] if line != gap)
    left_out = sum(len(line) + 1 for line in lines) - shown
    assert gap == f"... {left_out} characters are left out ..."
    assert {*said[1:-1]} - {gap} <= {*lines}, "no line is cut in two"


def test_a_key_that_is_cut_leaves_neither_half() -> None:
    middle = "".join(f"MII{number}\n" for number in range(100))
    key = f"-----BEGIN PRIVATE KEY-----\n{middle}-----END PRIVATE KEY-----\n"
    kept = Excerpt(100_000, EDGE)
    kept.add(f"before\n{key}after\n", by_us=False)
    said = kept.take()
    assert "MII" not in said
    assert said.startswith("before\n") and said.endswith("after\n")


def test_what_a_transcript_gives_away_is_masked_and_told_once() -> None:
    kept = Transcript()
    kept.hide("correct horse")
    kept.sent("enable\n")
    kept.received("Password: ")
    kept.sent("correct horse\n")
    kept.received("snmp-server community s3cret RO\r\n")
    assert kept.take() == "> enable\nPassword: > ***\nsnmp-server community *** RO\n"
    assert kept.take() == ""
    kept.sent("commit\n")
    assert kept.take() == "> commit\n"
    assert "> enable" in kept.text(), "errors still show all of it"
