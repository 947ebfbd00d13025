# SPDX-License-Identifier: GPL-2.0-or-later
"""The report for a dispute: complete, provable, and safe to open whatever people wrote."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace
from html.parser import HTMLParser
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from enforcer.application.commands import AmendOrder, LiftOrder
from enforcer.application.record_views import Report
from enforcer.core.orders import BlockAddress, PolicyClause, SuspendCustomer
from enforcer.core.topology import Topology
from enforcer.errors import NotFound
from enforcer.signing import create_key
from enforcer.usecases.local import LocalApplication
from enforcer.wire import JSONValue
from tests.unit.usecases.office import ANN, ESSENTIALS, TOPOLOGY, Office

HOSTILE = "<script>alert('x')</script> & \"quoted\" <img src=https://example.com/x onerror=y>"
BLOCK = BlockAddress(ip_network("198.51.100.200"))


def lived(office: Office, reason: str = "phishing") -> str:
    """An order that was placed, enforced, amended and lifted; its id."""
    clause = PolicyClause("abuse", "3", "4.2 <b>")
    placed = office.place(BLOCK, reason=reason, ticket="T-1", policy=clause)
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    office.clock.advance(60)
    office.app.amend(ANN, AmendOrder(order=placed.id, ticket="T-2 <i>"))
    with office.database.write() as work:
        now = office.clock.now()
        work.raise_alarm("failing", ANN, at=now, subject=placed.id, said="<u>it fails</u>")
    office.clock.advance(60)
    office.app.lift(ANN, LiftOrder(order=placed.id, reason=reason))
    for name in office.boxes:
        office.app.device_reconcile(ANN, name)
    return placed.id


def the_order(made: Report) -> dict[str, Any]:
    (order,) = made.document["orders"]
    assert isinstance(order, dict)
    return order


def test_everything_about_an_order_is_in_it(office: Office) -> None:
    number = lived(office)
    made = office.app.report(ANN, number)
    order = the_order(made)
    assert [v["order"]["ticket"] for v in order["versions"]] == ["T-1", "T-2 <i>", "T-2 <i>"]
    said = [entry["entry"]["kind"] for entry in order["history"]]
    assert said == ["order.placed", "order.amended", "alarm.raised", "order.lifted"]
    assert {entry["entry"]["actor"] for entry in order["history"]} == {"ann"}
    assert order["policy"] == {"pack": "abuse", "version": "3", "clause": "4.2 <b>"}
    assert order["withheld"] == []
    assert sorted(order["proofs"]) == ["edge1", "edge2"]
    assert all(order["proofs"].values()), "proofs on both devices"
    assert {w["entry"]["device"] for w in order["writes"]} == {"edge1", "edge2"}
    assert all(w["native"] and w["outcome"]["detail"]["result"] for w in order["writes"])
    assert [a["kind"] for a in made.document["alarms"]] == ["alarm.raised"]
    assert json.loads(json.dumps(made.document)) == made.document


def test_its_entries_can_be_verified_by_hand(office: Office) -> None:
    order = the_order(office.app.report(ANN, lived(office)))
    for entry in order["history"]:
        hashed = hashlib.sha256(bytes.fromhex(entry["prev"]) + entry["body"].encode())
        assert hashed.hexdigest() == entry["hash"]


def test_the_chain_s_proof_is_in_it(office: Office, tmp_path: Path) -> None:
    number = lived(office)
    chain = office.app.report(ANN, number).document["chain"]
    assert chain["ok"] and chain["signature"] is None
    assert chain["head"]["sequence"] == office.database.head()
    create_key(tmp_path / "key")
    office.app = LocalApplication(replace(office.world, signing_key=tmp_path / "key"))
    signed = office.app.audit_sign(ANN)
    made = office.app.report(ANN, number)
    signature = made.document["chain"]["signature"]
    assert (signature["sequence"], signature["ok"]) == (signed.sequence, True)
    assert signature["public_key"] in made.html


def test_a_broken_chain_is_said_in_it(office: Office) -> None:
    number = lived(office)
    assert office.database.path is not None
    with sqlite3.connect(office.database.path) as connection:
        connection.execute("UPDATE audit SET actor = 'bob' WHERE seq = 2")
    connection.close()
    made = office.app.report(ANN, number)
    assert made.document["chain"]["first_bad"] == 2
    assert "BROKEN: entry 2" in made.html


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_people_wrote_is_text_and_nothing_else(office: Office) -> None:
    made = office.app.report(ANN, lived(office, HOSTILE))
    page = Page(made.html)
    assert page.tags.isdisjoint({"script", "img", "i", "b", "u", "a", "link", "iframe"})
    assert page.attributes <= {"lang", "charset", "http-equiv", "content"}
    assert HOSTILE in page.text
    assert "T-2 <i>" in page.text and "<u>it fails</u>" in page.text
    assert "4.2 <b>" in page.text
    assert "default-src 'none'" in made.html.replace("&#x27;", "'")


def test_a_customer_s_report_has_every_order_about_it(office: Office) -> None:
    demand = SuspendCustomer("cust2", ESSENTIALS)
    first = office.place(demand, confirm_collateral=True)
    office.app.lift(ANN, LiftOrder(order=first.id, reason="paid"))
    second = office.place(demand, confirm_collateral=True)
    lived(office)
    made = office.app.report(ANN, "cust2")
    assert [o["order"]["id"] for o in made.document["orders"]] == [second.id, first.id]
    assert made.document["customer"]["prefixes"] == ["192.0.2.64/26"]
    assert first.id in made.html and second.id in made.html


def test_orders_about_a_customer_s_addresses_are_in_its_report(office: Office) -> None:
    inside = office.place(BlockAddress(ip_network("198.51.100.0/25")), confirm_wide=True)
    office.app.lift(ANN, LiftOrder(order=inside.id, reason="over"))
    office.clock.advance(7 * 86_400 + 1)
    host = office.place(BlockAddress(ip_network("198.51.100.7")))
    office.place(BLOCK)
    made = office.app.report(ANN, "twice")
    assert [o["order"]["id"] for o in made.document["orders"]] == [host.id, inside.id]


def in_force(office: Office, topology: Topology) -> None:
    with office.database.write() as work:
        now = office.clock.now()
        said: dict[str, JSONValue] = {"digest": topology.digest}
        seq = work.record("inventory.loaded", ANN, at=now, payload=said)
        work.inventories.add(seq, topology, at=now, origin="test")
    office.clock.advance(60)


def test_a_customer_s_addresses_are_those_of_the_time(office: Office) -> None:
    moved = replace(TOPOLOGY.customers["twice"], prefixes=(ip_network("203.0.113.0/25"),))
    customers = {**TOPOLOGY.customers, "twice": moved}
    in_force(office, TOPOLOGY)
    then = office.place(BlockAddress(ip_network("198.51.100.7")))
    office.app.lift(ANN, LiftOrder(order=then.id, reason="over"))
    office.clock.advance(60)
    in_force(office, replace(TOPOLOGY, customers=customers))
    office.place(BlockAddress(ip_network("198.51.100.8")))
    now = office.place(BlockAddress(ip_network("203.0.113.9")))
    made = office.app.report(ANN, "twice")
    assert [o["order"]["id"] for o in made.document["orders"]] == [now.id, then.id]


def test_a_customer_without_orders_has_a_report_too(office: Office) -> None:
    made = office.app.report(ANN, "cust1")
    assert made.document["orders"] == []


@pytest.mark.parametrize("subject", ["nobody", "0001-Y", "<script>"])
def test_neither_an_order_nor_a_customer(office: Office, subject: str) -> None:
    with pytest.raises(NotFound, match="neither an order nor a customer"):
        office.app.report(ANN, subject)
