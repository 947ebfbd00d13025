# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a device of any platform prints: a correct reading or ParseFailed, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.juniper_junos import answers
from drivers.juniper_junos.parse import lines_of, parse
from drivers.juniper_junos.setup import TAG
from enforcer.errors import ParseFailed

BOX = "edge1"


def configuration(device: str, text: str) -> object:
    return parse(device, lines_of(device, text), TAG)


PARSERS: dict[str, Callable[[str, str], object]] = {
    "configuration": configuration,
    "commits": answers.commits,
    "load": answers.load_errors,
    "adjacencies": answers.adjacencies,
    "counters": answers.counters,
}
RIGHT = {
    "commits": {"evo_show_system_commit_pending.txt"},
    "load": {"exit_exclusive_uncommitted.txt"},
    "adjacencies": {"ntc-templates__show_bgp_summary.txt"},
    "counters": {"genieparser__golden_output.txt", "genieparser__golden_output_2.txt"},
    "configuration": set(),
}


@pytest.mark.parametrize("name", PARSERS)
def test_every_capture_of_every_platform(corpus: Path, name: str) -> None:
    captures = sorted((corpus / "devices").rglob("*.txt"))
    assert len(captures) > 40
    for capture in captures:
        text = capture.read_text(errors="replace")
        try:
            PARSERS[name](BOX, text)
        except ParseFailed:
            assert "junos" not in capture.parts or capture.name not in RIGHT[name], capture
        else:
            junos = "junos" in capture.parts
            assert not text.strip() or (junos and capture.name in RIGHT[name]), capture


@pytest.mark.parametrize("name", PARSERS)
@given(text=st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text(name: str, text: str) -> None:
    with suppress(ParseFailed):
        PARSERS[name](BOX, text)


VOCABULARY = """
set deactivate interfaces ge-0/0/1 unit 0 family inet inet6 filter input input-list firewall term
from then ENF-IN4 ENF-0123456789ab-M0 policy-options prefix-list policy-statement 10.0.0.0/8
2001:db8::/32 routing-options static route rib inet6.0 discard tag 4276993775 protocols bgp group
neighbor 10.1.0.2 import export disable protocol tcp ENFORCER-HOLD
"""
WORDS = st.sampled_from(VOCABULARY.split())


@given(lines=st.lists(st.lists(WORDS, max_size=9).map(" ".join), max_size=12))
def test_any_words_of_a_configuration(lines: list[str]) -> None:
    with suppress(ParseFailed):
        configuration(BOX, "\n".join(f"set {line}" for line in lines))
        configuration(BOX, "\n".join(f"deactivate {line}" for line in lines))
