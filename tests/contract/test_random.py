# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever orders come and go, every driver ends where the compiler says, by either way there.

One device serves all examples; its own answer about packets is compared with the oracle where
it can be asked, its state where it cannot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers._router.names import OWNER
from enforcer.control.holdable import Holdable
from enforcer.control.writing import Target, Writing, attributed, compared
from enforcer.core.compile import Compiled, advance, compile_device
from enforcer.core.contributions import Contributions, contributions
from enforcer.core.drift import Drift, effective, tally_of
from enforcer.core.orders import Order, in_force
from enforcer.core.rules import Desired
from enforcer.driver_api import Driver, Session
from lab.emulators.device import Emulator
from tests.contract.backends import BACKENDS
from tests.contract.conftest import PARAMETERS
from tests.contract.subject import Subject, device_of
from tests.contract.worlds import NOTHING, OURS, converge, holdable
from tests.oracle import Packet, dropped, rules_drop
from tests.strategies import NOW, Case, cases

EDGE = "edge1"
FEW = settings(
    max_examples=25,
    # What is judged there is a change of ours, not the luck of a day; elsewhere others are tried.
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


ABOUT_PACKETS = [p for p in PARAMETERS if p.values[0] not in ("bird", "frr", "gobgp")]
"""Of the orders that are drawn here a speaker holds none."""


@pytest.fixture(scope="module", params=ABOUT_PACKETS)
def shared(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """One device for all examples."""
    with BACKENDS[request.param]() as device:
        if not hasattr(device, "router"):
            # What stands for ever, once a controller was there.
            converge(device.driver(OURS), NOTHING)
        yield device


def shifted(orders: Sequence[Order], now: datetime) -> list[Order]:
    """The same orders around the device's own time."""
    move = now - NOW

    def later(instant: datetime | None) -> datetime | None:
        return None if instant is None else instant + move

    return [
        replace(o, start=o.start + move, end=later(o.end), lifted=later(o.lifted)) for o in orders
    ]


def asked(case: Case, orders: Sequence[Order], now: datetime) -> dict[int, Contributions]:
    return {
        o.number: contributions(o, case.topology, case.lists) for o in orders if in_force(o, now)
    }


@given(data=st.data())
@FEW
def test_every_full_pass_arrives(shared: Subject, data: st.DataObject) -> None:
    case = data.draw(cases(most=5))
    driver, before = shared.driver(OURS), everything_on(shared)
    now = shared.clock.now()
    orders = shifted(case.orders, now)
    asks = asked(case, orders, now)
    for _ in range(2):
        kept = data.draw(st.sets(st.sampled_from(sorted(asks)))) if asks else set()
        wanted = compile_device(EDGE, [asks[n] for n in kept]).desired
        converge(driver, holdable(shared, wanted))
        agrees(shared, driver, wanted, case, [o for o in orders if o.number in kept], now)
    converge(driver, Desired(EDGE))
    assert everything_on(shared) == before


def everything_on(subject: Subject) -> object:
    """All that is configured: on a router every line, comments and our mark aside."""
    router: Emulator | None = getattr(subject, "router", None)
    if router is None:
        return subject.content(), subject.foreign()
    found, marked = [], False
    for line in router.running().splitlines():
        marked = OWNER in line or (marked and line.startswith((" ", "!")))
        if not marked and not line.startswith("!"):
            found.append(line)
    return found


def agrees(
    subject: Subject,
    driver: Driver,
    wanted: Desired,
    case: Case,
    orders: Sequence[Order],
    now: datetime,
) -> None:
    """The device, by its own answer or by what is read of it, drops what the orders say.

    As far as it can hold them; what it cannot is left out of the same compiled rules.
    """
    with driver.connect() as session:
        actual = session.read_state()
    compared(driver, holdable(subject, wanted), actual)
    held = Desired(EDGE, actual.addresses, actual.interfaces)
    can = holdable(subject, wanted)
    for packet in (p for p in case.packets if p.device == EDGE):
        wrong = bool(dropped(packet, orders, case.topology, case.lists, now))
        assert rules_drop(packet, wanted) is wrong
        assert answer(subject, packet, held) is rules_drop(packet, can)


def answer(subject: Subject, packet: Packet, held: Desired) -> bool:
    said = subject.answer(packet)
    return rules_drop(packet, held) if said is None else said


@given(data=st.data())
@FEW
def test_every_move_by_the_change_alone_arrives(shared: Subject, data: st.DataObject) -> None:
    """As quick passes go: what is written is how the desired state moved, nothing is compared."""
    case = data.draw(cases(most=5))
    driver, before = shared.driver(OURS), everything_on(shared)
    now = shared.clock.now() + timedelta(0)
    asks = asked(case, shifted(case.orders, now), now)
    can = Holdable(device_of(shared), driver.capability)
    # Drawn before anything happens: what is drawn must not hang on what a device does.
    some = st.sets(st.sampled_from(sorted(asks))) if asks else st.just(set())
    choices = [data.draw(some) for _ in range(4)]
    with driver.connect() as session:
        compiled = Compiled(Desired(EDGE))
        converge(driver, compiled.desired)
        actual = session.read_state()
        for chosen in choices:
            came = [asks[n] for n in chosen - compiled.orders.keys()]
            compiled, delta = advance(compiled, came, compiled.orders.keys() - chosen)
            delta = can.only(delta)
            delta = delta if attributed(driver) else effective(delta)
            if not delta:
                continue
            wanted = holdable(shared, compiled.desired)
            plan = driver.plan(wanted, Drift(delta, tally_of(delta)), actual)
            target = Target(wanted, delta, whole=True)
            writing = Writing(driver, session, target, lambda name: None)
            actual = writing.run(plan.batches, actual, guarded=True).actual
            proved(driver, session, wanted)
    converge(driver, Desired(EDGE))
    assert everything_on(shared) == before


def proved(driver: Driver, session: Session, wanted: Desired) -> None:
    left = compared(driver, wanted, session.read_state())
    assert not left, (left.examples, left.findings)
