# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests against an EMULATED Junos router share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

from drivers._router.target import members
from drivers.juniper_junos.driver import JunosDriver
from drivers.juniper_junos.holdings import ranges_of
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Rule
from lab.emulators import packets
from lab.emulators.juniper_junos import Router
from lab.emulators.shell import Shell
from tests.contract.junos_subject import (
    ORIGINAL,
    UPSTREAM,
    JunosSubject,
)
from tests.contract.subject import NAME
from tests.contract.worlds import (
    NOTHING,
    converge,
    prefix,
    write,
)

BLOCK = (prefix("198.51.100.7/32"),)
MORE = (*BLOCK, prefix("198.51.100.9/32"))


def lines(router: Router) -> list[str]:
    return [line for line in router.running().splitlines() if " ENF-OWNER-" not in line]


def staged_and_confirmed(driver: JunosDriver, wanted: Desired) -> None:
    with driver.connect() as session:
        write(driver, session, wanted)


def recovers(subject: JunosSubject, driver: JunosDriver, wanted: Desired) -> None:
    """The next pass converges, and withdrawing gives the operator his own back."""
    subject.router.faults.clear()
    before = subject.foreign()
    converge(driver, wanted)
    assert subject.foreign() == before
    assert not passes(subject.router, "198.51.100.7")
    converge(driver, NOTHING)
    edited = ("set system location", "set interfaces ge-0/0/3 description")
    assert [x for x in lines(subject.router) if not x.startswith(edited)] == original()


def passes(router: Router, source: str) -> bool:
    packet = packets.Packet(ip_address(source), ip_address("203.0.113.5"), packets.TCP, 4000, 80)
    return router.would_pass(packet, UPSTREAM, "in")


def original() -> list[str]:
    """What the operator's configuration looks like before anything was written."""
    fresh = Router(NAME)
    fresh.load(ORIGINAL)
    return fresh.running().splitlines()


def interfaces_down(*names: str) -> Desired:
    members = tuple(InterfaceMember(name, NO_END, 7) for name in sorted(names))
    return Desired(NAME, interfaces={Rule(0, Key.INTERFACE): members})


def with_prefix(rule: Rule, *texts: str) -> Desired:
    return Desired(NAME, {rule: members(ranges_of(texts, rule.family))})


@contextmanager
def somebody_else(router: Router) -> Iterator[Shell]:
    """At the router, without SSH; gone at the end."""
    shell = router.other_operator("ann")
    yield shell
    shell.closed()
