# SPDX-License-Identifier: GPL-2.0-or-later
"""That nothing is served though the controller runs is an alarm, until it is served again."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from enforcer.clock import SystemClock
from enforcer.running import ServingAlarm
from enforcer.settings import Settings
from enforcer.storage import migrate
from enforcer.storage.database import Database


def test_it_is_raised_once_and_cleared(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(url)
    database = Database(url)
    with database.write() as work:
        work.control.initialise("C0FFEE")
    alarm = ServingAlarm(Settings(database=url), SystemClock())

    def kinds() -> list[str]:
        with database.read() as reader:
            return [entry.kind for entry in reader.audit.entries() if "alarm" in entry.kind]

    alarm.told("")
    assert kinds() == []
    for _ in range(2):
        alarm.told("it broke (KeyError: 'x'); it is tried again")
    with database.read() as reader:
        (raised,) = reader.alarms.open()
    assert raised.kind == "not-serving" and "KeyError" in raised.said
    alarm.told("")
    assert kinds() == ["alarm.raised", "alarm.cleared"]
    database.close()


def test_where_it_cannot_be_kept_the_server_goes_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'none' / 'enforcer.db'}"
    alarm = ServingAlarm(Settings(database=url), SystemClock())
    with capture_logs() as said:
        alarm.told("it broke")
    assert [one["event"] for one in said] == ["alarm not kept"]
