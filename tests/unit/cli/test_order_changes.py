# SPDX-License-Identifier: GPL-2.0-or-later
"""Listing, showing and changing orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from enforcer.application.commands import (
    AmendOrder,
    ChangeEnd,
    CommentOrder,
    LiftOrder,
    OrderFilter,
)
from enforcer.core.orders import PolicyClause
from tests.unit.cli.shell import Shell


@pytest.fixture
def placed(shell: Shell) -> Shell:
    """A shell with two orders, the second one lifted and gone."""
    for target in ("192.0.2.1", "192.0.2.2"):
        shell.placed("block-address", target, "-r", f"because of {target}", "--for", "2h")
    shell.application.settles_as = "lifted"
    shell.run("order", "lift", "0002-W", "-r", "cleaned", "--wait")
    return shell


def listed(shell: Shell, *options: str) -> list[str]:
    """The ids that ``order list`` shows."""
    return [order["id"] for order in shell.json("order", "list", *options)]


def test_list_shows_active_orders_newest_first(placed: Shell) -> None:
    placed.placed("block-address", "192.0.2.3", "-r", "x", "--for", "2h")
    assert listed(placed) == ["0003-T", "0001-Y"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--all",), ["0002-W", "0001-Y"]),
        (("--ended",), ["0002-W"]),
        (("--status", "lifted"), ["0002-W"]),
        (("--kind", "block-port"), []),
        (("--all", "--text", "192.0.2.1"), ["0001-Y"]),
        (("--all", "--limit", "1"), ["0002-W"]),
        (("--all", "--before", "0002-W"), ["0001-Y"]),
    ],
)
def test_list_filters(placed: Shell, options: tuple[str, ...], ids: list[str]) -> None:
    assert listed(placed, *options) == ids


def test_every_filter_reaches_the_application(shell: Shell) -> None:
    shell.run(
        "order", "list", "--status", "failing", "--status", "partial", "--kind", "block-port",
        "--customer", "acme", "--text", "spam", "--limit", "7", "--before", "0009-X",
    )  # fmt: skip
    assert shell.last("orders") == OrderFilter(
        active=None,
        statuses=("failing", "partial"),
        kinds=("block_port",),
        customer="acme",
        text="spam",
        limit=7,
        before="0009-X",
    )


def test_all_and_ended_exclude_each_other(shell: Shell) -> None:
    assert shell.run("order", "list", "--all", "--ended").exit_code == 2


def test_a_full_page_says_how_to_go_on(placed: Shell) -> None:
    result = placed.run("order", "list", "--all", "--limit", "1")
    assert "--before 0002-W" in result.stderr
    assert "--before" not in placed.run("order", "list", "--all", "--limit", "3").stderr


def test_no_orders_is_a_sentence(shell: Shell) -> None:
    assert shell.run("order", "list").stdout == "no orders\n"


def test_show_has_everything(placed: Shell) -> None:
    shown = placed.run("order", "show", "0001-Y").stdout
    for part in (
        "0001-Y",
        "enforcing",
        "block-address 192.0.2.1",
        "because of 192.0.2.1",
        "by tester, cli",
        "in 2h (2026-11-21 20:00Z)",
        "edge1",
    ):
        assert part in shown


def test_show_says_when_and_why_it_was_lifted(placed: Shell) -> None:
    shown = placed.run("order", "show", "0002-W").stdout
    assert "now (2026-11-21 18:00Z): cleaned" in shown


def test_extend_by_a_duration_from_now(placed: Shell) -> None:
    result = placed.run("order", "extend", "0001-Y", "--for", "7d", "-r", "still open")
    assert result.exit_code == 0
    assert placed.last("change_end") == ChangeEnd(
        order="0001-Y", extend=True, duration=timedelta(days=7), reason="still open"
    )
    assert "2026-11-28 18:00Z" in result.stdout


def test_extend_to_an_instant_and_for_ever(placed: Shell) -> None:
    placed.run("order", "extend", "0001-Y", "--until", "2026-12-01T08:00Z")
    assert placed.last("change_end").end == datetime(2026, 12, 1, 8, tzinfo=UTC)
    placed.run("order", "extend", "0001-Y", "--open-ended")
    assert placed.last("change_end").open_ended


def test_shorten(placed: Shell) -> None:
    placed.run("order", "shorten", "0001-Y", "--for", "10m")
    assert placed.last("change_end") == ChangeEnd(
        order="0001-Y", extend=False, duration=timedelta(minutes=10)
    )


@pytest.mark.parametrize("command", ["extend", "shorten"])
@pytest.mark.parametrize("ends", [(), ("--for", "1h", "--until", "2026-12-01T08:00Z")])
def test_a_change_of_the_end_needs_one_end(
    placed: Shell, command: str, ends: tuple[str, ...]
) -> None:
    result = placed.run("order", command, "0001-Y", *ends)
    assert result.exit_code == 2
    assert "exactly one of" in result.stderr
    assert "change_end" not in placed.names()


def test_lift(placed: Shell) -> None:
    result = placed.run("order", "lift", "0001-Y", "--reason", "cleaned up")
    assert result.exit_code == 0
    assert placed.last("lift") == LiftOrder(order="0001-Y", reason="cleaned up")


def test_lift_needs_a_reason(placed: Shell) -> None:
    assert placed.run("order", "lift", "0001-Y").exit_code == 2


def test_amend(placed: Shell) -> None:
    placed.run("order", "amend", "0001-Y", "--ticket", "T-2", "--policy", "aup/1/2")
    assert placed.last("amend") == AmendOrder(
        order="0001-Y", ticket="T-2", policy=PolicyClause("aup", "1", "2")
    )
    assert placed.run("order", "amend", "0001-Y").exit_code == 2


def test_extending_as_an_emergency(placed: Shell) -> None:
    words = ("order", "extend", "0001-Y", "--for", "2d", "-r", "x", "--emergency", "still flooded")
    assert placed.run(*words).exit_code == 0
    change = ChangeEnd(
        order="0001-Y",
        extend=True,
        duration=timedelta(days=2),
        reason="x",
        emergency="still flooded",
    )
    assert placed.last("change_end") == change


def test_comment(placed: Shell) -> None:
    said = placed.json("order", "comment", "0001-Y", "the customer called")
    assert (said["kind"], said["subject"]) == ("order.commented", "0001-Y")
    assert placed.last("comment") == CommentOrder(order="0001-Y", text="the customer called")
    assert (
        "the customer called"
        in placed.run("order", "comment", "0001-Y", "the customer called").stdout
    )


def test_history(placed: Shell) -> None:
    (event,) = placed.json("order", "history", "0001-Y")
    assert (event["sequence"], event["kind"]) == (1, "order.placed")
    assert "order.placed" in placed.run("order", "history", "0001-Y").stdout


@pytest.mark.parametrize(
    "command",
    [
        ("show", "0009-X"),
        ("extend", "0009-X", "--for", "1h"),
        ("lift", "0009-X", "-r", "x"),
        ("amend", "0009-X", "-t", "T"),
        ("comment", "0009-X", "T"),
        ("history", "0009-X"),
    ],
)
def test_an_unknown_order_is_exit_code_3(shell: Shell, command: tuple[str, ...]) -> None:
    result = shell.run("order", *command)
    assert result.exit_code == 3
    assert "0009-X" in result.stderr
    assert result.stdout == ""


def test_an_idempotency_key_gives_the_same_order(shell: Shell) -> None:
    options = ("order", "block-address", "192.0.2.1", "-r", "x", "--for", "1h", "--key", "k")
    assert shell.json(*options)["id"] == shell.json(*options)["id"]
