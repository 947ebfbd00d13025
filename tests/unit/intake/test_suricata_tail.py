# SPDX-License-Identifier: GPL-2.0-or-later
"""Following Suricata's log: nothing is lost or counted twice over rotation, truncation, restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from enforcer.errors import ConfigurationInvalid
from enforcer.intake import service
from enforcer.intake.inbox import Inbox
from enforcer.intake.suricata_tail import Follower, following, read_settings
from enforcer.service_settings import IntakeSettings
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, ReportOffice
from tests.unit.intake.test_detector_formats import ALERT

RULE = {**BLOCK, "type": "*", "format": ["suricata"]}
LIMITS = {"own_space": False}


@dataclass
class Sensor:
    """Its log, and who follows it."""

    office: ReportOffice
    inbox: Inbox
    folder: Path
    flows: int = 0

    @property
    def log(self) -> Path:
        return self.folder / "eve.json"

    def alert(self, number: int) -> None:
        self.flows += 1
        record = {**ALERT, "flow_id": self.flows, "src_ip": f"203.0.113.{number}"}
        self.write(json.dumps(record) + "\n")

    def write(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(text)

    def follower(self) -> Follower:
        stated = {"path": "eve.json", "state": "position", "limits": LIMITS}
        settings = read_settings(stated, self.folder)
        assert settings is not None
        return Follower(self.inbox, settings)

    def blocked(self) -> list[str]:
        return [str(getattr(one.demand, "prefix", "")) for one in self.office.placed()]


@pytest.fixture
def sensor(office: MakeOffice, tmp_path: Path) -> Iterator[Sensor]:
    desk = office(RULE)
    with Inbox(desk.intake) as inbox:
        yield Sensor(desk, inbox, tmp_path)


def drain(follower: Follower) -> None:
    while follower.read_once():
        pass


def test_rotation_truncation_and_restart(sensor: Sensor) -> None:
    sensor.alert(1)
    follower = sensor.follower()
    drain(follower)
    assert sensor.blocked() == [], "what was there before is not ours"
    sensor.alert(2)
    drain(follower)
    sensor.log.rename(sensor.folder / "eve.json.1")
    sensor.log.touch()
    with (sensor.folder / "eve.json.1").open("a") as old:
        late = {**ALERT, "flow_id": 100, "src_ip": "203.0.113.3"}
        old.write(json.dumps(late) + "\n")
    drain(follower)
    sensor.alert(4)
    drain(follower)
    assert sensor.blocked() == [f"203.0.113.{n}/32" for n in (2, 3, 4)]
    sensor.log.write_text("")
    drain(follower)
    sensor.alert(5)
    drain(follower)
    follower.close()
    sensor.alert(6)
    follower = sensor.follower()
    drain(follower)
    follower.close()
    sensor.alert(7)
    sensor.log.rename(sensor.folder / "eve.json.1")
    sensor.alert(8)
    follower = sensor.follower()
    drain(follower)
    follower.close()
    assert sensor.blocked() == [f"203.0.113.{n}/32" for n in range(2, 9)]


def test_a_line_is_taken_when_it_is_whole(sensor: Sensor) -> None:
    follower = sensor.follower()
    sensor.log.touch()
    drain(follower)
    text = json.dumps({**ALERT, "src_ip": "203.0.113.1"})
    sensor.write(text[:50])
    drain(follower)
    assert sensor.blocked() == []
    sensor.write(text[50:] + "\n")
    drain(follower)
    follower.close()
    assert sensor.blocked() == ["203.0.113.1/32"]


def test_what_was_stored_before_we_died_counts_once(sensor: Sensor) -> None:
    """The position is written last, so the same lines come again."""
    follower = sensor.follower()
    sensor.log.touch()
    drain(follower)
    before = (sensor.folder / "position").read_text()
    sensor.alert(1)
    drain(follower)
    follower.close()
    (sensor.folder / "position").write_text(before)
    follower = sensor.follower()
    drain(follower)
    follower.close()
    (report,) = sensor.office.reports()
    assert report.count == 1 and sensor.blocked() == ["203.0.113.1/32"]


def test_what_is_broken_is_kept_and_passed_over(sensor: Sensor) -> None:
    follower = sensor.follower()
    sensor.log.touch()
    drain(follower)
    sensor.write('{"event_type": \n{}\n\xff\n')
    sensor.alert(1)
    drain(follower)
    follower.close()
    states = sorted(one.state for one in sensor.office.reports())
    assert states == ["malformed", "malformed", "malformed", "ordered"]


def test_it_begins_when_there_is_a_log_and_ends_when_told(sensor: Sensor) -> None:
    follower = sensor.follower()
    assert follower.read_once() is False
    stored = threading.Event()
    submit = sensor.inbox.submit

    def seen(arrivals: Any) -> Any:
        results = submit(arrivals)
        stored.set()
        return results

    sensor.inbox.submit = seen  # type: ignore[method-assign]  # to hear of it without asking
    sensor.log.touch()
    drain(follower)
    follower.close()
    sensor.alert(9)
    settings = read_settings(
        {"path": "eve.json", "state": "position", "limits": LIMITS}, sensor.folder
    )
    assert settings is not None
    with following(sensor.inbox, settings, sensor.office.clock):
        assert stored.wait(60)
    assert sensor.blocked() == ["203.0.113.9/32"]


def test_settings_that_are_wrong(sensor: Sensor) -> None:
    with pytest.raises(ConfigurationInvalid, match="state"):
        service.check(IntakeSettings(adapters={"suricata": {"path": "x"}}))
    (sensor.folder / "position").write_text("{")
    with pytest.raises(ConfigurationInvalid, match="begin anew"):
        sensor.follower()
    assert read_settings({}, sensor.folder) is None
