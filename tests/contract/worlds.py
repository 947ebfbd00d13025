# SPDX-License-Identifier: GPL-2.0-or-later
"""Desired states to hold a driver against, made by the compiler from real orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network

import numpy as np

from enforcer.control.holdable import Holdable
from enforcer.control.writing import Target, Writing, compared
from enforcer.core.compile import compile_device
from enforcer.core.contributions import contributions
from enforcer.core.drift import Drift
from enforcer.core.intervals import Ranges, rows_of
from enforcer.core.lists import ListContent
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Demand,
    Direction,
    Order,
    PortRange,
    Selection,
    SuspendCustomer,
    in_force,
)
from enforcer.core.plan import Plan
from enforcer.core.protection import with_derived
from enforcer.core.rules import Actual, Desired, Owner
from enforcer.core.topology import (
    Attachment,
    Customer,
    ServiceEntry,
    ServiceSet,
    Topology,
)
from enforcer.driver_api import Driver, Session
from tests.contract.blackhole_orders import as_blackholes, for_blackholes
from tests.contract.route_orders import as_routes, for_routes
from tests.contract.subject import DEVICE, NAME, Subject, device_of

OURS = Owner("C0FFEE", 3)
HOUR = timedelta(hours=1)
_HOSTING = Customer(
    "hosting",
    (ip_network("192.0.2.0/25"), ip_network("2001:db8:1::/48")),
    (Attachment(NAME, "eth1"), Attachment(NAME, "eth2")),
)
TOPOLOGY = Topology(
    {NAME: DEVICE},
    {"hosting": _HOSTING},
    {
        "news": ServiceSet(
            "news",
            (ServiceEntry((ip_network("203.0.113.119/32"), ip_network("2001:db8:f::119/128"))),),
        ),
        "relays": ServiceSet(
            "relays",
            (ServiceEntry((ip_network("203.0.113.25/32"),), 6, (PortRange(25, 25),)),),
        ),
        "resolvers": ServiceSet("resolvers", (ServiceEntry((ip_network("203.0.113.53/32"),)),)),
    },
    documentation_space=True,
)


def prefix(text: str, direction: Direction = Direction.BOTH) -> BlockAddress:
    return BlockAddress(ip_network(text), direction)


def except_(*service_sets: str) -> Selection:
    return Selection(service_sets=service_sets)


HOSTING = Selection(customers=("hosting",))
DNS = (PortRange(53, 53),)
SMTP = (PortRange(25, 25), PortRange(465, 587))
EVERYTHING: tuple[Demand, ...] = (
    prefix("198.51.100.7/32"),
    prefix("198.51.100.64/26"),
    prefix("198.51.100.80/28"),
    prefix("2001:db8:bad::/48"),
    prefix("2001:db8:bad::7/128", Direction.FROM),
    BlockPort(HOSTING, (6,), SMTP, exceptions=except_("relays")),
    BlockPort(
        HOSTING, (6, 17), (PortRange(53, 53),), Direction.BOTH, exceptions=except_("resolvers")
    ),
    BlockPort(Selection(prefixes=(ip_network("198.51.100.9/32"),)), (1,), ()),
    BlockFlow(HOSTING, Selection(prefixes=(ip_network("203.0.113.0/24"),)), (17,)),
    BlockList("botnets"),
    SuspendCustomer("hosting", except_("resolvers", "relays")),
    SuspendCustomer("hosting", Selection(), by="interface"),
    CutFeed("hosting"),
    SuspendCustomer("hosting", Selection(), by="shutdown"),
)


def order(number: int, demand: Demand, now: datetime, end: datetime | None) -> Order:
    begin = now - HOUR
    return Order(number, number, demand, "test", "ann", "cli", begin, begin, end)


def listed(*texts: str) -> ListContent:
    """A list of IPv4 prefixes."""
    rows, none = rows_of(ip_network(text) for text in texts), Ranges.none()
    return ListContent(1, rows.first, rows.last, none.first, none.last)


def long_list(entries: int) -> ListContent:
    """Every other address of 10.0.0.0/8 from its first one on."""
    last = (10 << 24) + 2 * np.arange(entries, dtype=np.uint64)
    column = np.stack((np.zeros(entries, np.uint64), last), axis=1)
    none = Ranges.none()
    return ListContent(1, column, column, none.first, none.last)


LISTS = {"botnets": listed("198.51.100.128/30", "198.51.100.200/32", "198.18.128.0/17")}


def desired(
    orders: Iterable[Order],
    now: datetime,
    topology: Topology = TOPOLOGY,
    lists: Mapping[str, ListContent] = LISTS,
    device: str = NAME,
) -> Desired:
    """What the orders in force at `now` want on the device."""
    asks = [contributions(o, topology, lists) for o in orders if in_force(o, now)]
    return compile_device(device, asks).desired


def wanting(demands: Iterable[Demand], now: datetime) -> Desired:
    """Each demand as an order; every other one has an end."""
    return desired(_orders(demands, now), now)


def _orders(demands: Iterable[Demand], now: datetime) -> list[Order]:
    ends = (now + HOUR, None)
    return [order(n, d, now, ends[n % 2]) for n, d in enumerate(demands, 1)]


# -- the same for one subject, without what its device cannot hold ---------------------------


def topology_of(subject: Subject) -> Topology:
    """The world around the subject's device."""
    device = device_of(subject)
    doors = tuple(Attachment(NAME, i.name) for i in device.interfaces if i.behind == "hosting")
    hosting = replace(_HOSTING, attachments=doors or _HOSTING.attachments)
    whole = replace(TOPOLOGY, devices={NAME: device}, customers={"hosting": hosting})
    return with_derived(whole)


def asked(
    subject: Subject,
    orders: Iterable[Order],
    now: datetime | None = None,
    lists: Mapping[str, ListContent] = LISTS,
) -> Desired:
    """What the orders in force want of the device, as far as it can hold that."""
    if for_routes(subject):
        orders = as_routes(subject, orders, lists)
    if for_blackholes(subject):
        orders = as_blackholes(orders, lists)
    whole = desired(orders, now or subject.clock.now(), topology_of(subject), lists)
    return holdable(subject, whole)


def due(subject: Subject, demands: Iterable[Demand], now: datetime | None = None) -> Desired:
    """`wanting`, as far as the device can hold it."""
    now = now or subject.clock.now()
    return asked(subject, _orders(demands, now), now)


def holdable(subject: Subject, wanted: Desired) -> Desired:
    """The part of `wanted` that a pass would bring to the device."""
    return Holdable(device_of(subject), subject.driver(OURS).capability).part(wanted)


NOTHING = Desired(NAME)


# -- a pass without a record -----------------------------------------------------------------


def read(driver: Driver) -> Actual:
    """Everything, in a conversation of its own."""
    with driver.connect() as session:
        return session.read_state()


def drift_of(driver: Driver, wanted: Desired) -> Drift:
    """How the device differs now."""
    return compared(driver, wanted, read(driver))


def write(driver: Driver, session: Session, wanted: Desired) -> Plan:
    """One full pass: read, compare, plan, and write with every read-back."""
    actual = session.read_state()
    drift = compared(driver, wanted, actual)
    plan = driver.plan(wanted, drift, actual)
    if plan:
        target = Target(wanted, drift.delta, whole=True)
        Writing(driver, session, target, lambda name: None).run(plan.batches, actual, guarded=True)
    return plan


def converge(driver: Driver, wanted: Desired) -> Plan:
    """One full pass; afterwards nothing differs."""
    with driver.connect() as session:
        plan = write(driver, session, wanted)
        left = compared(driver, wanted, session.read_state())
        assert not left, (left.examples, left.findings)
    return plan
