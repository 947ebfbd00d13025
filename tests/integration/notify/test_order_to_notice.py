# SPDX-License-Identifier: GPL-2.0-or-later
"""A running controller on a real kernel: an order, drift, and what people are told of them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer import bootstrap
from enforcer.application.actor import Actor
from enforcer.application.commands import ChangeEnd, PlaceOrder
from enforcer.clock import SystemClock
from enforcer.core.orders import BlockAddress
from enforcer.notify.measures import LEADING, STANDING_BY, Measures
from enforcer.notify.metrics import ServiceWatch
from enforcer.settings import Settings
from enforcer.storage.database import Database
from tests.integration.nft_router import namespaces
from tests.integration.notify.webhook_listener import Listener

pytestmark = pytest.mark.root

ANN = Actor("ann", "cli")
PATIENCE = 60.0
INVENTORY = """\
settings:
  documentation_space: true
devices:
  edge1:
    platform: nftables
    mode: enforce
    roles: [border]
    transport: {{netns: "{name}", counters: "no"}}
"""


def test_an_order_and_drift_are_told_and_counted(
    root: None, tmp_path: Path, listener: Listener
) -> None:
    (tmp_path / "secret").write_text("correct-horse")
    with namespaces() as name:
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(INVENTORY.format(name=name), encoding="utf-8")
        settings = settings_of(tmp_path, listener)
        bootstrap.initialise(settings)
        app = bootstrap.application(settings)
        measures = Measures()
        with controller(settings, measures):
            assert measures.measured().role == LEADING
            begun(settings)
            placed = app.place(
                ANN,
                PlaceOrder(
                    demand=BlockAddress(ip_network("203.0.113.9/32")),
                    reason="abuse",
                    duration=timedelta(hours=48),
                ),
            )
            heard = told(listener, "order.enforced")
            assert heard["order.placed"]["subject"] == placed.id
            assert "Proved on edge1" in str(heard["order.enforced"]["text"])
            subprocess.run(
                ["ip", "netns", "exec", name, "nft", "flush", "ruleset"], check=True, timeout=30
            )
            heard = told(listener, "drift.repaired")
            assert heard["drift.found"]["device"] == "edge1"
        assert measures.measured().role != STANDING_BY
        text = scraped(settings, measures)
    assert 'enforcer_events_total{event="order.enforced"} 1.0' in text
    assert "enforcer_order_proof_seconds_count 1.0" in text
    assert 'enforcer_drift_repaired_total{device="edge1"}' in text
    assert 'enforcer_pass_seconds_count{device="edge1"}' in text


def test_packets_that_are_dropped_are_counted_and_told(
    root: None, tmp_path: Path, listener: Listener
) -> None:
    """A real packet, an order that ends by itself: in `/metrics`, and in the notice of its end."""
    (tmp_path / "secret").write_text("correct-horse")
    with namespaces() as name:
        for words in (("link", "set", "lo", "up"), ("route", "add", "203.0.113.9", "dev", "lo")):
            subprocess.run(["ip", "-n", name, *words], check=True)
        inventory = tmp_path / "inventory.yaml"
        counting = INVENTORY.replace('counters: "no"', 'counters: "yes"')
        text = counting.format(name=name) + "    hooks: [forward, output]\n"
        inventory.write_text(text, encoding="utf-8")
        settings = settings_of(tmp_path, listener, {"metrics_dropped_minutes": 0.005})
        bootstrap.initialise(settings)
        app = bootstrap.application(settings)
        measures = Measures()
        with controller(settings, measures):
            begun(settings)
            placed = app.place(
                ANN,
                PlaceOrder(
                    demand=BlockAddress(ip_network("203.0.113.9/32")),
                    reason="abuse",
                    duration=timedelta(hours=1),
                ),
            )
            told(listener, "order.enforced")
            ping = ["ip", "netns", "exec", name, "ping", "-c", "3", "-i", "0.01", "-W", "1"]
            pinged = subprocess.run([*ping, "203.0.113.9"], capture_output=True, check=False)
            assert pinged.returncode != 0
            clock = SystemClock()
            deadline = clock.monotonic() + PATIENCE
            while 'enforcer_dropped_packets{device="edge1"} 3.0' not in scraped(settings, measures):
                assert clock.monotonic() < deadline, scraped(settings, measures)
                clock.sleep(0.05)
            sooner = ChangeEnd(order=placed.id, extend=False, duration=timedelta(seconds=1))
            app.change_end(ANN, sooner)
            expired = told(listener, "order.expired")["order.expired"]
            assert "It dropped at least 3 packets" in str(expired["text"])
            assert expired["detail"]["dropped"] == 3  # type: ignore[index]  # JSON


def settings_of(folder: Path, listener: Listener, web: dict[str, float] | None = None) -> Settings:
    """With one channel that is listened to."""
    channel = {
        "name": "soar",
        "webhook": f"http://127.0.0.1:{listener.port}/",
        "secret": f"file:{folder}/secret",
    }
    return Settings.model_validate(
        {
            "database": f"sqlite:///{folder}/enforcer.db",
            "inventory": folder / "inventory.yaml",
            "service": {"notify": [channel], "web": web or {}},
        }
    )


@contextmanager
def controller(settings: Settings, measures: Measures) -> Iterator[None]:
    stop, ready = threading.Event(), threading.Event()
    given = {"stop": stop, "ready": ready.set, "measures": measures}
    thread = threading.Thread(target=bootstrap.serve, args=(settings,), kwargs=given)
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def begun(settings: Settings) -> None:
    """Wait until the channel has begun to read: what was before is not told."""
    database, clock = Database(settings.database), SystemClock()
    try:
        for _ in range(int(PATIENCE / 0.05)):
            with database.read() as reader:
                if "soar" in reader.notices.readers():
                    return
            clock.sleep(0.05)
    finally:
        database.close()
    raise AssertionError("nobody reads")


def told(listener: Listener, until: str) -> dict[str, dict[str, object]]:
    """By event what was heard, up to and with `until`."""
    heard: dict[str, dict[str, object]] = {}
    while until not in heard:
        _, _, body = listener.asked.get(timeout=PATIENCE)
        one = json.loads(body)
        heard[one["event"]] = one
    return heard


def scraped(settings: Settings, measures: Measures) -> str:
    database = Database(settings.database)
    try:
        return ServiceWatch(database, SystemClock(), measures).metrics().decode()
    finally:
        database.close()
