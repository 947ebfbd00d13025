# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer notice ...`` on fake notices, here and through a server."""

from __future__ import annotations

from enforcer.notify.events import EVENTS
from tests.fakes.services import FakeNotices, a_notice
from tests.unit.cli.shell import Shell


def notices(shell: Shell) -> FakeNotices:
    assert isinstance(shell.services.notices, FakeNotices)
    return shell.services.notices


def test_listing_and_retrying(shell: Shell) -> None:
    notices(shell).views |= {2: a_notice(2, "sent"), 3: a_notice(3, "waiting")}
    assert [one["id"] for one in shell.json("notice", "list")] == [3, 1]
    assert [one["id"] for one in shell.json("notice", "list", "--all")] == [3, 2, 1]
    assert [one["id"] for one in shell.json("notice", "list", "--state", "sent")] == [2]
    assert [one["id"] for one in shell.json("notice", "list", "--all", "--limit", "1")] == [3]
    assert shell.run("notice", "list", "--state", "lost").exit_code == 2
    assert shell.json("notice", "retry", "1")["state"] == "waiting"
    assert notices(shell).views[1].state == "waiting"
    assert shell.run("notice", "retry", "99").exit_code == 3


def test_channels_and_a_test_of_one(shell: Shell) -> None:
    (channel,) = shell.json("notice", "channels")
    assert (channel["name"], channel["kind"], channel["dead"]) == ("noc", "webhook", 1)
    assert "noc" in shell.run("notice", "channels").stdout
    assert shell.json("notice", "test", "noc")["state"] == "sent"
    mute = shell.run("notice", "test", "mute")
    assert mute.exit_code == 1 and "nobody answers" in mute.stderr
    assert shell.run("notice", "test", "nobody").exit_code == 3
    assert notices(shell).tested == ["noc", "mute", "nobody"], "none is sent twice"


def test_the_events_are_the_programs_own(shell: Shell) -> None:
    events = shell.run("notice", "events")
    assert events.stdout.split() == list(EVENTS)
