# SPDX-License-Identifier: GPL-2.0-or-later
"""A person pauses one device, resumes it, and releases what the brake or a contest holds."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from enforcer.application.commands import LiftOrder
from enforcer.application.views import DeviceView, OrderView
from enforcer.control.rollout import HALTED
from enforcer.control.software import installed
from enforcer.core.device_control import Contest, DeviceControl, Hold
from enforcer.core.orders import BlockAddress
from enforcer.errors import InvalidInput, NotFound
from enforcer.storage.records import AuditEntry
from tests.unit.usecases.office import ANN, Office

BAD = BlockAddress(ip_network("203.0.113.7/32"))


def decided(office: Office, **changes: object) -> DeviceControl:
    """What the controller would have decided about edge1."""
    with office.database.write() as work:
        control = replace(work.device_controls.get("edge1"), **changes)  # type: ignore[arg-type]  # fields
        work.device_controls.save("edge1", control)
        for kind in ("braked", "contested"):
            work.raise_alarm(kind, ANN, at=office.clock.now(), subject="edge1", said="see there")
            work.raise_alarm(kind, ANN, at=office.clock.now(), subject="edge2", said="see there")
    return control


def control(office: Office) -> DeviceControl:
    with office.database.read() as reader:
        return reader.device_controls.get("edge1")


def entries(office: Office, kind: str) -> list[AuditEntry]:
    with office.database.read() as reader:
        return reader.audit.entries(kinds=(kind,))


def open_alarms(office: Office) -> set[tuple[str, str]]:
    with office.database.read() as reader:
        return {(alarm.kind, alarm.subject) for alarm in reader.alarms.open()}


def hold(office: Office, everything: bool = False) -> Hold:
    digest = office.world.topology.digest
    return Hold(office.clock.now(), 1, digest, 4711, "the reload moves 4711 rows", everything)


def edge1(office: Office) -> DeviceView:
    return office.app.device(ANN, "edge1")


def on_edge1(view: OrderView) -> str:
    return next(one.detail for one in view.devices if one.device == "edge1")


def test_a_paused_device_takes_no_more_and_gives_up_what_ends(office: Office) -> None:
    old = office.place(BlockAddress(ip_network("203.0.113.9/32")))
    office.app.device_reconcile(ANN, "edge1")
    view = office.app.device_pause(ANN, "edge1", "a migration")
    assert (view.status, view.paused) == ("paused", "by ann: a migration")
    new = office.place(BAD)
    office.app.lift(ANN, LiftOrder(order=old.id, reason="over"))
    assert office.app.device_reconcile(ANN, "edge1").removed == 2
    assert office.boxes["edge1"].rows() == set()
    assert "writing is paused" in on_edge1(office.app.order(ANN, new.id))
    office.app.device_reconcile(ANN, "edge2")
    assert len(office.boxes["edge2"].rows()) == 2
    assert office.app.device(ANN, "edge2").paused is None


def test_resumed_it_goes_on(office: Office) -> None:
    office.app.device_pause(ANN, "edge1", "a migration")
    office.place(BAD)
    view = office.app.device_resume(ANN, "edge1")
    assert view.paused is None and control(office) == DeviceControl()
    assert office.app.device_reconcile(ANN, "edge1").added == 2


def test_both_are_recorded_once(office: Office) -> None:
    for _ in range(2):
        office.app.device_pause(ANN, "edge1", "a migration")
    for _ in range(2):
        office.app.device_resume(ANN, "edge1")
    (paused,) = entries(office, "device.paused")
    assert (paused.device, paused.actor, paused.payload) == (
        "edge1",
        "ann",
        {"reason": "a migration"},
    )
    (resumed,) = entries(office, "device.resumed")
    assert resumed.payload == {"paused_by": "ann", "reason": "a migration"}


def test_a_release_drops_the_hold_the_contests_and_the_alarms_of_this_device(
    office: Office,
) -> None:
    contest = Contest("key", "198.51.100.7 missing", "nft, pid 1", office.clock.now())
    decided(office, hold=hold(office), contests=(contest,), software="0.0")
    view = edge1(office)
    assert (view.status, view.contested) == ("braked", ["198.51.100.7 missing, by nft, pid 1"])
    assert view.held is not None and "4711 rows" in view.held
    view = office.app.device_release(ANN, "edge1", "seen and wanted")
    assert (view.held, view.contested) == (None, [])
    assert control(office) == DeviceControl(software="0.0")
    assert open_alarms(office) == {("braked", "edge2"), ("contested", "edge2")}
    (entry,) = entries(office, "device.released")
    assert entry.payload == {
        "reason": "seen and wanted",
        "hold": "the reload moves 4711 rows",
        "changes": 4711,
        "contested": ["198.51.100.7 missing"],
    }
    office.app.device_release(ANN, "edge1", "once more")
    assert len(entries(office, "device.released")) == 1


def test_after_the_release_of_everything_this_software_may_write(office: Office) -> None:
    decided(office, hold=hold(office, everything=True), software="0.0")
    office.app.device_release(ANN, "edge1", "seen and wanted")
    assert control(office) == DeviceControl(software=installed())


def test_a_pause_outlives_a_release(office: Office) -> None:
    office.app.device_pause(ANN, "edge1", "a migration")
    decided(office, hold=hold(office))
    office.app.device_release(ANN, "edge1", "seen")
    assert edge1(office).status == "paused"


def test_a_marker_is_shown_by_the_device_and_its_orders(office: Office) -> None:
    order = office.place(BAD)
    office.boxes["edge1"].put_hold(True)
    told = office.app.device_reconcile(ANN, "edge1")
    assert told.outcome == "held" and "held by a marker on the device" in told.sentence
    view = edge1(office)
    assert view.status == "held" and view.held is not None and "marker" in view.held
    assert "held by a marker on the device" in on_edge1(office.app.order(ANN, order.id))
    office.boxes["edge1"].put_hold(False)
    office.app.device_reconcile(ANN, "edge1")
    assert (edge1(office).status, edge1(office).held) == ("ok", None)


def test_what_must_be_said_to_do_it(office: Office) -> None:
    for act in (office.app.device_pause, office.app.device_release):
        with pytest.raises(InvalidInput, match="--reason"):
            act(ANN, "edge1", " ")
        with pytest.raises(NotFound, match="no device 'edge7'"):
            act(ANN, "edge7", "why not")
    with pytest.raises(NotFound, match="no device 'edge7'"):
        office.app.device_resume(ANN, "edge7")
    assert not entries(office, "device.paused") and control(office) == DeviceControl()


def test_a_plan_says_what_keeps_it_back_and_leaves_out_what_is_contested(office: Office) -> None:
    office.place(BAD)
    plan = office.app.device_plan(ANN, "edge1")
    assert plan.devices[0].adds == 2 and plan.warnings == []
    office.app.device_pause(ANN, "edge1", "a migration")
    assert "additions are paused" in office.app.device_plan(ANN, "edge1").warnings[0]
    decided(office, hold=hold(office, everything=True))
    (warning,) = office.app.device_plan(ANN, "edge1").warnings
    assert "held by the brake until `enforcer device release edge1`" in warning
    office.boxes["edge1"].put_hold(True)
    assert "marker" in office.app.device_plan(ANN, "edge1").warnings[0]
    office.boxes["edge1"].put_hold(False)
    decided(office, hold=None, paused=False)
    office.app.device_reconcile(ANN, "edge1")
    box = office.boxes["edge1"]
    rule, place = next((r, p) for r, some in box.table().members.items() for p in some)
    box.remove(rule, place)
    assert office.app.device_plan(ANN, "edge1").devices[0].adds == 1
    assert isinstance(place, tuple)
    key = f"{rule.digest} {place[0]:x}-{place[1]:x}"
    decided(office, contests=(Contest(key, "it", "vi", office.clock.now()),))
    plan = office.app.device_plan(ANN, "edge1")
    assert plan.devices[0].adds == 0 and plan.warnings == []
    assert office.app.device_drift(ANN, "edge1").missing == 1, "drift shows it all the same"


def test_a_halted_rollout_goes_on_after_a_release(office: Office) -> None:
    with office.database.write() as work:
        work.raise_alarm(HALTED, ANN, at=office.clock.now(), subject="edge1", said="see there")
    office.app.device_release(ANN, "edge1", "looked at")
    assert not open_alarms(office)
