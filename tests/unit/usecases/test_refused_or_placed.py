# SPDX-License-Identifier: GPL-2.0-or-later
"""Each guardrail stands alone: without its reason the same command is placed.

What is refused in `test_place` is asked for again, after the one reason is gone. Where the reason
lies outside of the command (the inventory, a device, a pause, a limit, the time) it is the very
same command; where the command itself makes no sense, only that part of it is mended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.application.commands import ImportList
from enforcer.core import guardrails
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockPort,
    Demand,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import Attachment, Customer, ServiceSet, SourceLimits
from enforcer.errors import OrderRefused
from tests.fakes.device import FakeDevice
from tests.unit.usecases.desks import CONSOLE, GUARDED, HOST, entries, equip
from tests.unit.usecases.office import ANN, ESSENTIALS, HOUR, RELAY, Office, router
from tests.unit.usecases.route_codes import ROUTE_CODES
from tests.unit.usecases.test_place import REFUSED, SMTP, TWICE, UNSAID, V4

Ask = tuple[Demand, dict[str, Any]]
GONE = Customer("nobody", (ip_network("198.18.5.0/24"),), (Attachment("edge1", "eth7"),))


def inventory(**changes: Any) -> Callable[[Office], None]:
    """The inventory says something else."""
    return lambda office: equip(office, replace(GUARDED, **changes))


def another_device(office: Office) -> None:
    office.boxes["edge9"] = FakeDevice("edge9", office.clock)
    equip(office, replace(GUARDED, devices={**GUARDED.devices, "edge9": router("edge9")}))


def another_list(office: Office) -> None:
    text = "8.8.8.8\n"
    office.app.import_list(ANN, ImportList(name="nosuch", text=text, source="test"))


def room(office: Office) -> None:
    office.limit("edge1", 1000)


def other_routers(office: Office) -> None:
    for box in office.boxes.values():
        box.capability = replace(box.capability, vrfs=frozenset({"default", "red"}))


def edge1(**changes: Any) -> Callable[[Office], None]:
    changed = replace(GUARDED.devices["edge1"], **changes)
    return inventory(devices={**GUARDED.devices, "edge1": changed})


def customers(*added: Customer, without: str = "") -> Callable[[Office], None]:
    stay = {name: c for name, c in GUARDED.customers.items() if name != without}
    return inventory(customers=stay | {c.name: c for c in added})


SAME: dict[str, Callable[[Office], object]] = {
    "unknown-customer": customers(GONE),
    "unknown-service-set": inventory(
        service_sets={**GUARDED.service_sets, "nosuch": ServiceSet("nosuch", (RELAY,))}
    ),
    "unknown-list": another_list,
    "unknown-device": another_device,
    "protected": inventory(protected=()),
    "too-wide": inventory(sources={"cli": SourceLimits("cli", widest4=None)}),
    "collateral": inventory(shared=()),
    "end-in-past": lambda office: office.clock.step(-1.5 * HOUR.total_seconds()),
    "too-long-for-source": inventory(),
    "dynamic-pool": inventory(pools=()),
    "vrf-unsupported": other_routers,
    "no-attachment": customers(replace(HOST, attachments=(Attachment("edge2", "eth8"),))),
    "shared-interface": customers(without="bert"),
    "carries-management": customers(
        replace(CONSOLE, attachments=(Attachment("edge2", "ge9"),)),
    ),
    "no-device-in-scope": edge1(site="south"),
    "unsupported-on-device": edge1(nat=()),
    "over-capacity": room,
    "source-stopped": lambda office: office.app.source_start(ANN, "cli"),
    "frozen": lambda office: office.app.resume(ANN),
    "paused": lambda office: office.app.resume(ANN),
    "too-many-active": inventory(),
    "too-fast": inventory(),
}
"""The very same command passes when this has happened."""


def another(demand: Demand) -> Callable[[Ask], Ask]:
    return lambda asked: (demand, asked[1])


def with_(**changes: Any) -> Callable[[Ask], Ask]:
    return lambda asked: (asked[0], asked[1] | changes)


MENDED: dict[str, Callable[[Ask], Ask]] = {
    "empty-target": another(BlockPort(TWICE, (6,), SMTP)),
    "default-route": another(BlockAddress(ip_network("2001:db8:ffff::/48"))),
    "special-purpose": another(BlockAddress(ip_network("223.0.0.5"))),
    "family-mismatch": another(BlockFlow(V4, V4)),
    "bad-protocol": another(BlockPort(TWICE, (6,), SMTP)),
    "bad-port-range": another(BlockPort(TWICE, (6,), SMTP)),
    "protocol-without-ports-given-ports": another(BlockPort(TWICE, (47,), ())),
    "flow-needs-protocol-for-ports": another(BlockFlow(V4, V4, (6,), SMTP)),
    "protocol-missing": another(BlockPort(TWICE, (6,), SMTP)),
    "ports-missing": another(BlockPort(TWICE, (6,), SMTP)),
    "suspension-needs-exceptions": another(SuspendCustomer("twice", ESSENTIALS)),
    "shutdown-spares-nothing": another(SuspendCustomer("twice", Selection(), "shutdown")),
    "end-missing": with_(open_ended=True),
    "end-too-far": with_(end=None, duration=HOUR),
    "end-before-start": with_(end=None, duration=HOUR),
    "key-reused": with_(idempotency_key="another"),
}
"""The command passes with this of it changed."""


@pytest.mark.parametrize("code, prepare, demand, changes", REFUSED, ids=[c for c, *_ in REFUSED])
def test_without_its_one_reason_the_order_is_placed(
    office: Office,
    code: str,
    prepare: Callable[[Office], None],
    demand: Demand,
    changes: dict[str, Any],
) -> None:
    equip(office, GUARDED)
    prepare(office)
    with pytest.raises(OrderRefused):
        office.place(demand, **changes)
    (refused,) = entries(office, "order.refused")
    assert refused.payload["codes"] == [code], "nothing else speaks against it"
    if code in SAME:
        SAME[code](office)
    else:
        demand, changes = MENDED[code]((demand, changes))
    placed = office.place(demand, **changes)
    assert office.app.order(ANN, placed.id).status != "refused"


def test_every_guardrail_has_a_case_that_is_refused_and_the_same_that_passes() -> None:
    table = (guardrails.__doc__ or "").split("=" * 58)[2].splitlines()
    documented = {line.split()[0] for line in table if line[:1].isalpha()}
    assert not SAME.keys() & MENDED.keys()
    assert {code for code, *_ in REFUSED} == SAME.keys() | MENDED.keys()
    assert documented == SAME.keys() | MENDED.keys() | UNSAID | ROUTE_CODES
