# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets dropped over time: kept, pruned, there after a restart, and in step with `why`."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from enforcer.application.commands import LiftOrder
from enforcer.core.orders import BlockAddress
from enforcer.driver_api import Session
from enforcer.errors import NotFound
from enforcer.storage.dropped_packets import FINE, KEPT
from enforcer.usecases.drop_samples import DropDesk, keep, look, slot
from tests.fakes.driver import FakeDriver
from tests.unit.usecases.office import ANN, Office
from tests.unit.usecases.test_why_counts import (
    VICTIM,
    Counting,
    LineDriver,
    counting,
    placed,
)


class Later(Counting):
    """The same device, when more was dropped."""

    each = 10


class LaterDriver(FakeDriver):
    def connect(self) -> AbstractContextManager[Session]:
        return closing(Later(self))


def sampled(office: Office) -> dict[str, int]:
    """One look, kept; what it tells of the devices."""
    seen = look(office.world, 10.0)
    keep(office.world, seen)
    return dict(seen.devices)


def only(office: Office) -> str:
    return office.app.why(ANN, VICTIM).orders[0].id


def test_a_look_agrees_with_why_and_with_the_sum_on_the_devices(office: Office) -> None:
    placed(office)
    counting(office, "edge1", "edge2")
    assert sampled(office) == {"edge1": 14, "edge2": 14}, "two directions"
    (why,) = office.app.why(ANN, VICTIM).orders
    found = DropDesk(office.world).dropped(ANN, why.id)
    assert found.packets == why.dropped == 28
    assert [one.packets for one in found.samples] == [28]
    assert found.samples[0].at == slot(office.clock.now())


def test_samples_are_there_after_a_restart_and_only_changes_are_kept(office: Office) -> None:
    placed(office)
    order = only(office)
    counting(office, "edge1")
    sampled(office)
    office.clock.advance(300)
    sampled(office)
    counting(office, "edge1", by=LaterDriver)
    office.clock.advance(300)
    sampled(office)
    again = DropDesk(office.world).dropped(ANN, order)
    assert [one.packets for one in again.samples] == [14, 20], "what did not change is no sample"
    with office.database.read() as reader:
        assert reader.dropped.newest() == {1: 20}


def test_what_lines_count_is_shared_and_kept_too(office: Office) -> None:
    counting(office, "edge1", by=LineDriver)
    placed(office)
    office.place(BlockAddress(ip_network("198.51.100.201")))
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    sampled(office)
    found = DropDesk(office.world).dropped(ANN, only(office))
    assert (found.packets, found.shared_by) == (14, 2)
    assert [one.packets for one in found.samples] == [14]


def test_an_order_that_is_over_keeps_its_samples_and_asks_nobody(office: Office) -> None:
    placed(office)
    order = only(office)
    counting(office, "edge1")
    sampled(office)
    office.app.lift(ANN, LiftOrder(order=order, reason="over"))
    found = DropDesk(office.world).dropped(ANN, order)
    assert found.packets is None and len(found.samples) == 1
    with pytest.raises(NotFound):
        DropDesk(office.world).dropped(ANN, "0009-E")


def test_old_samples_become_one_an_hour_and_then_none(office: Office) -> None:
    began = datetime(2026, 3, 1, 10, tzinfo=UTC)
    with office.database.write() as work:
        for minutes in range(0, 180, 5):
            work.dropped.add({7: minutes}, began + timedelta(minutes=minutes))
        work.dropped.add({7: 1, 8: 2}, began)
    later = began + FINE + timedelta(hours=2)
    with office.database.write() as work:
        work.dropped.prune(later)
        left = [packets for _, packets in work.dropped.of(7)]
        assert left == [55, 115, *range(120, 180, 5)]
        assert work.dropped.of(8) == [(began, 2)], "what another order has is its own"
        work.dropped.prune(began + KEPT + timedelta(days=1))
        assert work.dropped.of(7) == work.dropped.of(8) == []


def test_nobody_counts_where_no_device_can(office: Office) -> None:
    placed(office)
    assert sampled(office) == {}
    found = DropDesk(office.world).dropped(ANN, only(office))
    assert found.packets is None and found.samples == []
