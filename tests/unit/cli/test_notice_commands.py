# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer notice ...`` on fake notices."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.application.actor import Actor
from enforcer.application.notice_views import Notices, NoticeView
from enforcer.cli.main import build
from enforcer.errors import NotFound
from enforcer.notify.events import EVENTS
from enforcer.settings import Settings
from tests.fakes.services import FakeNotices
from tests.unit.cli.shell import Shell


class Noticing:
    """The command line with `FakeNotices` behind it."""

    def __init__(self, shell: Shell) -> None:
        self.notices = FakeNotices()
        self.tested: list[str] = []
        wiring = replace(shell._wiring(), notices=self._notices, notice_test=self._test)
        shell.app = build(shell._application, wiring)

    def _notices(self, settings: Settings) -> Notices:
        return self.notices

    def _test(self, settings: Settings, actor: Actor, channel: str) -> NoticeView:
        self.tested.append(channel)
        if channel != "noc":
            raise NotFound(f"no channel {channel!r}: noc")
        return self.notices.notices(actor)[0]


@pytest.fixture
def noticing(shell: Shell) -> Noticing:
    return Noticing(shell)


def test_listing_retrying_testing(shell: Shell, noticing: Noticing) -> None:
    found = shell.json("notice", "list", "--all")
    assert found[0]["channel"]
    assert shell.run("notice", "list").exit_code == 0
    assert shell.run("notice", "test", "noc").exit_code == 0
    assert shell.run("notice", "test", "nobody").exit_code != 0
    assert noticing.tested == ["noc", "nobody"]
    number = str(next(one["id"] for one in found if one["state"] == "dead"))
    assert shell.run("notice", "retry", number).exit_code == 0
    events = shell.run("notice", "events")
    assert events.stdout.split() == list(EVENTS)
