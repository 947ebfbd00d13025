# SPDX-License-Identifier: GPL-2.0-or-later
"""A running controller and a feed: what the source says is in the kernel without anybody asking."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from enforcer import bootstrap
from enforcer.application.actor import Actor
from enforcer.application.commands import ExportEnforced, PlaceOrder
from enforcer.core.orders import BlockList, Direction
from enforcer.settings import Settings
from tests.integration.nft_router import namespaces

pytestmark = pytest.mark.root

ANN = Actor("ann", "cli")
INVENTORY = """\
settings:
  documentation_space: true
devices:
  edge1:
    platform: nftables
    mode: enforce
    roles: [border]
    transport: {{netns: "{name}", counters: "no"}}
feeds:
  botnets: {{source: list.txt, every: 1s, stale_after: 1h}}
"""
FIVE = "".join(f"203.0.113.{n}\n" for n in range(200, 205))
_PATIENCE = 60.0


@contextmanager
def controller(settings: Settings) -> Iterator[None]:
    stop, ready = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=bootstrap.serve, args=(settings,), kwargs={"stop": stop, "ready": ready.set}
    )
    thread.start()
    try:
        assert ready.wait(_PATIENCE)
        yield
    finally:
        stop.set()
        thread.join(_PATIENCE)
        assert not thread.is_alive()


def eventually(what: Callable[[], bool]) -> bool:
    """Whether it comes true within a patient time."""
    pause = threading.Event()
    for _ in range(int(_PATIENCE / 0.05)):
        if what():
            return True
        pause.wait(0.05)
    return False


def replace(file: Path, text: str) -> None:
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.rename(file)


def test_a_feed_is_enforced_by_itself_and_a_shrink_waits_for_a_person(
    root: None, tmp_path: Path
) -> None:
    file = tmp_path / "list.txt"
    replace(file, FIVE)
    with namespaces() as name:
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(INVENTORY.format(name=name), encoding="utf-8")
        settings = Settings(database=f"sqlite:///{tmp_path}/enforcer.db", inventory=inventory)
        bootstrap.initialise(settings)
        app = bootstrap.application(settings)

        def versions() -> list[int]:
            return [one.version for one in app.lists(ANN)]

        def held() -> list[str]:
            drift = app.device_drift(ANN, "edge1")
            assert drift.owner
            return [] if drift.drifted else list(app.export(ANN, ExportEnforced(device="edge1")))

        with controller(settings):
            assert eventually(lambda: versions() == [1])
            placed = app.place(
                ANN,
                PlaceOrder(
                    demand=BlockList("botnets", Direction.FROM),
                    reason="test",
                    duration=timedelta(hours=1),
                ),
            )
            waited = app.wait(ANN, placed.id, timedelta(seconds=_PATIENCE))
            assert (waited.status, waited.entries) == ("enforced", 5)
            replace(file, FIVE + "203.0.113.222\n")
            assert eventually(lambda: versions() == [2])
            assert eventually(lambda: "203.0.113.222" in held())
            replace(file, "203.0.113.222\n")
            assert eventually(lambda: [a.kind for a in app.alarms(ANN)] == ["feed-shrinks"])
            assert versions() == [2]
            assert app.list_refresh(ANN, "botnets", True).version == 3
            assert app.alarms(ANN) == []
            assert eventually(lambda: held()[1:] == ["203.0.113.222"])
