# SPDX-License-Identifier: GPL-2.0-or-later
"""Placing orders as the program does; also a program, so that real processes can race.

``placing.py URL NAME COUNT [each|shared|hold]``: place COUNT orders and print one line each:
its number once it is committed, or ``duplicate``. ``each``: keys of its own; ``shared``: the
same keys as everybody else; ``hold``: print ``held`` inside the transaction and wait for input.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network

from enforcer.application.actor import Actor
from enforcer.core.orders import BlockAddress, Demand, Order, order_id
from enforcer.storage.database import Database
from enforcer.storage.errors import DuplicateKey
from enforcer.storage.unit_of_work import UnitOfWork

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Actor("ann", "cli")
TARGET = BlockAddress(IPv4Network("192.0.2.0/24"))


def an_order(
    number: int,
    demand: Demand = TARGET,
    *,
    start: datetime = NOON,
    end: datetime | None = None,
    key: str | None = None,
    reason: str = "abuse",
) -> Order:
    return Order(
        number=number,
        changed=number,
        demand=demand,
        reason=reason,
        issuer=ANN.name,
        source=ANN.source,
        created=NOON,
        start=start,
        end=end,
        idempotency_key=key,
    )


def place_in(unit: UnitOfWork, demand: Demand = TARGET, **rest: object) -> Order:
    """Record and store one order inside an open transaction."""
    number = unit.next_sequence()
    order = an_order(number, demand, **rest)  # type: ignore[arg-type]  # checked at the callers
    recorded = unit.record(
        "order.placed", ANN, at=NOON, subject=order_id(number), payload={"key": order.reason}
    )
    assert recorded == number
    unit.orders.add(order)
    return order


def place(database: Database, demand: Demand = TARGET, **rest: object) -> Order:
    """One order, one transaction."""
    with database.write() as unit:
        return place_in(unit, demand, **rest)


def _main(url: str, name: str, count: str, how: str = "each") -> None:
    database = Database(url)
    owner = "all" if how == "shared" else name
    for turn in range(int(count)):
        try:
            with database.write() as unit:
                order = place_in(unit, key=f"{owner}-{turn}", reason=name)
                if how == "hold":
                    unit.seal()
                    print("held", flush=True)
                    sys.stdin.read()
            print(order.number, flush=True)
        except DuplicateKey:
            print("duplicate", flush=True)
    database.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
