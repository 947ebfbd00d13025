# SPDX-License-Identifier: GPL-2.0-or-later
"""How an answer that is only assumed is told: by what is missing."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from enforcer.application.views import DeviceStatus, WhyOrder, WhyView
from enforcer.cli.tables.why import why
from tests.fakes.views import NOW


def shown(view: WhyView) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(why(view, NOW))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def answer(seconds_ago: int, missing: list[str]) -> WhyView:
    order = WhyOrder(
        id="0001-Y",
        relation="exact",
        direction="both",
        what="all",
        status="unverified",
        reason="x",
        issuer="ann",
        since=NOW - timedelta(hours=1),
        until=None,
        devices=[DeviceStatus(device="r", status="unverified", verified_at=None)],
    )
    return WhyView(
        address="192.0.2.7",
        at=NOW - timedelta(seconds=seconds_ago),
        blocked_from="all",
        blocked_to="all",
        orders=[order],
        certainty="assumed",
        missing=missing,
    )


def test_a_device_without_proofs_around_a_past_instant_was_perhaps_proved_elsewhere() -> None:
    text = shown(answer(5, ["r was not proved around that time"]))
    assert "on r, not proved around that time" in text
    assert "verified never" not in text
    assert "assumed: r was not proved around that time" in text


def test_now_a_device_that_was_never_proved_is_said_to_be_so() -> None:
    text = shown(answer(0, ["0001-Y is enforcing on r"]))
    assert "on r, verified never" in text
    assert "assumed: 0001-Y is enforcing on r" in text
    assert "no device was read" not in text


def test_of_much_that_is_missing_the_first_is_told() -> None:
    text = shown(answer(0, [f"r{n} was never proved" for n in range(5)]))
    assert "r2 was never proved; and 2 more" in text
    assert "r3" not in text


@pytest.mark.parametrize(
    ("shared_by", "said"),
    [
        (None, "at least 12 packets dropped"),
        (3, "at least 12 packets dropped, shared by 3 orders"),
    ],
)
def test_a_number_that_is_not_of_one_order_alone_is_said_to_be_shared(
    shared_by: int | None, said: str
) -> None:
    plain = answer(0, [])
    counted = plain.orders[0].model_copy(update={"dropped": 12, "dropped_shared_by": shared_by})
    text = shown(plain.model_copy(update={"orders": [counted]}))
    assert said in text
    assert ("shared by" in text) is (shared_by is not None)
