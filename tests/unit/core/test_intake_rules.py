# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules of intake as they are read, and as they choose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.intake_reading import read_rules
from enforcer.core.intake_rules import Match, Place, filled, rule_for
from enforcer.core.ladder import Ladder
from enforcer.core.orders import Network
from enforcer.core.signals import Evidence, Signal
from enforcer.errors import ConfigurationInvalid

RULE: dict[str, Any] = {"name": "r", "do": "order", "kind": "block_address"}
HOUR = timedelta(hours=1)
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
SIGNAL = Signal(
    "xarf",
    "port_scan",
    ip_network("192.0.2.7"),
    evidence=Evidence.ESTABLISHED,
    peer=ip_network("198.51.100.1"),
    severity="high",
    port=22,
    protocol=6,
    reporter="csirt.example",
    fields={"malware": {"family": "Zeus"}, "tags": ["scan", "ssh"]},
)


class Here:
    """192.0.2.0/24 is ours; the lower half is anna's, the upper one bert's."""

    def ours(self, network: Network) -> bool:
        return str(network).startswith("192.0.2.") and network.prefixlen >= 24

    def customers(self, network: Network) -> frozenset[str]:
        halves = {"anna": "192.0.2.0/25", "bert": "192.0.2.128/25"}
        return frozenset(
            name for name, half in halves.items() if network.overlaps(ip_network(half))
        )


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        ({"name": ""}, "name"),
        ({"name": "a rule"}, "name"),
        ({"do": "block"}, "do"),
        ({"do": None}, "do"),
        ({"kind": "drop_routes"}, "kind"),
        ({"kind": None}, "kind"),
        ({"duration": "5"}, "duration"),
        ({"duration": 5}, "duration"),
        ({"duration": "1h", "ladder": ["1h"]}, "duration"),
        ({"ladder": []}, "ladder"),
        ({"ladder": ["1d", "1h"]}, "ladder"),
        ({"decay": "1d"}, "decay"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"threshold": "5"}, "threshold"),
        ({"within": "soon"}, "within"),
        ({"direction": "in"}, "direction"),
        ({"kind": "blackhole", "direction": "to"}, "direction"),
        ({"kind": "cut_feed", "keep": ["x"]}, "keep"),
        ({"order_ports": "25"}, "order_ports"),
        ({"kind": "block_port", "order_ports": "25"}, "order_protocols"),
        ({"kind": "block_port", "order_ports": "70000", "order_protocols": "tcp"}, "order_ports"),
        ({"target_in": ["192.0.2.1/24"]}, "target_in"),
        ({"target_in": "mine"}, "target_in"),
        ({"severity": "worst"}, "severity"),
        ({"protocol": "tpc"}, "protocol"),
        ({"port": True}, "port"),
        ({"fields": ["x"]}, "fields"),
        ({"format": 7}, "format"),
        ({"format": ["arf"]}, "do"),
        ({"reason": "{typ}"}, "reason"),
        ({"reason": "{__class__}"}, "reason"),
        ({"reason": " "}, "reason"),
        ({"lift": "yes"}, "lift"),
        ({"treshold": 5}, "treshold"),
        ({"do": "open", "kind": "block_address"}, "kind"),
        ({"do": "ignore", "kind": None, "lift": True}, "lift"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(stated: dict[str, Any], key: str) -> None:
    rule = {k: v for k, v in {**RULE, **stated}.items() if v is not None}
    with pytest.raises(ConfigurationInvalid, match=rf"rule 2.*: {key}: .+"):
        read_rules([{"name": "first", "do": "open"}, rule], "1h")


def test_two_rules_of_one_name() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"rule 2 \(r\): name"):
        read_rules([RULE, RULE], "1h")


def test_a_slip_gets_a_hint() -> None:
    with pytest.raises(ConfigurationInvalid, match="did you mean threshold"):
        read_rules([{**RULE, "treshold": 5}], "1h")


def test_what_is_left_out() -> None:
    (rule,) = read_rules([RULE], "2h")
    assert rule.order is not None and rule.order.ladder.rungs == (2 * HOUR,)
    assert (rule.threshold, rule.lift, rule.again) == (1, False, HOUR)


@pytest.mark.parametrize(
    ("stated", "fits"),
    [
        ({}, True),
        ({"format": "xarf"}, True),
        ({"format": ["arf", "X*"]}, True),
        ({"format": "fastnetmon"}, False),
        ({"source": "csirt-*"}, True),
        ({"source": "ids"}, False),
        ({"type": ["spam", "port_*"]}, True),
        ({"severity": "medium"}, True),
        ({"severity": "critical"}, False),
        ({"reporter": "*.example"}, True),
        ({"port": "20-25"}, True),
        ({"port": [80, 443]}, False),
        ({"protocol": ["tcp", "udp"]}, True),
        ({"protocol": "udp"}, False),
        ({"target_in": "ours"}, True),
        ({"target_in": "others"}, False),
        ({"target_in": ["others", "customer:anna"]}, True),
        ({"target_in": "customer:bert"}, False),
        ({"target_in": "192.0.2.0/29"}, True),
        ({"target_in": "192.0.2.8/29"}, False),
        ({"target_in": "2001:db8::/32"}, False),
        ({"peer_in": "others"}, True),
        ({"fields": {"malware.family": "zeu?"}}, True),
        ({"fields": {"malware.family": "emotet"}}, False),
        ({"fields": {"tags": "ssh"}}, True),
        ({"fields": {"nothing": "*"}}, False),
    ],
    ids=str,
)
def test_what_a_rule_takes(stated: dict[str, Any], fits: bool) -> None:
    rules = read_rules([{**RULE, **stated}], "1h")
    assert (rule_for(rules, SIGNAL, "csirt-1", Here()) is not None) is fits


def test_a_prefix_wider_than_ours_is_not_ours() -> None:
    assert not Place("ours").covers(ip_network("192.0.0.0/16"), Here())
    assert not Place(customer="anna").covers(ip_network("192.0.2.0/24"), Here())
    assert not Match(target_in=(Place("others"),)).fits(Signal("x", "y"), "s", Here())


def test_templates_are_filled_once() -> None:
    signal = Signal("xarf", "x", fields={"who": "{source}\n{rule}"})
    assert filled("{fields.who} / {source}", signal, "ids", "r") == "{source} {rule} / ids"
    assert filled("{fields.none}{peer}", signal, "ids", "r") == ""


class TestLadder:
    STEPS = Ladder((HOUR, 6 * HOUR, 24 * HOUR), timedelta(days=10))

    def test_it_climbs_to_its_end(self) -> None:
        ends = [NOW - timedelta(hours=n) for n in range(5)]
        found = [self.STEPS.duration(ends[:n], NOW) // HOUR for n in range(5)]
        assert found == [1, 6, 24, 24, 24]

    def test_it_forgets(self) -> None:
        ends = [NOW - timedelta(days=15), NOW - timedelta(days=14)]
        assert self.STEPS.rung(ends, NOW) == 1
        assert self.STEPS.rung(ends, NOW + timedelta(days=30)) == 0
        assert Ladder(self.STEPS.rungs).rung(ends, NOW + timedelta(days=3000)) == 2

    @given(st.lists(st.integers(0, 400)), st.integers(0, 100))
    def test_time_alone_never_climbs(self, days: list[int], later: int) -> None:
        ends = [NOW - timedelta(days=n) for n in days]
        now, then = self.STEPS.rung(ends, NOW), self.STEPS.rung(ends, NOW + timedelta(days=later))
        assert 0 <= then <= now <= min(len(ends), 2)

    @given(st.lists(st.integers(0, 400), min_size=1))
    def test_one_more_never_shortens(self, days: list[int]) -> None:
        ends = [NOW - timedelta(days=n) for n in days]
        assert self.STEPS.rung([*ends, NOW], NOW) >= self.STEPS.rung(ends, NOW)
