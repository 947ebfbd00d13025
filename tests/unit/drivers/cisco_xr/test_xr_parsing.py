# SPDX-License-Identifier: GPL-2.0-or-later
"""The IOS-XR parsers: a correct reading or ParseFailed, never a wrong one, never another error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers._ssh.noise import without_noise, without_timestamp
from drivers.cisco_xr.model import Box
from drivers.cisco_xr.names import mark_of, mark_text
from drivers.cisco_xr.parse import box
from drivers.cisco_xr.parse_ace import counted, normal, numbered
from drivers.cisco_xr.parse_bgp import established
from drivers.cisco_xr.parse_commit import Said, locked, newest, said, why_failed
from drivers.cisco_xr.parse_counters import matches
from enforcer.core.rules import Owner
from enforcer.errors import ParseFailed

CASES = Path(__file__).parent / "cases"
PARSERS: tuple[Callable[[str], object], ...] = (
    lambda text: box("edge1", text),
    lambda text: newest("edge1", text),
    lambda text: established("edge1", text),
    lambda text: matches("edge1", 4, "X", text),
    said,
    locked,
    why_failed,
    normal,
    counted,
    numbered,
)
SUMMARY = """
BGP router identifier 10.0.0.1, local AS number 64500
Process       RcvTblVer   bRIB/RIB   LabelVer  ImportVer  SendTblVer  StandbyVer
Speaker              12         12         12         12          12           0

Neighbor        Spk    AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down  St/PfxRcd
10.1.0.2          0 64501    1234    1235       12    0    0    1w2d        100
10.1.0.6          0 64502       0       0        0    0    0 00:00:00 Idle
10.1.0.10         0 64503       0       0        0    0    0 00:00:00 Idle (Admin)
2001:db8:1234:5678::1
                  0 64504      10      10       12    0    0 01:02:03          5
"""


def captures(corpus: Path) -> list[Path]:
    return sorted((corpus / "devices").rglob("*.txt"))


def ours_in(found: object) -> object:
    """What a reading takes for ours."""
    if isinstance(found, Box):
        return [*found.groups, *found.routes, *found.sets, *found.policies]
    return []


def test_every_capture_of_every_platform_is_read_right_or_refused(corpus: Path) -> None:
    """No capture has an object of ours, so that none may be found."""
    files = captures(corpus)
    assert len(files) > 50
    for file in files:
        whole = file.read_text(errors="replace")
        for text in (whole, without_noise(without_timestamp(whole)), *whole.split("\n---\n")):
            for parser in PARSERS:
                try:
                    found = parser(text)
                except ParseFailed:
                    continue
                assert not ours_in(found), file


def test_the_captured_commit_list_is_read(corpus: Path) -> None:
    (file,) = (p for p in captures(corpus) if "cisco_xr_show_configuration_commit_list" in p.name)
    found = newest("edge1", file.read_text())
    assert found is not None
    assert (found.label, found.user, found.client) == ("1000000093", "fred", "CLI")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("commit_failed_pseudo_atomic.txt", Said.FAILED),
        ("commit_failed_with_syslog_interleaved.txt", Said.FAILED),
        ("commit_failed_atomic_validation.txt", Said.FAILED),
        ("trial_commit_confirm.txt", Said.CONFIRMED),
    ],
)
def test_captured_answers_to_a_commit_are_judged(corpus: Path, name: str, what: Said) -> None:
    assert said((corpus / "devices/xr/errors" / name).read_text()) is what


def test_the_captured_reason_of_a_full_box_is_called_so(corpus: Path) -> None:
    text = (corpus / "devices/xr/errors/commit_failed_pseudo_atomic.txt").read_text()
    assert "TCAM" in why_failed(text) and "ACL compression" in why_failed(text)


def test_captured_prefix_sets_are_read(corpus: Path) -> None:
    """The last member has no comma; a trailing comma is no member."""
    text = (
        corpus / "devices/xr/genie_ShowRplPrefixSet/genieparser__golden_output_2.txt"
    ).read_text()
    found = box("edge1", text.replace("prefix-set test", "prefix-set ENF-0123456789ab-S") + "\n!\n")
    (entries,) = found.sets.values()
    assert len(entries) == 5 and "10.169.0.0/8 ge 16 le 24" in entries


@pytest.mark.parametrize("fact", ["locked by another agent", "A trial commit is underway"])
def test_captured_refusals_of_the_lock_are_known(corpus: Path, fact: str) -> None:
    text = (corpus / "devices/xr/errors/live_xrv9k_2431_facts.txt").read_text()
    assert any(locked(part) for part in text.split("\n---\n") if fact in part)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parser in PARSERS:
        try:
            parser(text)
        except ParseFailed:
            continue


@given(data=st.data())
def test_a_cut_configuration_is_refused_or_ends_with_a_block(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(CASES.glob("*/actual.txt"))))
    text = file.read_text()
    short = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        found = box("edge1", short)
    except ParseFailed:
        return
    whole = box("edge1", text)
    # Only between two blocks can a cut go unnoticed here; the terminal sees the prompt then.
    assert all(whole.groups[key] == group for key, group in found.groups.items())
    assert all(whole.acls[key] == lines for key, lines in found.acls.items())
    assert all(whole.ports[key] == port for key, port in found.ports.items())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("interface Gi0\n shutdown\n", "no end"),
        ("% Invalid input detected at '^' marker.", "not understood"),
        ("ipv4 access-list X\n permit ipv4 any any\n!\n", "not understood"),
        ("ipv4 access-list X\n 20 permit ipv4 any any\n 10 deny ipv4 any any\n!\n", "ascend"),
        ("object-group network ipv4 ENF-A\n 2001:db8::/32\n!\n", "not understood"),
        ("ipv4 access-list X\n 1 deny ipv4 net-group ENF-0123456789ab-M0 any\n!\n", "cut"),
        ("interface X\n ipv4 access-group A sideways\n!\n", "not understood"),
        ("router bgp 1\n!\nrouter bgp 1 instance X\n!\n", "several instances"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(text: str, why: str) -> None:
    with pytest.raises(ParseFailed, match=why):
        box("edge1", text)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("deny tcp any any eq smtp", "deny tcp any any eq 25"),
        ("deny 6 any any eq www", "deny tcp any any eq 80"),
        ("deny   udp any range bootps bootpc any", "deny udp any range 67 68 any"),
        ("deny gre any any", "deny 47 any any"),
        ("permit icmpv6 any any 135", "permit icmpv6 any any nd-ns"),
        ("permit ipv4 any any", "permit ipv4 any any"),
        ("deny foo any any", "deny foo any any"),
        ("remark  deny  tcp", "remark deny tcp"),
    ],
)
def test_a_line_has_one_normal_form(shown: str, text: str) -> None:
    assert normal(shown) == text


def test_counters_are_taken_off_a_line() -> None:
    text = (
        "ipv4 access-list X\n 10 deny tcp any any eq smtp (42 matches)\n 20 permit ipv4 any any\n"
    )
    found = matches("edge1", 4, "X", text)
    assert found["deny tcp any any eq 25"] == 42
    hardware = text.replace("42 matches", "7 hw matches")
    assert matches("edge1", 4, "X", hardware)["deny tcp any any eq 25"] == 7
    with pytest.raises(ParseFailed):
        matches("edge1", 4, "Y", text)


def test_who_counts_prefixes_is_established() -> None:
    assert established("edge1", SUMMARY) == {"10.1.0.2", "2001:db8:1234:5678::1"}
    assert established("edge1", "% BGP instance 'default' not active") == frozenset()
    with pytest.raises(ParseFailed):
        established("edge1", "Neighbor is fine")


@pytest.mark.parametrize(
    "owner", [Owner("C0FFEE", 3), Owner("C0FFEE", 3, 4711, "0badcafe")], ids=["short", "long"]
)
def test_the_mark_is_read_as_it_was_written(owner: Owner) -> None:
    text = f"object-group network ipv4 ENF-OWNER\n description {mark_text(owner)}\n!\n"
    found = mark_of(box("edge1", text).groups[4, "ENF-OWNER"])
    assert found is not None and found == owner
    assert (found.position, found.digest) == (owner.position, owner.digest)


@pytest.mark.parametrize(
    "head",
    ["object-group network ipv4", "ipv6 access-list", "prefix-set", "route-policy"],
)
def test_any_object_of_that_name_forbids_to_write(head: str) -> None:
    end = {"prefix-set": "end-set\n", "route-policy": "end-policy\n"}.get(head, "")
    assert box("edge1", f"{head} ENFORCER-HOLD\n{end}!\n").hold
    assert not box("edge1", f"{head} OTHER\n{end}!\n").hold
