# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device cannot hold is said with a reason."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import product

import pytest

from enforcer.control.holdable import Holdable
from enforcer.core.capability import barred, barred_reason, translated, unbarred, unsupported
from enforcer.core.drift import Change, Delta
from enforcer.core.intervals import Ranges
from enforcer.core.plan import Barred, Capability
from enforcer.core.rules import Desired, Exempt, Key, Rule, Service
from enforcer.core.topology import Device
from tests.unit.core.properties import members

DEVICE = Device("edge1", "nftables", nat=(ip_network("10.0.0.0/24"), ip_network("fd00::/64")))
EVERYTHING = Capability(frozenset(product((4, 6), Key)))
RULE = Rule(4, Key.SOURCE, Service(6, None, (25, 25)), ((1, 2),), (Exempt(5, 6),))


def test_a_capable_device_holds_everything() -> None:
    assert unsupported(RULE, DEVICE, EVERYTHING) is None


@pytest.mark.parametrize(
    "capability, rule, reason",
    [
        (replace(EVERYTHING, services=False), RULE, "protocols and ports"),
        (replace(EVERYTHING, peers=False), RULE, "both ends"),
        (replace(EVERYTHING, exempt=False), RULE, "except"),
        (
            replace(EVERYTHING, keys=frozenset({(4, Key.DESTINATION), (6, Key.SOURCE)})),
            RULE,
            "IPv4 packets by source",
        ),
    ],
)
def test_each_missing_ability_is_named(capability: Capability, rule: Rule, reason: str) -> None:
    found = unsupported(rule, DEVICE, capability)
    assert found is not None
    assert reason in found
    assert "edge1" in found
    plain = Rule(6, Key.SOURCE)
    assert unsupported(plain, DEVICE, capability) is None


def test_members_in_translated_space_are_marked() -> None:
    low = int(ip_address("9.255.255.255"))
    rows = [(low, low, 1, 1), (low + 1, low + 1, 1, 1), (low + 200, low + 300, 1, 1)]
    rows.append((low + 301, low + 400, 1, 1))
    assert translated(RULE, members(rows), DEVICE).tolist() == [False, True, True, False]
    assert not translated(RULE, members(rows), replace(DEVICE, nat=())).any()
    assert not translated(Rule(6, Key.SOURCE), members(rows), DEVICE).any()


def test_of_members_in_space_that_cannot_be_blocked_the_rest_is_held() -> None:
    able = replace(EVERYTHING, barred={6: Barred(Ranges.of([(100, 199)]), "cannot block these")})
    rule = Rule(6, Key.SOURCE)
    rows = members([(1, 50, 1, 1), (90, 210, 1, 2), (150, 150, 1, 3)])
    assert list(barred(rule, rows, able).rows()) == [(100, 199, 1, 2), (150, 150, 1, 3)]
    assert list(unbarred(rule, rows, able).rows()) == [
        (1, 50, 1, 1),
        (90, 99, 1, 2),
        (200, 210, 1, 2),
    ]
    assert barred_reason(rule, DEVICE, able) == "edge1 cannot block these."
    for other in (Rule(4, Key.SOURCE), Rule(6, Key.RECEIVED, neighbor="2001:db8::1")):
        assert not len(barred(other, rows, able))
        assert unbarred(other, rows, able).same_as(rows)


def test_orders_about_barred_space_are_unsupported_alone() -> None:
    able = replace(EVERYTHING, barred={6: Barred(Ranges.of([(100, 199)]), "cannot block these")})
    rule = Rule(6, Key.SOURCE)
    rows = members([(1, 50, 1, 1), (90, 99, 1, 1), (100, 210, 1, 2)])
    holdable = Holdable(replace(DEVICE, nat=()), able)
    kept = holdable.part(Desired("edge1", {rule: rows}))
    assert holdable.unsupported_orders == {2}
    assert list(kept.addresses[rule].rows()) == [(1, 50, 1, 1), (90, 99, 1, 1), (200, 210, 1, 2)]
    moved = holdable.only(Delta({rule: Change(rows, rows)})).addresses[rule]
    assert moved.add.same_as(kept.addresses[rule]) and moved.remove.same_as(moved.add)
