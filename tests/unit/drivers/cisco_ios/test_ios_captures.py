# SPDX-License-Identifier: GPL-2.0-or-later
"""Real captures of every platform, and configurations that were cut or lost lines."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.noise import without_noise
from drivers.cisco_ios.answers import clock_ahead, established, has_archive
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.parse import parse, shown_numbers
from drivers.cisco_ios.words import hits, normalised
from enforcer.errors import ParseFailed
from tests.unit.drivers.golden import load

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PARSERS: tuple[Callable[[str], object], ...] = (
    lambda text: parse("edge1", text),
    lambda text: parse("edge1", f"{text}\nend", text, text),
    lambda text: shown_numbers(text, 4),
    lambda text: shown_numbers(text, 6),
    lambda text: established("edge1", text),
    lambda text: clock_ahead("edge1", text, 0, NOW),
    lambda text: has_archive("edge1", text),
)
GOLDEN = [file.parent for file in sorted((Path(__file__).parent / "cases").glob("*/actual.txt"))]


def test_every_capture_of_every_platform_is_read_right_or_refused(corpus: Path) -> None:
    """No capture has an object of ours, so that none may be found."""
    files = sorted((corpus / "devices").rglob("*.txt"))
    assert len(files) > 50
    for file in files:
        text = file.read_text(errors="replace")
        for parser in PARSERS:
            try:
                found = parser(text)
            except ParseFailed:
                continue
            if isinstance(found, Box):
                assert not (found.groups or found.routes or found.periods or found.hold), file


def test_the_captured_lists_have_their_entries(corpus: Path) -> None:
    folder = corpus / "devices/ios/show_ip_access-lists"
    found = shown_numbers(
        (folder / "ntc-templates__cisco_ios_show_ip_access-lists.txt").read_text(), 4
    )
    assert {name for _, name in found} == {"99", "stdacl", "test", "101", "sample", "test2"}
    assert [number for number, _ in found[4, "101"]] == list(range(10, 120, 10))
    assert len(found[4, "sample"]) == 66 and found[4, "test2"] == []
    _, entry = found[4, "101"][0]
    assert normalised(entry, 4) == "permit tcp any host 10.1.1.1 eq 80"
    assert hits(found[4, "99"][2][1]) == 20


def test_the_captured_partition_is_read_with_its_numbers(corpus: Path) -> None:
    folder = corpus / "devices/ios/show_running-config_partition_access-list"
    (file,) = folder.glob("*_new.txt")
    box = parse("edge1", f"{file.read_text().rstrip()}\nend\n")
    acl = box.acls[4, "filter01"]
    assert acl.kind == "extended" and [line.number for line in acl.lines][:4] == [20, 30, 40, 50]
    (remarked,) = (line for line in acl.lines if line.remarks)
    assert (remarked.number, remarked.remarks) == (320, ("Vodafone BGP",))


@pytest.mark.parametrize(
    ("part", "up"),
    [
        ("summary.txt", {f"10.0.0.{n}" for n in range(1, 10)}),
        ("summary_all.txt", {"10.0.14.4", "10.10.13.3"}),
        ("with_dot.txt", {"10.20.30.40"}),
        ("dot_peer_as.txt", {"100.127.255.1", "100.127.255.7", "100.127.255.9", "192.88.99.1"}),
    ],
)
def test_the_captured_adjacencies_are_those_that_are_up(
    corpus: Path, part: str, up: set[str]
) -> None:
    (file,) = (corpus / "devices/ios/show_ip_bgp_summary").glob(f"*{part}")
    text = file.read_text()
    # The last capture has the prompt behind it.
    assert established("edge1", text.split("\nedge1-rt#")[0]) == up


def test_the_captured_archives(corpus: Path) -> None:
    folder = corpus / "devices/ios/genie_ShowArchive"
    told = {f.name: has_archive("edge1", f.read_text()) for f in folder.glob("*output*.txt")}
    assert [name for name, there in told.items() if not there] == [
        "genieparser__golden_output_3.txt"
    ]
    assert len(told) == 4


@given(data=st.data())
def test_a_configuration_that_lost_lines_is_read_or_refused(data: st.DataObject) -> None:
    """Never another exception; and never the whole of what was cut at its end."""
    whole = load(data.draw(st.sampled_from(GOLDEN))).actual.split("\n=== ")[0].split("\n")
    start = data.draw(st.integers(0, len(whole) - 2))
    count = data.draw(st.integers(1, 20))
    text = "\n".join(whole[:start] + whole[start + count :])
    with suppress(ParseFailed):
        parse("edge1", text)
    cut = "\n".join(whole[: data.draw(st.integers(0, len(whole) - 3))])
    with pytest.raises(ParseFailed):
        parse("edge1", cut)


@given(data=st.data())
def test_a_garbled_line_is_read_or_refused(data: st.DataObject) -> None:
    whole = load(data.draw(st.sampled_from(GOLDEN))).actual.split("\n=== ")[0]
    at = data.draw(st.integers(0, len(whole) - 8))
    rubbish = data.draw(st.text(st.characters(codec="ascii"), max_size=12))
    with suppress(ParseFailed):
        parse("edge1", whole[:at] + rubbish + whole[at + len(rubbish) :])


def test_the_captured_warning_of_a_revert_timer_is_no_answer(corpus: Path) -> None:
    """It comes to the waiting prompt, which is not shown again."""
    text = (corpus / "devices/ios/errors/revert_timer_warning_interleaved.txt").read_text()
    left = without_noise(text)
    assert left.endswith("Router(config)#")
    assert "Enter configuration commands" in left and "Rollback will begin" not in left
