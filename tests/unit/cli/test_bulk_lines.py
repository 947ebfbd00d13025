# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines that ``order bulk`` reads: plain, CSV and JSON, good ones and bad ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.application.commands import PlaceOrder
from enforcer.cli.bulk_common import Common
from enforcer.cli.bulk_lines import read_lines
from enforcer.cli.bulk_options import BulkFormat, Defaults
from enforcer.cli.targets import always
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    BlockPort,
    CutFeed,
    Direction,
    PolicyClause,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.errors import InvalidInput
from enforcer.wire import demand_to_wire
from tests.fakes.views import NOW
from tests.unit.cli.bulk_runs import GROUNDS, bulk, sent
from tests.unit.cli.shell import Shell


def one(shell: Shell, text: str, *options: str) -> PlaceOrder:
    """The command behind the one line that `text` has."""
    result = bulk(shell, text, *options)
    assert result.exit_code == 0, result.stdout
    (command,) = sent(shell)
    return command


def test_plain_lines(shell: Shell) -> None:
    text = "# infected\n192.0.2.7\n\n2001:db8::7 , phishing, twice\n; over\n"
    assert bulk(shell, text, *GROUNDS).exit_code == 0
    first, second = sent(shell)
    assert first.demand == BlockAddress(ip_network("192.0.2.7/32"), Direction.BOTH)
    assert (first.reason, first.duration) == ("spam run", timedelta(hours=2))
    assert second.demand == BlockAddress(ip_network("2001:db8::7/128"), Direction.BOTH)
    assert second.reason == "phishing, twice"


def test_the_common_options_hold_for_every_line(shell: Shell) -> None:
    command = one(
        shell, "192.0.2.7", "-r", "x", "--open-ended", "--start", "+1h", "-d", "from",
        "--ticket", "T-1", "--policy", "aup/1/4", "--device", "edge1", "--role", "border",
        "--except", "relay", "--confirm-wide", "--confirm-collateral",
    )  # fmt: skip
    spared = Selection(service_sets=("relay",))
    host = ip_network("192.0.2.7/32")
    assert command.demand == BlockAddress(host, Direction.FROM, exceptions=spared)
    assert (command.open_ended, command.start_after) == (True, timedelta(hours=1))
    assert (command.ticket, command.policy) == ("T-1", PolicyClause("aup", "1", "4"))
    assert command.scope == Scope(("edge1",), ("border",), ())
    assert command.confirm_wide
    assert command.confirm_collateral


def test_a_csv_line_goes_over_the_options(shell: Shell) -> None:
    text = (
        "Target;Reason;For;Direction;Device;Except;Start;Ticket;Policy;Confirm-Wide;Key\n"
        '192.0.2.0/24;a "quoted" one;7d;to;edge1 edge2;garden voice;+2h;T-2;aup/2/1;yes;mine\n'
    )
    command = one(shell, text, "-r", "x", "--open-ended", "--start", "+1h", "--device", "edge9")
    spared = Selection(service_sets=("garden", "voice"))
    network = ip_network("192.0.2.0/24")
    assert command.demand == BlockAddress(network, Direction.TO, exceptions=spared)
    assert (command.duration, command.open_ended) == (timedelta(days=7), False)
    assert command.start_after == timedelta(hours=2)
    assert command.scope == Scope(("edge1", "edge2"))
    assert (command.ticket, command.policy) == ("T-2", PolicyClause("aup", "2", "1"))
    assert command.confirm_wide
    assert command.idempotency_key == "mine"


@pytest.mark.parametrize(
    ("row", "demand"),
    [
        ("block_port,acme,25;587,tcp,relay,,,", BlockPort(
            Selection(customers=("acme",)), (6,), (PortRange(25, 25), PortRange(587, 587)),
            Direction.FROM, exceptions=Selection(service_sets=("relay",)))),
        ("block-flow,,53,udp,,acme,news,", BlockFlow(
            Selection(customers=("acme",)), Selection(service_sets=("news",)), (17,),
            (PortRange(53, 53),))),
        ("block-list,botnets,,,,,,", BlockList("botnets")),
        ("suspend-customer,acme,,,garden,,,interface", SuspendCustomer(
            "acme", Selection(service_sets=("garden",)), "interface")),
        ("suspend-customer,acme,,,,,,shutdown", SuspendCustomer("acme", Selection(), "shutdown")),
        ("cut-feed,newsco,,,,,,", CutFeed("newsco")),
    ],
)  # fmt: skip
def test_every_kind_of_order_as_csv(shell: Shell, row: str, demand: object) -> None:
    text = f"kind,target,port,protocol,except,from,to,by\n{row}\n"
    assert one(shell, text, *GROUNDS).demand == demand


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("192.0.2.7,,25,", "'port' means nothing for block-address"),
        ("192.0.2.7/24,,,", "or 192.0.2.0/24 for the whole network"),
        (",,,", ""),
        (",cut-feed,,", "cut-feed needs the column 'target'"),
        ("192.0.2.7,drop,,", "'drop' is no kind of order: use block-address"),
        ("192.0.2.7,,,sideways", "'sideways' is no direction"),
        ("192.0.2.7,,,,more", "has 5 cells, the header 4"),
    ],
)
def test_a_bad_line_is_told_and_spoils_no_other(shell: Shell, row: str, says: str) -> None:
    text = f"target,kind,port,direction\n{row}\n192.0.2.8,,,\n"
    result = bulk(shell, text, *GROUNDS)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    if not says:
        assert (result.exit_code, len(answers)) == (0, 1), "a row of nothing asks for nothing"
        return
    assert result.exit_code == 5
    assert (answers[0]["line"], answers[0]["code"], answers[0]["order"]) == (2, "invalid", None)
    assert says in answers[0]["message"]
    assert (answers[1]["line"], answers[1]["code"]) == (3, None)
    assert answers[1]["order"]["target"] == "192.0.2.8"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("target,raeson", "did you mean 'reason'"),
        ("target,colour", "use target, kind"),
        ("reason,for", "'target' must be among them"),
    ],
)
def test_a_header_that_is_none_places_nothing(shell: Shell, header: str, says: str) -> None:
    result = bulk(shell, f"{header}\n192.0.2.7,x\n", *GROUNDS, "--format", "csv")
    assert result.exit_code == 2
    assert says in result.stderr
    assert shell.names() == []


def test_a_cell_with_a_newline_keeps_the_line_numbers(shell: Shell) -> None:
    text = 'target,reason\n192.0.2.7,"two\nlines"\n# a comment\nrubbish,x\n'
    answers = [json.loads(line) for line in bulk(shell, text, *GROUNDS).stdout.splitlines()]
    assert [(answer["line"], answer["code"]) for answer in answers] == [(2, None), (5, "invalid")]
    unclosed = bulk(shell, 'target,reason\n192.0.2.7,"x\n', *GROUNDS)
    assert unclosed.exit_code == 2
    assert "line 2: is no CSV" in unclosed.stderr


def test_json_lines_are_wire_form(shell: Shell) -> None:
    spared = Selection((ip_network("198.51.100.1/32"),))
    demand = BlockAddress(ip_network("192.0.2.7/32"), Direction.FROM, exceptions=spared)
    stated = {
        "demand": demand_to_wire(demand),
        "reason": "phishing",
        "end": "2026-12-01T09:00:00+01:00",
        "start_after": 60,
        "scope": {"roles": ["border"]},
        "policy": {"pack": "aup", "version": "1", "clause": "4.2"},
        "idempotency_key": "k-1",
        "ticket": None,
    }
    command = one(
        shell, json.dumps(stated) + "\n", *GROUNDS, "--ticket", "T-9", "--except", "relay"
    )
    assert command.demand == demand, "what the line spares goes over --except"
    assert command.reason == "phishing"
    assert (command.end, command.duration) == (datetime(2026, 12, 1, 8, tzinfo=UTC), None)
    assert command.start_after == timedelta(minutes=1)
    assert command.scope == Scope(roles=("border",))
    assert command.policy == PolicyClause("aup", "1", "4.2")
    assert (command.idempotency_key, command.ticket) == ("k-1", "T-9")


DEMAND: dict[str, object] = {"kind": "block_address", "prefix": "192.0.2.7"}


@pytest.mark.parametrize(
    ("stated", "says"),
    [
        ("{", "is no JSON object"),
        ("[1]", "is no JSON object"),
        ({"reason": "x"}, "has no 'demand'"),
        ({"demand": {"kind": "block_adress"}}, "block_adress"),
        ({"demand": {**DEMAND, "colour": "red"}}, "colour"),
        ({"demand": DEMAND, "scope": {"device": ["edge1"]}}, "'scope' is an object of devices"),
        ({"demand": DEMAND, "scope": "edge1"}, "'scope' is an object of devices"),
        ({"demand": DEMAND, "policy": {"pack": "a", "page": 1}}, "'policy' is an object of clause"),
        ({"demand": DEMAND, "policy": {"pack": "a"}}, "policy"),
        ({"demand": DEMAND, "end": "2026-12-01T08:00"}, "zone"),
        ({"demand": DEMAND, "end": 7}, "'end' is an instant"),
        ({"demand": DEMAND, "duration": True}, "'duration' is a number of seconds"),
        ({"demand": DEMAND, "duration": "2"}, "not a duration"),
        ({"demand": DEMAND, "raeson": "x"}, "'raeson'"),
        ({"demand": DEMAND, "end": "2026-12-01T08:00Z", "open_ended": True}, "exactly one"),
        ({"demand": DEMAND, "reason": 7}, "reason"),
        ({"demand": DEMAND, "idempotency_key": 7}, "idempotency_key"),
    ],
)
def test_a_json_line_that_cannot_be_read(shell: Shell, stated: object, says: str) -> None:
    text = stated if isinstance(stated, str) else json.dumps(stated)
    result = bulk(shell, f"{text}\n", *GROUNDS, "--format", "jsonl")
    assert result.exit_code == 2
    assert says in json.loads(result.stdout)["message"]
    assert shell.names() == []


@pytest.mark.parametrize(
    ("options", "says"), [(("--for", "2h"), "says no reason"), (("-r", "x"), "says no single end")]
)
def test_a_reason_and_an_end_are_never_left_out(
    shell: Shell, options: tuple[str, ...], says: str
) -> None:
    result = bulk(shell, "192.0.2.7\n", *options)
    assert result.exit_code == 2
    assert says in json.loads(result.stdout)["message"]


@pytest.mark.parametrize(
    "options", [("--for", "2h", "--open-ended"), ("--for", "2"), ("--policy", "x", "--for", "2h")]
)
def test_options_that_make_no_sense_place_nothing(shell: Shell, options: tuple[str, ...]) -> None:
    assert bulk(shell, "192.0.2.7\n", "-r", "x", *options).exit_code == 2
    assert shell.names() == []


@pytest.mark.parametrize("text", ["", "# nothing\n\n", "target,reason\n"])
def test_a_file_that_asks_for_nothing_is_an_error(shell: Shell, text: str) -> None:
    result = bulk(shell, text, *GROUNDS)
    assert result.exit_code == 2
    assert "no line asks for an order" in result.stderr


COMMON = Common.of(Defaults(reason="x", duration="1h"), "k", NOW, always("customer"))


@given(
    st.one_of(
        st.text(),
        st.text(alphabet='target,;"\n\r\t #{}[]:0192./', min_size=1),
        st.text(alphabet=',;"\n 1.x').map(lambda rest: f"target,reason,for\n{rest}"),
        st.text(alphabet='{}[]":,1en').map(lambda rest: f'{{"demand": {rest}\n'),
    ),
    st.sampled_from(BulkFormat),
)
def test_no_text_breaks_the_reader(text: str, form: BulkFormat) -> None:
    try:
        lines = read_lines(text, form, COMMON)
    except InvalidInput:
        return
    numbers = [line.number for line in lines]
    assert numbers == sorted(set(numbers))
    assert all((line.command is None) == bool(line.problem) for line in lines)
