# SPDX-License-Identifier: GPL-2.0-or-later
"""Channels as people see them: what waits for each, and never where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest

from enforcer.application.actor import Actor
from enforcer.core.access import Rights, Role
from enforcer.errors import ConfigurationInvalid, Forbidden, NotFound
from enforcer.notify.desk import NoticeDesk
from enforcer.notify.outlets import Outlets
from enforcer.service_settings import NotifySettings, ServiceSettings
from tests.unit.notify.notice_bench import ANN, Bench, FakeChannel

MAIL = NotifySettings(name="mail", url="mailtos://me:secret@example.net", events=("alarm.*",))
HOOK = NotifySettings(name="hook", webhook="http://127.0.0.1:1/x", secret="env:HOOK")
HIDDEN = NotifySettings(name="chat", url="file:chat.url")
VIEWER = Actor("vera", "web", Rights(frozenset({Role.VIEWER})))


def desk_on(bench: Bench, *channels: NotifySettings) -> NoticeDesk:
    """With these channels in the settings, whose secrets are all the same."""
    outlets = Outlets(ServiceSettings(notify=channels), Path.cwd(), lambda reference: "s3cret")
    return NoticeDesk(bench.database, bench.clock, outlets)


def test_they_are_listed_with_what_waits_and_without_secrets(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    found = desk_on(bench, MAIL, HOOK, HIDDEN).channels(VIEWER)
    assert [(one.name, one.kind) for one in found] == [
        ("mail", "mailtos"),
        ("hook", "webhook"),
        ("chat", "apprise"),
    ]
    assert [(one.waiting, one.dead) for one in found] == [(1, 0), (0, 0), (0, 0)]
    assert found[0].events == ["alarm.*"]
    told = "".join(one.model_dump_json() for one in found)
    assert "secret" not in told and "127.0.0.1" not in told and "chat.url" not in told


def test_what_was_given_up_is_counted(bench: Bench) -> None:
    bench.place()
    bench.following.look()
    sender = bench.sender(FakeChannel(away=True), attempts=1)
    sender.look()
    (mail,) = desk_on(bench, MAIL).channels(ANN)
    assert (mail.waiting, mail.dead) == (0, 1)


def test_a_test_goes_out_at_once_or_says_why_not(bench: Bench) -> None:
    def resolve(reference: str) -> str:
        raise ConfigurationInvalid(f"{reference}: there is no such variable: set it")

    outlets = Outlets(ServiceSettings(notify=(HOOK,)), Path.cwd(), resolve)
    desk = NoticeDesk(bench.database, bench.clock, outlets)
    with pytest.raises(ConfigurationInvalid, match="env:HOOK"):
        desk.test(ANN, "hook")
    with pytest.raises(NotFound, match="hook"):
        desk.test(ANN, "nobody")
    with pytest.raises(Forbidden, match="devices"):
        desk.test(VIEWER, "hook")
    with pytest.raises(NotFound, match="none is configured"):
        NoticeDesk(bench.database, bench.clock).test(ANN, "hook")
    assert desk.notices(ANN) == [], "nothing is stored"


def test_a_page_goes_on_below_a_number(bench: Bench) -> None:
    for _ in range(3):
        bench.place()
    bench.following.look()
    desk = desk_on(bench, MAIL)
    first = desk.notices(ANN, None, 2)
    rest = desk.notices(ANN, None, 2, first[-1].id)
    assert [one.id for one in (*first, *rest)] == [3, 2, 1]
