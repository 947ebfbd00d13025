# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory may say about a BIRD, and what it can hold."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from drivers.bird.driver import BirdDriver
from enforcer.core.capability import unsupported
from enforcer.core.plan import Trait
from enforcer.core.rules import Exempt, Key, Owner, Rule
from enforcer.core.topology import Device, Neighbor
from enforcer.errors import ConfigurationInvalid
from enforcer.registry import driver_class
from tests.contract.bird_subject import NoSecrets

OURS = Owner("C0FFEE", 3)


def bound(transport: dict[str, str], **options: str) -> BirdDriver:
    neighbors = (Neighbor(ip_address("10.1.0.2")),)
    device = Device("edge1", "bird", transport=transport, options=options, neighbors=neighbors)
    return BirdDriver.from_device(device, NoSecrets(), OURS)


@pytest.mark.parametrize(
    ("transport", "options", "why"),
    [
        ({"local": "yes", "include": "enforcer.conf"}, {}, "transport.include .*absolute path"),
        ({"local": "yes", "socket": "/run/"}, {}, "transport.socket"),
        ({"local": "yes", "sockt": "/run/x"}, {}, "did you mean socket"),
        ({}, {}, "say where its daemon is"),
        ({"local": "yes"}, {"confirm": "1"}, "seconds from 5 to 600"),
        ({"local": "yes"}, {"confirm": "ten"}, "seconds from 5 to 600"),
        ({"local": "yes"}, {"colour": "red"}, "options has colour"),
    ],
)
def test_what_cannot_be_is_refused(
    transport: dict[str, str], options: dict[str, str], why: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=why):
        bound(transport, **options)


def test_it_is_found_by_its_platform() -> None:
    assert driver_class("bird") is BirdDriver


def test_what_it_can_hold() -> None:
    driver = bound({"local": "yes"})
    device = Device("edge1", "bird")

    def why(rule: Rule) -> str | None:
        return unsupported(rule, device, driver.capability)

    assert why(Rule(6, Key.RECEIVED, neighbor="10.1.0.2")) is None
    assert why(Rule(0, Key.SESSION)) is None
    assert "no neighbor 10.9.9.9" in (why(Rule(4, Key.ANNOUNCED, neighbor="10.9.9.9")) or "")
    assert why(Rule(4, Key.SOURCE)) is not None
    service = Rule(4, Key.RECEIVED, neighbor="10.1.0.2", exempt=(Exempt(1, 2, 6, (25, 25)),))
    assert "except services" in (why(service) or "")


def test_only_a_login_is_remote() -> None:
    here = bound({"local": "yes"})
    there = bound({"host": "192.0.2.1", "username": "enforcer", "agent": "yes"})
    assert Trait.REMOTE not in here.traits and Trait.REMOTE in there.traits
    assert Trait.ATOMIC | Trait.CONFIRMED_COMMIT | Trait.UNATTRIBUTED in here.traits
