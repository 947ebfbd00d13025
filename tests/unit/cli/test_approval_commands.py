# SPDX-License-Identifier: GPL-2.0-or-later
"""What waits for a second person, at the command line."""

from __future__ import annotations

import json
from io import StringIO

import jsonschema
import pytest
from rich.console import Console

from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.desk_views import PlaceResult
from enforcer.cli.bulk import Tally
from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.tables.bulk import results
from enforcer.cli.tables.orders import preview as order_preview
from enforcer.core.orders import BlockAddress
from enforcer.core.prefixes import parse_network
from enforcer.errors import AwaitingApproval, Forbidden
from tests.fakes.views import NOW
from tests.unit.cli import view_schemas
from tests.unit.cli.shell import Shell

EVE = Actor("eve", "web")
WIDE = BlockAddress(parse_network("192.0.2.0/24"))
PLACE = ("order", "block-address", "192.0.2.7", "-r", "flood", "--for", "1h")


@pytest.fixture
def proposal(shell: Shell) -> str:
    """The id of something wide that eve has proposed."""
    shell.application.needs_approval["192.0.2.0/24"] = ["it is as wide as a /22", "it has no end"]
    asked = PlaceOrder(demand=WIDE, reason="flood", ticket="T-1", open_ended=True)
    with pytest.raises(AwaitingApproval) as waits:
        shell.application.place(EVE, asked)
    return waits.value.proposal


def said(text: str) -> str:
    return " ".join(text.split())


def test_what_waits_is_listed_with_the_reasons(shell: Shell, proposal: str) -> None:
    shown = said(shell.run("approval", "list").stdout)
    for part in (proposal, "waiting", "eve", "block-address", "as wide as a /22", "no end"):
        assert part in shown
    (view,) = shell.json("approval", "list")
    frozen = json.loads(view_schemas.FILE.read_text(encoding="utf-8"))
    jsonschema.validate(view, frozen["ProposalView"])
    assert view["id"] == proposal


def test_what_was_decided_is_listed_when_asked_for(shell: Shell, proposal: str) -> None:
    shell.run("approval", "reject", proposal, "-r", "too wide")
    assert "nothing waits" in shell.run("approval", "list").stdout
    (view,) = shell.json("approval", "list", "--all")
    assert (view["state"], view["said"]) == ("rejected", "too wide")


def test_one_is_shown_with_all_of_it(shell: Shell, proposal: str) -> None:
    shown = said(shell.run("approval", "show", proposal).stdout)
    for part in (proposal, "T-1", "eve, from web", "waits because it is as wide as a /22"):
        assert part in shown
    assert shell.json("approval", "show", proposal)["ticket"] == "T-1"
    assert shell.run("approval", "show", "nothing").exit_code == 3


def test_approving_gives_the_order(shell: Shell, proposal: str) -> None:
    result = shell.run("approval", "approve", proposal, "-r", "right", "--wait", "1m")
    assert result.exit_code == 0, result.stderr
    assert "enforced" in result.stdout
    assert shell.last("approve") == (proposal, "right")
    shown = said(shell.run("approval", "show", proposal).stdout)
    for part in ("approved", "because right"):
        assert part in shown


def test_who_approves_may_wait_though_not_place(shell: Shell, proposal: str) -> None:
    env = {"ENFORCER_TOKEN": "token-approver"} if shell.served_by_http else {}
    result = shell.run(
        "approval", "approve", proposal, "-r", "right", "--yes", "--wait", "1m", env=env
    )
    assert result.exit_code == 0, result.stderr
    assert "enforced" in result.stdout


def test_a_person_sees_it_before_it_is_approved(shell: Shell, proposal: str) -> None:
    shell.at_a_terminal = True
    result = shell.run("approval", "approve", proposal, answer="n\n")
    assert "as wide as a /22" in said(result.stdout)
    assert shell.application.names_of("approve") == []
    assert shell.run("approval", "approve", proposal, "--yes").exit_code == 0


def test_one_is_withdrawn_by_who_asked(shell: Shell, proposal: str) -> None:
    assert shell.run("approval", "withdraw", proposal).exit_code == 4
    result = shell.run("--actor", "eve", "approval", "withdraw", proposal, "-r", "over")
    assert result.exit_code == 0, result.stderr
    assert "withdrawn" in result.stdout


def test_an_emergency_is_reviewed(shell: Shell) -> None:
    command = shell.placed(*PLACE[1:], "--emergency", "the mail is down")
    assert command.emergency == "the mail is down"
    assert shell.run("approval", "review", "0001-Y", "-r", "was right").exit_code == 0
    assert shell.last("review") == ("0001-Y", "was right")


@pytest.mark.parametrize("what", ["reject", "review"])
def test_some_decisions_need_a_reason(shell: Shell, proposal: str, what: str) -> None:
    assert shell.run("approval", what, proposal).exit_code == 2


def test_what_waits_is_no_success_and_no_refusal(shell: Shell) -> None:
    shell.application.fails = AwaitingApproval("P.0001-Y", "proposal P.0001-Y waits")
    result = shell.run(*PLACE)
    assert (result.exit_code, result.stdout) == (5, "")
    assert "P.0001-Y" in result.stderr


def test_who_may_not_is_refused(shell: Shell, proposal: str) -> None:
    shell.application.fails = Forbidden("ann may not do this")
    result = shell.run("approval", "approve", proposal, "-o", "json")
    assert (result.exit_code, result.stdout) == (4, "")


def test_ids_of_what_waits_are_completed(shell: Shell, proposal: str) -> None:
    env = {
        "_ENFORCER_COMPLETE": "complete_bash",
        "COMP_WORDS": "enforcer approval approve ",
        "COMP_CWORD": "3",
    }
    assert proposal in shell.run(env=env).stdout


def test_tables_of_proposals_fit_80_columns(shell: Shell, proposal: str) -> None:
    view = shell.application.proposal_views[proposal]
    long = "a reason that is long enough to be wrapped " * 4 + "x" * 90
    shell.application.proposal_views[proposal] = view.model_copy(
        update={"why": [long], "reason": long, "id": "P.00000001-Y"}
    )
    for arguments in (("list",), ("show", proposal)):
        shown = shell.run("approval", *arguments).stdout
        assert max(map(len, shown.splitlines())) <= 80


def test_lines_that_wait_are_no_refusals() -> None:
    waits = PlaceResult(line=1, code="awaiting-approval", message="it waits", proposal="P.0001-Y")
    tally = Tally(2, "placed")
    tally.add([waits])
    assert tally.exit_code() is ExitCode.PARTIAL
    console = Console(width=80, file=StringIO())
    console.print(results([waits], NOW))
    assert isinstance(console.file, StringIO)
    shown = said(console.file.getvalue())
    assert "waiting" in shown and "refused" not in shown


def test_a_preview_tells_that_it_would_wait(shell: Shell) -> None:
    preview = shell.application.preview(EVE, PlaceOrder(demand=WIDE, reason="x"))
    console = Console(width=80, file=StringIO())
    console.print(order_preview(preview.model_copy(update={"approval": ["it has no end"]}), NOW))
    assert isinstance(console.file, StringIO)
    assert "for a second person: it has no end" in said(console.file.getvalue())
