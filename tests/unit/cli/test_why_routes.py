# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer why PREFIX --route`` and how long lists are told in tables."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from enforcer.application.record_views import Report
from enforcer.application.route_views import RouteSeen
from enforcer.cli.tables import one
from enforcer.cli.tables.layout import brief
from tests.fakes.views import NOW
from tests.unit.cli.shell import Shell


def seen(**changes: object) -> RouteSeen:
    one = RouteSeen(device="edge1", neighbor="10.0.1.2", direction="in", state="accepted")
    return one.model_copy(update=changes)


def shown(shell: Shell, *sessions: RouteSeen) -> str:
    shell.application.route = shell.application.route.model_copy(update={"seen": list(sessions)})
    result = shell.run("why", "8.8.8.0/24", "--route", env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_the_answer_of_a_leaked_route(shell: Shell) -> None:
    result = shell.run("why", "8.8.8.0/24", "--route", env={"COLUMNS": "160"})
    lines = result.stdout.splitlines()
    assert "in the routing table  edge1: yes" in result.stdout
    assert "edge2: unknown: did not answer within 30 s" in result.stdout
    assert "partial: not every device could tell" in result.stdout
    (rejected,) = (line for line in lines if "10.0.1.2 (acme, AS65001)" in line)
    assert "rejected" in rejected and "by 0001-Y" in rejected
    (accepted,) = (line for line in lines if "10.0.9.1 (transit, AS64999)" in line)
    assert "accepted" in accepted and "0001-Y" not in accepted
    assert "via 65001 15169" in result.stdout and "drop-routes 8.8.8.0/24" in result.stdout


@pytest.mark.parametrize(
    ("session", "says"),
    [
        (seen(state="rejected"), "by a filter that is not ours"),
        (seen(orders=["0001-Y"]), "though 0001-Y rejects it: not effective there"),
        (
            seen(state="not-announced", would_reject=["0001-Y"], depends_on_path=True),
            "0001-Y would reject it with some AS paths",
        ),
        (
            seen(state="shut", orders=["0002-W"], would_reject=["0001-Y"]),
            "the session is, by 0002-W; 0001-Y would reject it",
        ),
        (seen(state="unknown", would_reject=["0001-Y"]), "0001-Y would reject it"),
        (seen(direction="out", state="rejected", orders=["0001-Y"]), "what we send: by 0001-Y"),
    ],
)
def test_what_is_said_of_a_session(shell: Shell, session: RouteSeen, says: str) -> None:
    assert says in shown(shell, session)


def test_a_route_that_nobody_announces(shell: Shell) -> None:
    assert "no neighbor announces it, and no order would reject it" in shown(shell)


def test_the_answer_as_json(shell: Shell) -> None:
    answer = shell.json("why", "8.8.8.0/24", "--route")
    assert answer["prefix"] == "8.8.8.0/24" and answer["certainty"] == "partial"
    assert [one["state"] for one in answer["seen"]] == ["rejected", "accepted"]


def test_routers_know_no_past(shell: Shell) -> None:
    result = shell.run("why", "8.8.8.0/24", "--route", "--at", "2h")
    assert result.exit_code == 2 and "--route" in result.stderr


def test_a_long_list_is_cut_in_a_table() -> None:
    assert brief([str(n) for n in range(100)]).endswith("98, 99")
    assert brief([str(n) for n in range(49_048)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 49,038 more"


def test_a_report_of_a_long_order_is_an_outline() -> None:
    prefixes = [f"10.0.{n % 256}.{n // 256}" for n in range(49_048)]
    document = {"demand": {"prefixes": prefixes}, "body": ",".join(prefixes)}
    view = Report(subject="0001-Y", made_at=NOW, html="", document=document)
    console = Console(file=io.StringIO(), width=200)
    console.print(one(view, NOW))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "- 10.0.9.0" in text and "and 49,038 more" in text and "more characters" in text
    assert len(text) < 20_000
