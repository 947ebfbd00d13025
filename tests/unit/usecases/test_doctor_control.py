# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor says what waits for a person: pauses, alarms, holds, stopped sources, feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from enforcer.application.views import DoctorCheck
from enforcer.control.leadership import leading
from enforcer.core.device_control import Contest, DeviceControl, Hold
from enforcer.core.feeds import FeedState
from enforcer.core.topology import Feed, SourceLimits
from enforcer.usecases import doctor_control
from tests.unit.usecases.desks import equip
from tests.unit.usecases.office import ANN, TOPOLOGY, Office


def checks(office: Office) -> dict[str, DoctorCheck]:
    return {check.check: check for check in doctor_control.checks(office.world)}


def decide(office: Office, control: DeviceControl) -> None:
    with office.database.write() as work:
        work.device_controls.save("edge1", control)


def test_in_a_quiet_installation_all_is_good_but_the_controller(office: Office) -> None:
    found = checks(office)
    assert [name for name, check in found.items() if not check.ok] == ["controller"]
    assert "enforcer run" in found["controller"].advice
    with leading(office.database):
        assert checks(office)["controller"].ok


def test_a_freeze_is_information_with_who_and_why(office: Office) -> None:
    office.app.freeze(ANN, "fibre cut at the exchange")
    found = checks(office)["writes"]
    assert found.ok
    for said in ("frozen", "since 2026-05-04 12:00Z", "by ann", "fibre cut", "enforcer resume"):
        assert said in found.detail


def test_open_alarms_are_a_finding_and_the_newest_are_named(office: Office) -> None:
    with office.database.write() as work:
        for number in range(5):
            at, subject = office.clock.now(), f"feed{number}"
            work.raise_alarm("feed-stale", ANN, at=at, subject=subject, said="look")
    found = checks(office)["alarms"]
    assert not found.ok and found.advice.startswith("`enforcer alarm list`")
    assert found.detail == (
        "5 open: feed-stale feed4, feed-stale feed3, feed-stale feed2 and 2 more"
    )


def test_what_the_brake_holds(office: Office) -> None:
    decide(office, DeviceControl(hold=Hold(office.clock.now(), 4, "abc", 812, "inventory reload")))
    found = checks(office)["brake"]
    assert not found.ok and "edge1 (812 rows: inventory reload)" in found.detail
    assert "enforcer device release" in found.advice


def test_what_is_contested(office: Office) -> None:
    contest = Contest("k", "member 192.0.2.7", "nft, pid 7", office.clock.now())
    decide(office, DeviceControl(contests=(contest,)))
    found = checks(office)["contested"]
    assert not found.ok and "edge1 (member 192.0.2.7, by nft, pid 7)" in found.detail
    assert "enforcer device release" in found.advice


def test_a_paused_device_is_information(office: Office) -> None:
    office.app.device_pause(ANN, "edge1", "line card swap")
    found = checks(office)["device pauses"]
    assert found.ok and "edge1 (by ann: line card swap)" in found.detail


def test_a_stopped_source_is_information(office: Office) -> None:
    equip(office, replace(TOPOLOGY, sources={"detector": SourceLimits("detector")}))
    office.app.source_stop(ANN, "detector", "false positives")
    found = checks(office)["sources"]
    assert found.ok and "detector (by ann: false positives)" in found.detail


def feed(office: Office, **known: object) -> DoctorCheck:
    """The check of one feed, which was first tried now."""
    equip(office, replace(TOPOLOGY, feeds={"bogons": Feed("bogons", "/feeds/bogons.txt")}))
    now = office.clock.now()
    with office.database.write() as work:
        work.feeds.save("bogons", replace(FeedState(now, now), **known))  # type: ignore[arg-type]  # fields of a state
    return checks(office)["feeds"]


def test_a_feed_that_fails(office: Office) -> None:
    found = feed(office, failures=3, error="404 Not Found")
    assert not found.ok and found.detail == "bogons (3 failures in a row, 404 Not Found)"
    assert "enforcer list refresh" in found.advice
    assert feed(office, good=office.clock.now()).ok


def test_a_feed_that_has_brought_nothing_for_too_long(office: Office) -> None:
    good = office.clock.now() - timedelta(hours=25)
    found = feed(office, good=good)
    assert not found.ok and "stale_after" in found.detail
    assert feed(office, good=good + timedelta(hours=2)).ok


def test_a_feed_that_was_never_fetched(office: Office) -> None:
    equip(office, replace(TOPOLOGY, feeds={"bogons": Feed("bogons", "/feeds/bogons.txt")}))
    found = checks(office)["feeds"]
    assert found.ok and found.detail == "1 feed, 1 not fetched yet"


def test_a_halted_rollout_is_a_finding_with_the_way_out(office: Office) -> None:
    assert checks(office)["rollout"].ok
    at = office.clock.now()
    office.world.evidence.halt_rollout("edge1", at, "edge1: its neighbor is lost")
    found = checks(office)["rollout"]
    assert not found.ok and "edge1" in found.detail
    assert "enforcer device release" in found.advice
    office.app.device_release(ANN, "edge1", "it was the fibre")
    assert checks(office)["rollout"].ok
