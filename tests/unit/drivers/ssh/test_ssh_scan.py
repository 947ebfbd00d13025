# SPDX-License-Identifier: GPL-2.0-or-later
"""What became of pasted lines, told from what came back, in whatever pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.dialect import IOS, JUNOS, XR
from drivers._ssh.scan import Prompts, Scan, echo_of

PROMPT = "edge7(config)#"
SYSLOG = "*Mar  1 00:12:31.123: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, up"
REFUSED = "% Invalid input detected at '^' marker."


def scan(lines: list[str], heard: list[str] | None = None) -> Scan:
    overheard = heard if heard is not None else []
    return Scan(lines, Prompts(IOS, "edge7"), IOS, overheard.append)


LINES = st.lists(
    st.sampled_from(["permit ip any any", "exit", " deny  tcp any any", "end"]), min_size=1
)


@given(LINES, st.sets(st.integers(0, 20)), st.lists(st.integers(1, 30), min_size=1))
def test_in_any_pieces_and_with_any_syslog(
    lines: list[str], noisy: set[int], pieces: list[int]
) -> None:
    text = PROMPT
    for number, line in enumerate(lines):
        text += f"{line}\n{PROMPT}" + (f"\n{SYSLOG}\n" if number in noisy else "")
    heard: list[str] = []
    found, at, turn = scan(lines, heard), 0, 0
    while at < len(text):
        size = pieces[turn % len(pieces)]
        found.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert found.complete and found.prompt == PROMPT and found.in_config
    assert (found.said, found.refused, found.garbled) == ([], None, None)
    assert len(heard) == len(noisy & set(range(len(lines))))


def test_a_refusal_is_the_line_s_before_it() -> None:
    found = scan(["one", "two", "three"])
    found.feed(f"{PROMPT}one\n{PROMPT}two\n   ^\n{REFUSED}\n\n{PROMPT}three\n")
    assert found.complete and found.prompt == ""
    found.feed(PROMPT)
    assert found.refused == (1, REFUSED) and found.prompt == PROMPT
    assert found.said == ["   ^", REFUSED]


@pytest.mark.parametrize(
    ("came", "garbled"),
    [
        (["one", "tw", "three"], (1, "tw")),
        (["one", "three"], (1, "three")),
        (["one", "twothree"], (1, "twothree")),
        (["ne", "two", "three"], (0, "ne")),
        (["one", "two", "three", "four"], (2, "four")),
    ],
)
def test_a_line_that_came_back_otherwise(came: list[str], garbled: tuple[int, str]) -> None:
    found = scan(["one", "two", "three"])
    for line in came:
        found.feed(f"{PROMPT}{line}\n")
    assert found.garbled == garbled


def test_no_prompt_within_a_line() -> None:
    found = scan(["one"])
    found.feed(f"{PROMPT}one\nedge7(conf")
    assert found.complete and not found.prompt
    found.feed("ig)#")
    assert found.prompt == PROMPT
    found.feed(" description x")
    assert not found.prompt


@pytest.mark.parametrize("length", range(1, 33))
def test_cut_names(length: int) -> None:
    host = "edge-router-with-a-long-name-0123456789"[:length]
    ios = Prompts(IOS, host)
    assert ios.end(f"x\n{host}#") == 1
    assert ios.config.fullmatch(f"{host[:20]}(config)#")
    assert ios.config.fullmatch(f"{host[:20]}(config-ext-nacl)#")
    assert not ios.any.fullmatch(f"x{host}#")
    whole = f"RP/0/RP0/CPU0:{host}"
    xr = Prompts(XR, host)
    assert xr.config.fullmatch(f"{whole[:31]}(config)#")
    assert xr.any.fullmatch(f"{whole}#")


def test_what_stands_above_a_prompt_of_junos() -> None:
    prompts = Prompts(JUNOS, "edge9")
    text = "answer\n\n{master:0}[edit]\n"
    assert prompts.end(f"{text}x@edge9# ") is not None
    assert prompts.without_above("answer\n\n{master:0}\n[edit policy-options]\n") == "answer"
    waits = "# commit confirmed will be rolled back in 1 minute\n"
    assert prompts.without_above(f"answer\n{waits}{{master}}[edit]\n") == "answer"
    assert prompts.without_above("system {\n    a;\n}\n\n") == "system {\n    a;\n}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("edge7#show  run\n", True),
        ("show run \n", True),
        ("show run", False),
        ("edge7#show running\n", False),
        ("no show run\n", False),
        (f"{SYSLOG}\nshow run\n", True),
    ],
)
def test_echoes(text: str, found: bool) -> None:
    assert bool(echo_of("show run").search(text)) is found
