# SPDX-License-Identifier: GPL-2.0-or-later
"""Our orders as CrowdSec's decisions: what bouncers are told, when, and what never."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from fastapi.testclient import TestClient

from enforcer.api.app import create_app
from enforcer.application.commands import ChangeEnd, ImportList, LiftOrder
from enforcer.core.orders import (
    Blackhole,
    BlockAddress,
    BlockList,
    Direction,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.intake.lapi import go_duration, router
from enforcer.intake.lapi_values import is_told
from enforcer.service_settings import ServiceSettings
from tests.fakes.services import FakeAccounts, FakeNotices
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import ReportOffice
from tests.unit.usecases.office import ANN, ESSENTIALS, HOUR

KEY = {"X-Api-Key": "token-viewer"}


@dataclass
class Lapi:
    """A bouncer and what it holds; `pull` does as a bouncer does: deleted first, then new."""

    office: ReportOffice
    client: TestClient
    held: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, **params: Any) -> Any:
        answer = self.client.get(f"/v1/{path}", params=params, headers=KEY)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pull(self, startup: bool = False, **params: Any) -> dict[str, str]:
        told = self.ask("decisions/stream", startup="true" if startup else "false", **params)
        if startup:
            self.held.clear()
        for one in told["deleted"] or []:
            self.held.pop(one["value"], None)
        for one in told["new"] or []:
            assert one["type"] == "ban" and one["scope"] in ("Ip", "Range")
            self.held[one["value"]] = one["duration"]
        return self.held

    def again(self) -> None:
        """The server starts anew; the bouncer does not."""
        self.client = client_of(self.office)


def client_of(office: ReportOffice) -> TestClient:
    services = office.services(FakeAccounts(), FakeNotices(), ServiceSettings())
    return TestClient(create_app(services, [router(office.world)]))


@pytest.fixture
def lapi(office: MakeOffice) -> Lapi:
    desk = office()
    return Lapi(desk, client_of(desk))


def block(text: str, direction: Direction = Direction.BOTH, **more: Any) -> BlockAddress:
    return BlockAddress(ip_network(text), direction, **more)


def test_an_order_comes_and_goes(lapi: Lapi) -> None:
    assert lapi.pull(startup=True) == {}
    order = lapi.office.place(block("198.51.100.9/32"))
    lapi.office.place(block("2001:db8:9::/48", Direction.FROM))
    assert lapi.pull() == {"198.51.100.9": "2h0m0s", "2001:db8:9::/48": "2h0m0s"}
    assert lapi.ask("decisions/stream") == {"new": None, "deleted": None}
    lapi.office.app.lift(ANN, LiftOrder(order=order.id, reason="over"))
    assert set(lapi.pull()) == {"2001:db8:9::/48"}


def test_time_alone_begins_and_ends(lapi: Lapi) -> None:
    lapi.pull(startup=True)
    lapi.office.place(block("198.51.100.9/32"), start_after=HOUR)
    assert lapi.pull() == {}
    lapi.office.clock.advance(3601)
    assert set(lapi.pull()) == {"198.51.100.9"}
    lapi.office.clock.advance(7200)
    assert lapi.pull() == {}


def test_a_value_goes_with_the_last_order_for_it(lapi: Lapi) -> None:
    lapi.pull(startup=True)
    first = lapi.office.place(block("198.51.100.9/32"))
    second = lapi.office.place(block("198.51.100.9/32", Direction.FROM), duration=5 * HOUR)
    assert lapi.pull() == {"198.51.100.9": "5h0m0s"}
    lapi.office.app.lift(ANN, LiftOrder(order=second.id, reason="over"))
    assert lapi.pull() == {"198.51.100.9": "2h0m0s"}
    lapi.office.app.lift(ANN, LiftOrder(order=first.id, reason="over"))
    assert lapi.pull() == {}


def test_an_end_that_moves_is_told(lapi: Lapi) -> None:
    order = lapi.office.place(block("198.51.100.9/32"))
    lapi.pull(startup=True)
    lapi.office.app.change_end(
        ANN, ChangeEnd(order=order.id, extend=True, duration=9 * HOUR, reason="again")
    )
    told = lapi.ask("decisions/stream")
    assert [one["value"] for one in told["deleted"]] == ["198.51.100.9"]
    assert [one["duration"] for one in told["new"]] == ["9h0m0s"]


def test_each_bouncer_has_its_own_place(lapi: Lapi) -> None:
    lapi.pull(startup=True)
    other = {"X-Api-Key": "token-engineer"}
    lapi.office.place(block("198.51.100.9/32"))
    lapi.pull()
    told = lapi.client.get("/v1/decisions/stream", headers=other).json()
    assert len(told["new"]) == 1
    assert lapi.ask("decisions/stream")["new"] is None


def test_a_restart_of_ours_loses_nothing(lapi: Lapi) -> None:
    """The bouncer does not know of it: it goes on asking for what is new."""
    stays = lapi.office.place(block("198.51.100.9/32"))
    goes = lapi.office.place(block("198.51.100.10/32"))
    bring(lapi, "203.0.113.64\n203.0.113.66\n")
    lapi.office.place(BlockList("bad"))
    lapi.pull(startup=True)
    assert len(lapi.held) == 4
    lapi.office.app.lift(ANN, LiftOrder(order=goes.id, reason="over"))
    bring(lapi, "203.0.113.66\n203.0.113.68\n")
    later = lapi.office.place(block("198.51.100.11/32"))
    lapi.again()
    assert set(lapi.pull()) == {
        "198.51.100.9", "198.51.100.11", "203.0.113.66", "203.0.113.68",
    }  # fmt: skip
    assert stays.number < later.number


def bring(lapi: Lapi, text: str) -> None:
    lapi.office.app.import_list(
        ANN, ImportList(name="bad", text=text, source="test", confirm_shrink=True)
    )


def test_lists_are_followed(lapi: Lapi) -> None:
    bring(lapi, "203.0.113.64/30\n203.0.113.70\n2001:db8:9::1\n")
    lapi.office.place(BlockList("bad"))
    lapi.pull(startup=True)
    assert set(lapi.held) == {"203.0.113.64/30", "203.0.113.70", "2001:db8:9::1"}
    bring(lapi, "203.0.113.71\n2001:db8:9::1\n")
    assert set(lapi.pull()) == {"203.0.113.71", "2001:db8:9::1"}


def test_customers_and_blackholes(lapi: Lapi) -> None:
    lapi.office.place(SuspendCustomer("cust2", ESSENTIALS))
    lapi.office.place(
        SuspendCustomer("twice", Selection((ip_network("192.0.2.1/32"),), (), ("essentials",)))
    )
    lapi.pull(startup=True)
    assert set(lapi.held) == {"192.0.2.64/26"}


def test_what_no_bouncer_can_do_exactly_is_not_told(lapi: Lapi) -> None:
    office = lapi.office
    office.place(block("198.51.100.9/32", Direction.TO))
    office.place(block("198.51.100.10/32", exceptions=Selection((ip_network("192.0.2.1"),))))
    office.place(block("198.51.100.11/32"), scope=Scope(devices=("edge1",)))
    assert lapi.pull(startup=True) == {}
    (order, *_) = office.placed()
    hole = Blackhole(ip_network("192.0.2.9"))
    assert not is_told(replace(order, demand=hole))
    assert is_told(replace(order, demand=replace(hole, direction=Direction.BOTH)))


def test_filters(lapi: Lapi) -> None:
    lapi.office.place(block("198.51.100.9/32"))
    lapi.office.place(block("198.51.100.64/30"))
    ask = lapi.ask
    for params, count in (
        ({"scopes": "ip"}, 1),
        ({"scopes": "ip,range"}, 2),
        ({"origins": "cli"}, 2),
        ({"origins": "elsewhere"}, 0),
        ({"scenarios_containing": "block_address"}, 2),
        ({"scenarios_not_containing": "block_address"}, 0),
    ):
        assert len(ask("decisions/stream", startup="true", **params)["new"] or []) == count, params


def test_what_is_decided_about_an_address(lapi: Lapi) -> None:
    lapi.office.place(block("198.51.100.9/32"))
    lapi.office.place(block("198.51.100.0/28"))

    def values(**params: Any) -> list[str]:
        return [one["value"] for one in lapi.ask("decisions", **params) or []]

    assert values(ip="198.51.100.9") == ["198.51.100.9", "198.51.100.0/28"]
    assert values(ip="198.51.100.1") == ["198.51.100.0/28"]
    assert lapi.ask("decisions", ip="198.51.100.99") is None
    assert values(range="198.51.100.0/24") == []
    assert len(values(range="198.51.100.0/24", contains="false")) == 2
    assert values(scope="Ip", value="198.51.100.9", type="ban")[0] == "198.51.100.9"
    assert values(ip="198.51.100.9", type="captcha") == []
    assert values(scope="ip") == ["198.51.100.9"]
    assert len(values()) == 2
    head = lapi.client.head("/v1/decisions", headers=KEY)
    assert head.status_code == 200 and head.content in (b"", b"null")
    assert lapi.client.head("/v1/decisions/stream", headers=KEY).status_code == 200
    assert lapi.client.get("/v1/decisions?ip=x", headers=KEY).status_code == 422


def test_who_may_ask(lapi: Lapi) -> None:
    for path in ("decisions", "decisions/stream"):
        for headers, status in (
            ({}, 401),
            ({"Authorization": "Bearer token-viewer"}, 401),
            ({"X-Api-Key": "nonsense"}, 401),
            ({"X-Api-Key": "token-viewer"}, 200),
            ({"X-Api-Key": "read-viewer"}, 200),
            ({"X-Api-Key": "token-detector"}, 403),
        ):
            assert lapi.client.get(f"/v1/{path}", headers=headers).status_code == status


def test_metrics_are_taken(lapi: Lapi) -> None:
    answer = lapi.client.post("/v1/usage-metrics", json={"a": 1}, headers=KEY)
    assert answer.status_code == 201
    assert lapi.client.post("/v1/usage-metrics", json={"a": 1}).status_code == 401


def test_fifty_thousand_are_streamed(lapi: Lapi) -> None:
    """Each stands in the book once, whoever asks; a pull without a change costs nothing."""
    lines = "\n".join(f"10.{n // 250}.{n % 250}.1" for n in range(50_000))
    bring(lapi, lines)
    lapi.office.place(BlockList("bad"), duration=timedelta(days=3))
    assert len(lapi.pull(startup=True)) == 50_000
    assert lapi.ask("decisions/stream") == {"new": None, "deleted": None}
    bring(lapi, lines.replace("10.0.0.1\n", "203.0.113.9\n"))
    told = lapi.ask("decisions/stream")
    assert [one["value"] for one in told["deleted"]] == ["10.0.0.1"]
    assert [one["value"] for one in told["new"]] == ["203.0.113.9"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(14395, "3h59m55s"), (59.9, "59s"), (60, "1m0s"), (3600, "1h0m0s"), (0.2, "1s")],
)
def test_durations_as_go_writes_them(seconds: float, text: str) -> None:
    assert go_duration(seconds) == text
