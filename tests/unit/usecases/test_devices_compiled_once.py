# SPDX-License-Identifier: GPL-2.0-or-later
"""Compiling the book takes seconds: done once to show devices, never to answer a decision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from enforcer.application.views import DeviceView
from enforcer.core.orders import BlockAddress
from tests.unit.usecases.office import ANN, Office


@contextmanager
def loads() -> Iterator[list[str]]:
    """The statements that read bodies of orders, each a part of a book being filled."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM orders" in statement:
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def busy(office: Office) -> Office:
    for last in (66, 67):
        office.place(BlockAddress(ip_network(f"203.0.113.{last}/32")))
    return office


def test_showing_devices_reads_the_orders_once(busy: Office) -> None:
    with loads() as seen:
        view = busy.app.device(ANN, "edge1")
    assert (view.orders, view.members) == (2, 4)
    assert len(seen) == 1
    with loads() as seen:
        listed = busy.app.devices(ANN)
    assert [(view.name, view.orders, view.members) for view in listed] == [
        ("edge1", 2, None),
        ("edge2", 2, None),
    ]
    assert len(seen) == 1


def uncounted(view: DeviceView) -> bool:
    return view.orders is None and view.members is None


def test_a_decision_is_answered_without_reading_orders(busy: Office) -> None:
    app = busy.app
    with loads() as seen:
        assert uncounted(app.device_pause(ANN, "edge1", "an upgrade"))
        assert uncounted(app.device_resume(ANN, "edge1"))
        assert uncounted(app.device_release(ANN, "edge1", "it is meant"))
    assert seen == []
