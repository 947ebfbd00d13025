# SPDX-License-Identifier: GPL-2.0-or-later
"""Tags and windows: how a probe is known again, and how a flow is judged by sending time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6

from lab.errors import NoVerdict
from lab.traffic.crafted import Probe, fragments, icmp, protocol, tcp, udp
from lab.traffic.stream import FEWEST, Flow, Sent, Verdict
from lab.traffic.tags import TAG, Tag, find_tag, new_run

SEQUENCES = st.integers(min_value=0, max_value=0xFFFFFFFF)
RUN = b"\x01\x02\x03\x04"


@given(st.binary(max_size=64), st.binary(min_size=4, max_size=4), SEQUENCES)
def test_a_tag_is_found_wherever_it_is(before: bytes, run: bytes, sequence: int) -> None:
    tag = Tag(run, sequence)
    clean = before.replace(b"\xab", b"")
    assert find_tag(clean + tag.wire() + b"tail") == tag


def test_a_torn_tag_is_none() -> None:
    wire = Tag(RUN, 7).wire()
    assert find_tag(wire[:-1]) is None
    assert find_tag(wire[:-1] + b"x") is None
    assert find_tag(b"nothing") is None


def test_runs_differ() -> None:
    assert new_run() != new_run()


@pytest.mark.parametrize(
    "probe, layer",
    [(udp("192.0.2.1", "192.0.2.2", 9), IP), (udp("2001:db8::1", "2001:db8::2", 9), IPv6)],
)
@given(sequence=SEQUENCES)
def test_any_sequence_number_keeps_the_checksum(
    probe: Probe, layer: type[IP] | type[IPv6], sequence: int
) -> None:
    built = probe.wire(Tag(RUN, 0))
    at = built.index(Tag(RUN, 0).wire())
    stamped = built[:at] + Tag(RUN, sequence).wire() + built[at + TAG.size :]
    right = layer(stamped)
    del right[UDP].chksum
    assert layer(stamped)[UDP].chksum == layer(bytes(right))[UDP].chksum


@pytest.mark.parametrize("src, dst", [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")])
def test_every_kind_of_probe_carries_its_tag(src: str, dst: str) -> None:
    probes = [
        udp(src, dst, 53),
        tcp(src, dst, 25),
        icmp(src, dst),
        protocol(src, dst, 47),
        *fragments(src, dst, 53),
    ]
    for number, probe in enumerate(probes):
        assert find_tag(probe.wire(Tag(RUN, number))) == Tag(RUN, number)
    assert len({probe.label for probe in probes}) == len(probes)


def test_fragments_fit_together() -> None:
    first, later = (
        IP(probe.wire(Tag(RUN, 0))) for probe in fragments("192.0.2.1", "192.0.2.2", 53)
    )
    assert first.flags.MF
    assert (first.frag, later.frag * 8) == (0, len(first.payload))
    assert not later.flags.MF
    assert first[UDP].len == len(first.payload) + len(later.payload)


def flow_of(pattern: str) -> Flow:
    """One packet per second: ``.`` arrived, ``x`` did not; sending takes a tenth."""
    return Flow("f", tuple(Sent(n, n, n + 0.1, mark == ".") for n, mark in enumerate(pattern)))


def test_a_window_holds_what_was_sent_wholly_inside() -> None:
    flow = flow_of("." * 5)
    assert flow.window(1, 3).sent == 2
    assert flow.window(1, 3.1).sent == 3
    assert flow.window(1.05, 3.1).sent == 2


@pytest.mark.parametrize(
    "pattern, verdict",
    [
        ("." * FEWEST, Verdict.PASSED),
        ("x" * FEWEST, Verdict.BLOCKED),
        ("." * FEWEST + "x", Verdict.MIXED),
        ("x" * FEWEST + ".", Verdict.MIXED),
    ],
)
def test_verdicts(pattern: str, verdict: Verdict) -> None:
    assert flow_of(pattern).window().verdict is verdict


@pytest.mark.parametrize("pattern", ["", "x" * (FEWEST - 1), "." * (FEWEST - 1)])
def test_too_few_packets_are_no_verdict(pattern: str) -> None:
    with pytest.raises(NoVerdict, match="wait longer"):
        _ = flow_of(pattern).window().verdict


def test_effect_is_the_last_packet_that_passed() -> None:
    flow = flow_of("..........xxx..")
    assert flow.blocked_after(7.5, until=13) == 1.5
    assert flow.blocked_after(9.5, until=13) == 0
    assert flow.blocked_after(7.5) is None
    assert flow.blocked_after(99) is None
    assert flow.passes_after(9.5) == 3.5
    assert flow_of("..xx").passes_after(1.5) is None
    window = flow.window()
    assert (window.sent, window.received, window.lost) == (15, 12, 3)
    assert (window.last_passed, window.first_lost) == (14, 10)
