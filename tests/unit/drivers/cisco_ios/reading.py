# SPDX-License-Identifier: GPL-2.0-or-later
"""A box's text as the state that a session would have read."""

from __future__ import annotations

from drivers.cisco_ios.driver import IosDriver
from drivers.cisco_ios.parse import parse
from drivers.cisco_ios.reading import reading
from enforcer.core.rules import Actual
from tests.unit.drivers.golden import READ_AT

OTHER = "=== "
"""Begins what another command shows, behind the running configuration."""


class NoCredentials:
    """There are none to resolve."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        raise AssertionError(reference)


def actual_of(driver: IosDriver, text: str) -> Actual:
    """What `driver` makes of ``show running-config`` and, behind it, of other commands."""
    shown, *others = text.split(f"\n{OTHER}")
    by_command = dict(other.split("\n", 1) for other in others)
    box = parse(
        "edge1",
        shown,
        by_command.get("show ip access-lists", ""),
        by_command.get("show ipv6 access-list", ""),
    )
    archive = "\narchive\n path " in shown
    return reading(driver.setup, box, READ_AT, archive=archive, clock=0.0)
