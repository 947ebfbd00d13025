# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor as a whole: every check has its row, in order; none raises whatever is broken."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

from enforcer.application.views import DoctorCheck
from enforcer.errors import ConfigurationInvalid
from enforcer.usecases.doctor import doctor
from enforcer.usecases.doctor_clock import STA_UNSYNC, clock, kernel_status
from enforcer.usecases.doctor_table import TABLE, row_of
from enforcer.usecases.world import World
from tests.unit.usecases.office import ANN, Office

ONLY_WHEN_WRONG = {"inventory imports", "device NAME"}
ELSEWHERE = {"database server", "device NAME: credentials", "device NAME: host key"}
"""PostgreSQL's, and those of devices that the office has not."""
OF_THE_SERVICE = {"web listen", "web TLS", "web address", "web proxies", "web metrics"} | {
    "accounts",
    "notices",
    "intake rules",
    "single sign-on",
}
"""`test_doctor_service` looks at them."""


def by_name(world: World) -> dict[str, DoctorCheck]:
    return {check.check: check for check in doctor(world)}


def statement(office: Office, text: str) -> None:
    """Change the database behind the program's back."""
    assert office.database.path is not None
    with closing(sqlite3.connect(office.database.path)) as connection, connection:
        connection.execute(text)


def test_every_check_has_its_row_and_the_order_is_the_table_s(office: Office) -> None:
    rows = [row_of(check.check) for check in doctor(office.world)]
    assert None not in rows
    places = [TABLE.index(row) for row in rows if row is not None]
    assert places == sorted(places)
    made = {row.check for row in rows if row is not None}
    assert made == {row.check for row in TABLE} - ONLY_WHEN_WRONG - ELSEWHERE - OF_THE_SERVICE


def test_a_check_that_fails_says_what_to_do(office: Office) -> None:
    with office.database.write() as work:
        work.raise_alarm("braked", ANN, at=office.clock.now(), subject="edge1", said="look")
    found = doctor(replace(office.world, signing_key=office.database.path))
    failed = [check for check in found if not check.ok]
    assert {"alarms", "controller", "signing key"} <= {check.check for check in failed}
    assert all(check.advice for check in failed)
    for check in failed:
        row = row_of(check.check)
        assert row is not None and row.remedy


def test_nothing_raises_where_the_inventory_cannot_be_had(office: Office) -> None:
    def load() -> None:
        raise ConfigurationInvalid("inventory.yaml:3: no such key")

    found = by_name(replace(office.world, load_topology=load))  # type: ignore[arg-type]  # it never returns
    assert not found["inventory"].ok and "inventory.yaml:3" in found["inventory"].detail
    assert "inventory check" in found["inventory files"].advice
    assert found["database"].ok and not any(name.startswith("device e") for name in found)


def test_nothing_raises_where_the_tables_are_gone(office: Office) -> None:
    for table in ("audit", "alarms", "inventories", "control"):
        statement(office, f"DROP TABLE {table}")
    found = by_name(office.world)
    for check in (
        "database",
        "audit chain",
        "clock",
        "writes",
        "alarms",
        "inventory",
        "left behind",
    ):
        if check in found:
            assert not found[check].ok and found[check].advice
    assert not found["database"].ok and found["kernel"].ok


# -- the clock ---------------------------------------------------------------------------------


def recorded(office: Office) -> None:
    with office.database.write() as work:
        work.record("test.made", ANN, at=office.clock.now(), payload={})


def test_a_clock_before_the_newest_entry_is_a_finding(office: Office) -> None:
    recorded(office)
    office.clock.step(-3)
    found = by_name(office.world)["clock"]
    assert not found.ok and "2026-05-04 12:00:00Z" in found.detail and "NTP" in found.advice
    office.clock.step(1)
    assert by_name(office.world)["clock"].ok


def test_a_clock_before_the_newest_inventory_is_a_finding(office: Office) -> None:
    office.app.inventory_reload(ANN, "first")
    statement(office, "UPDATE inventories SET at_us = at_us + 86400000000")
    assert not by_name(office.world)["clock"].ok
    office.clock.advance(timedelta(days=1).total_seconds())
    assert by_name(office.world)["clock"].ok


def test_a_clock_that_nothing_synchronises_is_information(office: Office) -> None:
    told = {
        status: clock(office.world, lambda status=status: status)  # type: ignore[misc]  # default
        for status in (0, STA_UNSYNC | 1, None)
    }
    assert all(check.ok for check in told.values())
    assert told[0].detail.endswith(", synchronised")
    assert "nothing synchronises it (adjtimex)" in told[STA_UNSYNC | 1].detail
    assert "does not tell" in told[None].detail


def test_the_kernel_answers_without_rights() -> None:
    status = kernel_status()
    assert status is None or 0 <= status <= 0xFFFF
