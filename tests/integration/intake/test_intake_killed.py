# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole service under a burst of reports, killed in the middle of it, and started again."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from pathlib import Path

import httpx

from enforcer.core.access import Role
from enforcer.core.orders import BlockAddress
from enforcer.storage.database import Database
from tests.integration.api.served import Installed, Service, eventually, running

RULES = """
[[service.intake.rules]]
name = "logins"
do = "order"
type = ["login_attack"]
kind = "block_address"
direction = "from"
"""
INVENTORY = """\
settings:
  documentation_space: true
devices:
  edge1:
    platform: nftables
    mode: observe
    roles: [border]
    transport: {netns: "nowhere"}
customers:
  acme:
    prefixes: [198.51.100.0/24]
"""
CLIENTS, EACH, ENOUGH = 4, 60, 40


def report(address: str) -> dict[str, str]:
    return {"source_identifier": address, "type": "login_attack", "protocol": "tcp"}


def burst(service: Service, accepted: list[str], enough: threading.Event) -> None:
    """Report addresses until the service is gone; `accepted`: those that got a receipt."""

    def send(number: int) -> None:
        with service.client(Role.DETECTOR) as client:
            for place in range(number * EACH, (number + 1) * EACH):
                address = f"198.51.100.{place % 250 + 1}"
                try:
                    answer = client.post("/in/xarf", json=report(address))
                except httpx.HTTPError:
                    return
                if answer.status_code != 202:
                    refused.append(answer.text)
                    enough.set()
                    return
                accepted.append(address)
                if len(accepted) >= ENOUGH:
                    enough.set()

    refused: list[str] = []
    threads = [threading.Thread(target=send, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    service.end(signal.SIGKILL)
    for thread in threads:
        thread.join()
    assert refused == []


def states(database: Database) -> Counter[str]:
    with database.read() as reader:
        return Counter(reader.reports.counts())


def test_every_report_with_a_receipt_is_ordered_once(tmp_path: Path) -> None:
    installed = Installed(tmp_path / "killed")
    installed.create()
    with installed.config.open("a") as config:
        config.write(RULES)
    (installed.folder / "inventory.yaml").write_text(INVENTORY, encoding="utf-8")
    accepted: list[str] = []
    with running(installed) as service:
        burst(service, accepted, threading.Event())
        assert len(accepted) < CLIENTS * EACH, "it was killed before the burst was over"
        service.start()
        database = Database(installed.settings.database)
        eventually(lambda: not states(database)["taken"], "the reports are finished")
    with database.read() as reader:
        orders = reader.orders.search(limit=10_000)
        reports = reader.reports.search(limit=10_000)
    database.close()
    assert {one.state for one in reports} == {"ordered"}
    targets = Counter(
        str(order.demand.prefix.network_address)
        for order in orders
        if isinstance(order.demand, BlockAddress)
    )
    assert set(targets.values()) == {1} and set(accepted) <= targets.keys()
    assert {one.target for one in reports} == targets.keys()
