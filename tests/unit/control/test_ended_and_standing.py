# SPDX-License-Identifier: GPL-2.0-or-later
"""No order is called over while a router still blocks what it asked for, whatever keeps it there.

A router names no order, and after a restart nobody can read the rules of orders that ended before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from enforcer.control.desired_state import DesiredState
from enforcer.control.facts import Outcome
from enforcer.control.proved_record import proves
from enforcer.control.reconciler import Reconciler
from enforcer.control.rollout import Rollout
from enforcer.core.brake import PauseState
from enforcer.core.device_control import Hold
from enforcer.core.drift import Drift
from enforcer.core.orders import BlockPort, Order, PortRange, Selection
from enforcer.core.plan import Plan, Region
from enforcer.core.rules import NO_END, UNATTRIBUTED, Actual, Desired, Owner, Rule
from enforcer.core.status import Status
from enforcer.core.topology import Device, MaintenanceWindow
from enforcer.errors import DeviceUnreachable
from tests.fakes.driver import FakeDriver, FakeSession, Shown
from tests.fakes.faults import Point
from tests.fakes.router import FakeRouterDriver, FakeRouterSession, fake_router_box
from tests.fakes.table import AddMember, Entry, Table
from tests.unit.control.desk import BAD, Desk, block, edge, inventory
from tests.unit.control.test_contests import NFT, fought

DAY = 86_400.0
MAIL = BlockPort(Selection(prefixes=(ip_network(f"{BAD}/32"),)), (6,), (PortRange(25, 25),))
WINDOW = MaintenanceWindow(frozenset(range(7)), 0, 60)
"""An hour a day."""
ALL_LATER = {"changes": "window", "removals": "window", "urgent": "window"}
BARE = Entry(NO_END, UNATTRIBUTED)


class Bare(Desk):
    """A desk of one router. `unread`: rules that no program here can read on it any more.

    `rollout`: structural changes go in its waves, and each change is one.
    """

    unread: frozenset[Rule] = frozenset()
    rollout: Rollout | None = None

    def driver(self, device: Device, owner: Owner) -> FakeDriver:
        driver = _Driver(self.boxes[device.name], owner, batch_size=3)
        driver.desk = self
        return driver

    def new_reconciler(self, name: str, state: DesiredState) -> Reconciler:
        made = super().new_reconciler(name, state)
        if self.rollout is not None:
            made.turns.join(self.rollout)
        return made

    def stands(self) -> bool:
        """Whether the router still blocks anything of the address."""
        table, address = self.box().table(), int(ip_address(BAD))
        intact = [rule for rule in table.members if f"rule {rule.digest}" in table.objects]
        places = [place for rule in intact for place in table.members[rule]]
        return self.drops() or any(
            not isinstance(place, str) and place[0] <= address <= place[1] for place in places
        )


class _Driver(FakeRouterDriver):
    desk: Bare

    def plan(self, desired: Desired, drift: Drift, actual: Actual) -> Plan:
        made = super().plan(desired, drift, actual)
        if self.desk.rollout is None:
            return made
        batches = tuple(replace(batch, structural=True) for batch in made.batches)
        return Plan(batches, made.native, made.undo)

    def session(self) -> FakeSession:
        return _Session(self)


class _Session(FakeRouterSession):
    """Sees the objects of rules that it does not know, and not their members."""

    def __init__(self, driver: _Driver) -> None:
        super().__init__(driver)
        self._desk = driver.desk

    def _shown(self, table: Table, region: Region) -> Shown:
        addresses, interfaces = super()._shown(table, region)
        return {r: some for r, some in addresses.items() if r not in self._desk.unread}, interfaces


# -- what keeps a router from being written to -----------------------------------------------


def frozen(desk: Bare) -> None:
    desk.pause = PauseState.FROZEN


def paused(desk: Bare) -> None:
    desk.pause = PauseState.PAUSED


def paused_alone(desk: Bare) -> None:
    desk.decide(paused=True)


def marked(desk: Bare) -> None:
    desk.box().put_hold(True)


def braked(desk: Bare) -> None:
    digest = desk.topology.digest
    desk.decide(hold=Hold(desk.clock.now(), 1, digest, 99, "new software", all=True))


def out_of_window(desk: Bare) -> None:
    desk.clock.advance(2 * 3600)


def in_a_wave(desk: Bare) -> None:
    desk.rollout = Rollout(desk.evidence, desk.clock, lambda names, reason: None)
    assert desk.rollout.admit("r00") == ""
    desk.reconciler().turns.join(desk.rollout)


def let_go(desk: Bare) -> None:
    """Nothing keeps anything back any more."""
    desk.pause = PauseState.RUNNING
    desk.box().put_hold(False)
    desk.decide(hold=None, paused=False, contests=())
    desk.rollout = None
    desk.restart()
    if desk.topology.devices["edge1"].maintenance:
        desk.clock.advance(desk.run().again or 0.0)


Keep = Callable[[Bare], None]
KEEPS = [frozen, paused, paused_alone, marked, braked, out_of_window, in_a_wave]


@pytest.fixture(params=KEEPS, ids=lambda keep: keep.__name__)
def keep(request: pytest.FixtureRequest) -> Keep:
    found: Keep = request.param
    return found


@pytest.fixture
def router(request: pytest.FixtureRequest, new_database: Callable[[], Path]) -> Iterator[Bare]:
    device = edge()
    if "keep" in request.fixturenames and request.getfixturevalue("keep") is out_of_window:
        device = replace(device, maintenance=(WINDOW,), options=ALL_LATER)
    made = Bare(new_database(), inventory(device))
    made.boxes["edge1"] = fake_router_box("edge1", made.time)
    yield made
    made.close()


def enforced(desk: Bare, *orders: Order) -> None:
    """Write them, in the window where there is one."""
    again = desk.run().again
    if again is not None:
        desk.clock.advance(again)
        desk.run()
    assert {desk.status(order) for order in orders} == {Status.ENFORCED}


def is_told_truly(desk: Bare, *orders: Order) -> bool:
    """Whether the orders, which are over, stand; asserts that this is what people read."""
    facts, stands = desk.facts(), desk.stands()
    assert all(number > 0 for number in facts.held_orders | facts.contested_orders)
    for order in orders:
        said = desk.sentence(order)
        if stands:
            assert desk.status(order) is Status.REMOVING, said
            assert "not proved rid of it" in said and order.number in facts.held_orders
            assert not proves(facts)
        else:
            assert desk.status(order) in (Status.LIFTED, Status.EXPIRED), said
            assert order.number not in facts.held_orders
    return stands


def quick(desk: Bare) -> None:
    desk.quick()


def full(desk: Bare) -> None:
    desk.run()


def quick_and_full(desk: Bare) -> None:
    desk.quick()
    desk.run()
    desk.run()


def after_restart(desk: Bare) -> None:
    desk.restart()
    desk.run()
    desk.run()


def restarted_twice(desk: Bare) -> None:
    desk.run()
    desk.restart()
    desk.run()
    desk.restart()
    desk.run()


LOOKS = pytest.mark.parametrize(
    "look", [quick, full, quick_and_full, after_restart, restarted_twice]
)


# -- members ---------------------------------------------------------------------------------


@LOOKS
def test_two_orders_for_one_address_that_are_lifted(router: Bare, keep: Keep, look: Keep) -> None:
    """Only one of them was ever written: the other one stands as well."""
    order, twin = router.place(), router.place()
    before = router.place(block("198.51.100.200/32"))
    stays = router.place(block("203.0.113.77/32"))
    enforced(router, order, twin, before, stays)
    before = router.change(before, lift=True)
    router.run()
    assert router.status(before) is Status.LIFTED
    keep(router)
    order, twin = router.change(order, lift=True), router.change(twin, lift=True)
    look(router)
    stood = is_told_truly(router, order, twin)
    assert stood is (keep not in (paused, paused_alone)), "a pause lets removals pass"
    assert router.status(before) is Status.LIFTED, "what was proved gone is not doubted"
    assert router.status(stays) is Status.ENFORCED
    let_go(router)
    router.run()
    assert not is_told_truly(router, order, twin)
    assert router.facts().held_orders == frozenset()


@LOOKS
def test_an_end_that_passes(router: Bare, keep: Keep, look: Keep) -> None:
    order = router.place(lasts=DAY + 3 * 3600)
    enforced(router, order)
    keep(router)
    ends = order.ends
    assert ends is not None
    router.clock.advance((ends - router.clock.now()).total_seconds() + 1)
    if keep is out_of_window:
        router.clock.advance(2 * 3600)
    look(router)
    is_told_truly(router, order)
    let_go(router)
    router.run()
    assert not is_told_truly(router, order) and router.status(order) is Status.EXPIRED


# -- rules that nobody can read after a restart ----------------------------------------------


def test_members_that_nobody_can_read_any_more(router: Bare, keep: Keep) -> None:
    """All that is seen of them is an object too much, which a pause keeps as it is."""
    order, stays = router.place(MAIL), router.place(block("203.0.113.77/32"))
    enforced(router, order, stays)
    read = {rule for rule, some in router.box().table().members.items() if some}
    keep(router)
    order = router.change(order, lift=True)
    router.restart()
    wanted = DesiredState("edge1", router.book)
    wanted.advance(router.clock.now())
    router.unread = frozenset(read - wanted.desired.addresses.keys())
    assert router.unread
    for _ in range(2):
        router.run()
        assert is_told_truly(router, order)
    router.restart()
    router.run()
    assert is_told_truly(router, order)
    let_go(router)
    router.run()
    assert not is_told_truly(router, order)


# -- contests --------------------------------------------------------------------------------


@pytest.fixture
def contested(router: Bare) -> tuple[Bare, Order, Order]:
    """A router on which somebody puts back what two orders asked for that were lifted."""
    orders = router.place(), router.place()
    enforced(router, *orders)
    table = router.box().table()
    members = [(rule, place) for rule, some in table.members.items() for place in some]
    objects = dict(table.objects)
    first, second = (router.change(order, lift=True) for order in orders)
    router.run()
    assert not is_told_truly(router, first, second)

    def put_back() -> None:
        if not router.box().rows():
            for name, text in objects.items():
                router.box().put_object(name, text)
            router.box().edit(*(AddMember(rule, place, BARE) for rule, place in members))

    fought(router, put_back)
    assert router.control().contests
    return router, first, second


@LOOKS
def test_what_somebody_puts_back_again_and_again(
    contested: tuple[Bare, Order, Order], look: Keep
) -> None:
    router, *orders = contested
    router.worker().once()
    look(router)
    assert is_told_truly(router, *orders) and NFT in router.sentence(orders[0])
    router.clock.advance(2 * 3600)
    router.worker().once()
    assert is_told_truly(router, *orders), "however long that takes"
    let_go(router)
    router.run()
    assert not is_told_truly(router, *orders)


# -- what is recorded outlives passes that fail ----------------------------------------------


@pytest.mark.parametrize("restart", [False, True])
def test_a_pass_that_fails_proves_nothing_gone(router: Bare, restart: bool) -> None:
    """The proof that stays on record left the order out."""
    order = router.place()
    enforced(router, order)
    frozen(router)
    order = router.change(order, lift=True)
    new = router.place(block("198.51.100.8/32"))
    router.run()
    if restart:
        router.restart()
    router.box().faults.fail(Point.CONNECT, DeviceUnreachable)
    assert router.worker().once().outcome is Outcome.FAILED
    assert is_told_truly(router, order)
    assert router.status(new) is Status.FAILING
    let_go(router)
    router.run()
    assert not is_told_truly(router, order) and router.status(new) is Status.ENFORCED


def test_orders_that_ended_while_nobody_looked_for_long(router: Bare) -> None:
    """The book is not filled with them any more."""
    order = router.place(lasts=3600)
    enforced(router, order)
    router.clock.advance(30 * DAY)
    frozen(router)
    router.restart()
    router.run()
    assert not router.book.orders([order.number])
    assert is_told_truly(router, order)
    let_go(router)
    router.run()
    assert not is_told_truly(router, order)


def test_what_no_order_explains_is_no_proof(router: Bare) -> None:
    """Somebody's own member: no order is blamed, and the device is not said to be as desired."""
    order = router.place()
    enforced(router, order)
    frozen(router)
    rule = next(iter(router.box().table().members))
    place = (int(ip_address("198.51.100.80")),) * 2
    router.box().edit(AddMember(rule, place, BARE))
    router.restart()
    router.run()
    facts = router.facts()
    assert (facts.held_orders, facts.drift_open) == (frozenset(), 1) and not proves(facts)
