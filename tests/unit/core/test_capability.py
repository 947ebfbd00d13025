# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device cannot hold is said with a reason."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import product

import pytest

from enforcer.core.capability import translated, unsupported
from enforcer.core.plan import Capability
from enforcer.core.rules import Exempt, Key, Rule, Service
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
