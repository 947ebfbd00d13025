# SPDX-License-Identifier: GPL-2.0-or-later
"""A device whose nftables are a network namespace made for one test."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import numpy as np

from drivers.nftables.driver import NftablesDriver
from enforcer.clock import SystemClock
from enforcer.core.addresses import to_column
from enforcer.core.drift import Drift, compare, compare_region
from enforcer.core.instants import to_ms
from enforcer.core.plan import Plan
from enforcer.core.rules import NO_END, Actual, Desired, InterfaceMember, Members, Owner, Rule
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import Session
from enforcer.errors import ConfigurationInvalid

OWNER = Owner("ctl-test", 3)


class NoSecrets:
    """A credential source that knows none."""

    def resolve(self, reference: str) -> str:
        raise ConfigurationInvalid(f"no secret {reference}")


def in_(hours: float) -> int:
    """The instant so many hours from now, milliseconds."""
    return to_ms(SystemClock().now() + timedelta(hours=hours))


def members(*rows: tuple[str, int, int]) -> Members:
    """(prefix, range or address; end; order) as members."""
    spans = sorted((*span(text), end, order) for text, end, order in rows)
    return Members(
        to_column(row[0] for row in spans),
        to_column(row[1] for row in spans),
        np.array([row[2] for row in spans], np.int64),
        np.array([row[3] for row in spans], np.int64),
    )


def span(text: str) -> tuple[int, int]:
    """First and last address of a prefix, a range or an address."""
    if "-" in text:
        first, last = (int(ip_address(part)) for part in text.split("-"))
        return first, last
    network = ip_network(text)
    return int(network.network_address), int(network.broadcast_address)


def columns(first: Any, size: int, end: int = NO_END, order: int = 1) -> Members:
    """Many IPv4 members of `size` addresses each, `first` ascending."""
    low = np.asarray(first, np.uint64)
    start = np.stack((np.zeros_like(low), low), axis=1)
    stop = start + np.array((0, size - 1), np.uint64)
    return Members(start, stop, np.full(len(low), end), np.full(len(low), order))


def desired(
    addresses: Mapping[Rule, Members],
    interfaces: Mapping[Rule, tuple[InterfaceMember, ...]] | None = None,
) -> Desired:
    """What must stand on the router."""
    return Desired("r1", addresses, interfaces or {})


@dataclass
class Router:
    """One namespace, a driver for it, and an open session."""

    namespace: str
    driver: NftablesDriver
    session: Session
    plans: list[Plan] = field(default_factory=list)

    def nft(self, commands: str) -> None:
        """Do something behind the driver's back."""
        self.run(["nft", "-f", "-"], commands)

    def run(self, command: list[str], text: str = "") -> str:
        inside = ["ip", "netns", "exec", self.namespace, *command]
        done = subprocess.run(inside, input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listing(self, what: str = "ruleset") -> str:
        return self.run(["nft", "-n", "-s", "list", *what.split()])

    def rules(self, chain: str) -> list[dict[str, Any]]:
        """The rules of one chain with their handles, as nft sees them."""
        listed = self.run(["nft", "-j", "list", "chain", "inet", "enforcer", chain])
        return [e["rule"] for e in json.loads(listed)["nftables"] if "rule" in e]

    def look(self, wanted: Desired) -> tuple[Actual, Drift]:
        actual = self.session.read_state()
        return actual, compare(wanted, actual, self.driver.findings(wanted, actual))

    def apply(self, wanted: Desired) -> Drift:
        """One full pass; returns what it found, and sees that nothing is left."""
        actual, drift = self.look(wanted)
        self.write(wanted, drift, actual)
        after, left = self.look(wanted)
        assert not left, (left.findings, left.examples)
        assert after.owner == OWNER
        assert not self.driver.plan(wanted, left, after)
        return drift

    def write(self, wanted: Desired, drift: Drift, actual: Actual) -> Actual:
        """Stage and prove every batch of the plan."""
        plan = self.driver.plan(wanted, drift, actual)
        self.plans.append(plan)
        for batch in plan.batches:
            staged = self.session.stage(batch)
            assert batch.region.delta is not None
            if batch.unproved and batch is not plan.batches[-1]:
                continue
            actual = self.session.read_state(batch.region)
            wrong = compare_region(batch.region.delta, actual)
            assert not wrong, wrong.examples
            assert staged.token == actual.token
        return actual


@contextmanager
def namespaces() -> Iterator[str]:
    """A namespace that is gone afterwards."""
    name = f"nd-{uuid.uuid4().hex[:10]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def bound(namespace: str, hooks: Iterable[str] = ("forward",), **transport: str) -> NftablesDriver:
    """A driver for a namespace."""
    given = {"netns": namespace, **transport}
    device = Device("r1", "nftables", mode=Mode.ENFORCE, transport=given, hooks=frozenset(hooks))
    return NftablesDriver.from_device(device, NoSecrets(), OWNER)


@contextmanager
def routers(hooks: Iterable[str] = ("forward",), **transport: str) -> Iterator[Router]:
    """A router in a namespace of its own."""
    with namespaces() as namespace:
        driver = bound(namespace, hooks, **transport)
        with driver.connect() as session:
            yield Router(namespace, driver, session)
