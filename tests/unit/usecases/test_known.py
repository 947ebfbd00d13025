# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known without asking a device, and whether the audit chain holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from ipaddress import ip_network

from enforcer.application.views import DoctorCheck
from enforcer.core.orders import BlockAddress, Direction, Scope
from tests.unit.usecases.office import ANN, HOUR, Office


def test_a_device_s_desired_members_are_counted_without_asking_it(office: Office) -> None:
    for box in office.boxes.values():
        box.garbled = True
    assert office.app.device(ANN, "edge1").members == 0
    scope = Scope(devices=("edge1",))
    office.place(BlockAddress(ip_network("203.0.113.66")), scope=scope)
    office.place(BlockAddress(ip_network("203.0.113.99"), Direction.FROM), scope=scope)
    office.place(
        BlockAddress(ip_network("203.0.113.77")), scope=scope, start_after=timedelta(hours=1)
    )
    assert office.app.device(ANN, "edge1").members == 3
    assert office.app.device(ANN, "edge2").members == 0
    office.clock.advance(3 * HOUR.total_seconds())
    assert office.app.device(ANN, "edge1").members == 0


def chain(office: Office) -> DoctorCheck:
    (check,) = (one for one in office.app.doctor(ANN) if one.check == "audit chain")
    return check


def test_a_chain_that_holds(office: Office) -> None:
    office.place(BlockAddress(ip_network("203.0.113.66")))
    found = office.app.audit_verify(ANN)
    assert (found.ok, found.entries, found.first_bad, found.why) == (True, 1, None, "")
    assert chain(office).ok


def test_a_chain_that_was_changed(office: Office) -> None:
    for last in (66, 67, 68):
        office.place(BlockAddress(ip_network(f"203.0.113.{last}")))
    assert office.database.path is not None
    with closing(sqlite3.connect(office.database.path)) as connection, connection:
        connection.execute("UPDATE audit SET actor = 'eve' WHERE seq = 2")
    found = office.app.audit_verify(ANN)
    assert (found.ok, found.entries, found.first_bad) == (False, 1, 2)
    assert "entry 2 says 'ann' as actor" in found.why
    check = chain(office)
    assert not check.ok
    assert "entry 2" in check.detail
    for advice in ("write nothing more", "stop the controller", "keep a copy", "backup"):
        assert advice in check.advice
    assert "enforcer init" not in check.advice
    (database,) = (one for one in office.app.doctor(ANN) if one.check == "database")
    assert database.ok
