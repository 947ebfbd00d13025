# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices arrive: by mail at a real server, as JSON, and as a signed webhook; or they do not."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope

from enforcer.clock import SystemClock
from enforcer.errors import ConfigurationInvalid, NotSent
from enforcer.notify.channel_settings import problems
from enforcer.notify.channels import ID, SIGNATURE, TIMESTAMP, channel_of
from enforcer.notify.outlets import Outlets
from enforcer.notify.running import notifying
from enforcer.service_settings import NotifySettings, ServiceSettings, WebSettings
from enforcer.storage import migrate
from enforcer.storage.database import Database
from enforcer.storage.notices import StoredNotice
from tests.integration.notify.webhook_listener import Listener
from tests.unit.notify.notice_bench import ANN, FakeOrders

SECRET = "correct-horse-battery-staple"
PATIENCE = 30.0


class Postbox:
    """Takes mail, as aiosmtpd asks."""

    def __init__(self) -> None:
        self.mails: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, server: object, session: object, envelope: Envelope
    ) -> str:
        """One mail."""
        assert isinstance(envelope.content, bytes)
        self.mails.put(envelope.content)
        return "250 OK"


@pytest.fixture(scope="module")
def smtp() -> Iterator[tuple[Postbox, int]]:
    """A mail server on a loopback port."""
    postbox = Postbox()
    loop = asyncio.new_event_loop()
    made = loop.create_server(lambda: SMTP(postbox, loop=loop), "127.0.0.1", 0)
    server = loop.run_until_complete(made)
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield postbox, server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def notice() -> StoredNotice:
    """One of an order."""
    told = {"event": "order.placed", "sequence": 7, "subject": "0007-X", "detail": {}}
    body = {
        "title": "Placed: 0007-X",
        "text": "192.0.2.7/32 is blocked.",
        "entry": 7,
        "made": "2026-05-04T12:00:00+00:00",
        "told": told,
        "error": "",
    }
    return StoredNotice("desk", 7, "order.placed", SystemClock().now(), body, id=42)


def resolve(reference: str) -> str:
    """Every reference names the one secret."""
    return SECRET


def webhook(port: int, path: str = "/hook") -> NotifySettings:
    return NotifySettings(
        name="soar", webhook=f"http://127.0.0.1:{port}{path}", secret="env:HOOK_SECRET"
    )


def test_mail_arrives_with_subject_and_text(smtp: tuple[Postbox, int]) -> None:
    postbox, port = smtp
    url = f"mailto://127.0.0.1:{port}?from=enforcer@example.net&to=noc@example.net&mode=insecure"
    settings = NotifySettings(name="noc", url=url)
    channel_of(settings, resolve, SystemClock()).send(notice())
    mail = message_from_bytes(postbox.mails.get(timeout=PATIENCE), policy=default)
    assert mail["Subject"] == "Placed: 0007-X"
    assert "noc@example.net" in mail["To"]
    assert "192.0.2.7/32 is blocked." in str(mail)


def test_apprise_reaches_a_json_service(listener: Listener) -> None:
    settings = NotifySettings(name="chat", url=f"json://127.0.0.1:{listener.port}/room")
    channel_of(settings, resolve, SystemClock()).send(notice())
    path, _, body = listener.asked.get(timeout=PATIENCE)
    assert path == "/room"
    assert json.loads(body)["title"] == "Placed: 0007-X"


def test_a_service_that_refuses_is_said_without_its_secrets(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.status = 403
    url = f"json://someone:{SECRET}@127.0.0.1:{listener.port}/token-in-path-9"
    with pytest.raises(NotSent) as refused, caplog.at_level(logging.DEBUG):
        channel_of(NotifySettings(name="chat", url=url), resolve, SystemClock()).send(notice())
    for secret in (SECRET, "token-in-path-9"):
        assert secret not in str(refused.value)
        assert secret not in caplog.text
    assert "did not take it" in str(refused.value)


def test_a_webhook_is_signed_over_time_and_body(listener: Listener) -> None:
    channel_of(webhook(listener.port), resolve, SystemClock()).send(notice())
    path, headers, body = listener.asked.get(timeout=PATIENCE)
    stamp = headers[TIMESTAMP]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert (path, headers[ID], headers[SIGNATURE]) == ("/hook", "42", f"v1={expected}")
    told = json.loads(body)
    assert (told["event"], told["subject"], told["count"]) == ("order.placed", "0007-X", 1)


def test_a_webhook_follows_no_redirect(listener: Listener) -> None:
    listener.status = 307
    listener.headers = {"Location": f"http://127.0.0.1:{listener.port}/elsewhere"}
    with pytest.raises(NotSent, match="307: redirects are not followed"):
        channel_of(webhook(listener.port), resolve, SystemClock()).send(notice())
    assert listener.asked.get(timeout=PATIENCE)[0] == "/hook"
    assert listener.asked.empty()


def test_a_webhook_that_fails_or_is_away_says_so_without_its_address(listener: Listener) -> None:
    listener.status = 500
    with pytest.raises(NotSent, match="answered 500"):
        channel_of(webhook(listener.port), resolve, SystemClock()).send(notice())
    with pytest.raises(NotSent) as away:
        channel_of(webhook(1, "/t0ken"), resolve, SystemClock()).send(notice())
    assert "t0ken" not in str(away.value)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (NotifySettings(name="a"), "set url"),
        (NotifySettings(name="a", url="json://x", webhook="http://x"), "set url"),
        (NotifySettings(name="a", webhook="http://x"), "name a secret"),
        (NotifySettings(name="a", webhook="http://x", secret="hunter2"), "not the secret itself"),
        (NotifySettings(name=":orders", url="json://x"), "a name of its own"),
        (NotifySettings(name="a", url="json://x", events=("order.plaecd",)), "order.plaecd"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: NotifySettings, said: str) -> None:
    found = problems((settings,))[0]
    assert said in found
    assert "hunter2" not in found


def test_an_address_that_apprise_does_not_know_is_refused_without_showing_it() -> None:
    settings = NotifySettings(name="a", url="env:ADDRESS")
    with pytest.raises(ConfigurationInvalid) as refused:
        channel_of(settings, lambda _: f"nonsense://{SECRET}", SystemClock())
    assert SECRET not in str(refused.value)


def test_a_running_controllers_notices_arrive_though_another_channel_is_away(
    tmp_path: Path, listener: Listener
) -> None:
    url = f"sqlite:///{tmp_path / 'enforcer.db'}"
    migrate.upgrade(url)
    database = Database(url)
    away = NotifySettings(name="away", webhook="http://127.0.0.1:1/", secret="env:HOOK_SECRET")
    settings = ServiceSettings(
        web=WebSettings(url="https://enforcer.example.net"),
        notify=(away, webhook(listener.port)),
    )
    outlets = Outlets(settings, tmp_path, resolve)
    try:
        with notifying(database, outlets, FakeOrders(), SystemClock()):
            until(lambda: cursors(database) == 2)
            with database.write() as work:
                said = {"reason": "floods"}
                at = SystemClock().now()
                work.record("source.stopped", ANN, at=at, subject="ids", payload=said)
            _, _, body = listener.asked.get(timeout=PATIENCE)
            until(lambda: attempts(database) >= 1)
    finally:
        database.close()
    assert json.loads(body)["title"] == "Source ids was stopped"


def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    clock = SystemClock()
    deadline = clock.monotonic() + PATIENCE
    while not holds():
        assert clock.monotonic() < deadline
        clock.sleep(0.02)


def cursors(database: Database) -> int:
    """How many channels have begun to read."""
    with database.read() as reader:
        return sum(not name.startswith(":") for name in reader.notices.readers())


def attempts(database: Database) -> int:
    """How often the channel that is away was tried."""
    with database.read() as reader:
        found: list[Any] = [n for n in reader.notices.newest() if n.channel == "away"]
    return sum(notice.attempts for notice in found if notice.body["error"])
