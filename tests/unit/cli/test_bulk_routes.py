# SPDX-License-Identifier: GPL-2.0-or-later
"""The orders about BGP in a bulk file: as CSV and as JSON lines, good ones and bad ones."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network

import pytest

from enforcer.core.orders import (
    Blackhole,
    Demand,
    Direction,
    DropRoutes,
    Sessions,
    ShutdownSession,
    SuspendCustomer,
)
from enforcer.wire import demand_to_wire
from tests.unit.cli.bulk_runs import GROUNDS, bulk, sent
from tests.unit.cli.shell import Shell

ACME = Sessions(customers=("acme",))
TWO = (ip_network("8.8.8.0/24"), ip_network("2001:4860::/32"))


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        (
            "kind,target,customer\ndrop-routes,8.8.8.0/24;2001:4860::/32,acme\n",
            DropRoutes(ACME, TWO),
        ),
        (
            "kind,target,asn,neighbor,direction,or_longer,path_as\n"
            "drop_routes,8.8.8.0/24,AS65001;65002,10.0.1.2,out,yes,64999\n",
            DropRoutes(
                Sessions((), (65001, 65002), (ip_address("10.0.1.2"),)),
                TWO[:1],
                or_longer=True,
                path_as=64999,
                direction="out",
            ),
        ),
        (
            "kind,customer,choice\ndrop-routes,acme,unregistered\n",
            DropRoutes(ACME, choice="unregistered"),
        ),
        (
            "kind,customer,choice,origin_as,longer_than,longer_than6\n"
            "drop-routes,acme,every,15169,24,48\n",
            DropRoutes(ACME, (), "every", origin_as=15169, longer_than4=24, longer_than6=48),
        ),
        (
            "kind,target,direction,export\nblackhole,192.0.2.7,both,transit;other\n",
            Blackhole(ip_network("192.0.2.7"), Direction.BOTH, ("transit", "other")),
        ),
        ("kind,target\nblackhole,192.0.2.7\n", Blackhole(ip_network("192.0.2.7"))),
        ("kind,asn\nshutdown-session,65001\n", ShutdownSession(Sessions(asns=(65001,)))),
    ],
)
def test_a_line_of_columns(shell: Shell, text: str, demand: Demand) -> None:
    result = bulk(shell, text, *GROUNDS)
    assert result.exit_code == 0, result.stdout
    (command,) = sent(shell)
    assert command.demand == demand


def test_a_line_as_json_and_its_confirmations(shell: Shell) -> None:
    demand = DropRoutes(ACME, TWO, path_as=64999)
    line = json.dumps({"demand": demand_to_wire(demand), "confirm_routes": True})
    assert bulk(shell, line, *GROUNDS).exit_code == 0
    (command,) = sent(shell)
    assert (command.demand, command.confirm_routes, command.confirm_foreign) == (
        demand,
        True,
        False,
    )


def test_confirmations_by_column_and_for_all_lines(shell: Shell) -> None:
    text = "kind,target,confirm_foreign,confirm_routes\nblackhole,8.8.8.8,yes,no\n"
    assert bulk(shell, text, *GROUNDS).exit_code == 0
    assert (
        bulk(shell, "kind,asn\nshutdown-session,1\n", "--confirm-routes", *GROUNDS).exit_code == 0
    )
    (first,), (second,) = ([c] for c in sent(shell))
    assert (first.confirm_foreign, first.confirm_routes) == (True, False)
    assert (second.confirm_foreign, second.confirm_routes) == (False, True)


def test_a_confirmation_makes_no_other_order_of_the_same_file(shell: Shell) -> None:
    text = "kind,asn\nshutdown-session,1\n"
    bulk(shell, text, *GROUNDS)
    bulk(shell, text, "--confirm-routes", "--confirm-foreign", *GROUNDS)
    assert len({command.idempotency_key for command in sent(shell)}) == 1


def test_a_customer_is_suspended_by_his_sessions(shell: Shell) -> None:
    text = "kind,target,by\nsuspend-customer,acme,session\n"
    assert bulk(shell, text, *GROUNDS).exit_code == 0
    (command,) = sent(shell)
    assert isinstance(command.demand, SuspendCustomer) and command.demand.by == "session"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind,target,customer,choice\ndrop-routes,8.8.8.0/24,acme,most\n", "no choice of routes"),
        ("kind,target,customer,direction\ndrop-routes,8.8.8.0/24,acme,to\n", "use in or out"),
        ("kind,target,customer,or_longer\ndrop-routes,8.8.8.0/24,acme,maybe\n", "write yes or no"),
        ("kind,customer,choice,longer_than\ndrop-routes,acme,every,33\n", "write 0 to 31"),
        ("kind,customer,choice,longer_than6\ndrop-routes,acme,every,x\n", "write 0 to 127"),
        ("kind,asn\nshutdown-session,ASX\n", "is no AS number"),
        ("kind,target,asn\nshutdown-session,8.8.8.0/24,1\n", "column 'target' means nothing"),
        ("kind,target,customer\nblackhole,192.0.2.7,acme\n", "column 'customer' means nothing"),
        ("kind,direction\nblackhole,to\n", "needs the column 'target'"),
        ("kind,target,customer\ndrop-routes,8.8.8.8/24,acme\n", "host bits"),
    ],
)
def test_a_bad_line_is_told_and_places_nothing(shell: Shell, text: str, says: str) -> None:
    result = bulk(shell, text, *GROUNDS)
    assert result.exit_code == 2
    assert says in " ".join(result.stdout.split())
    assert "place_many" not in shell.names()


def test_emergencies_by_column_and_for_all_lines(shell: Shell) -> None:
    text = "target,emergency\n192.0.2.1,flood\n192.0.2.2,\n"
    assert bulk(shell, text, *GROUNDS).exit_code == 0
    assert bulk(shell, text, "--emergency", "outage", *GROUNDS).exit_code == 0
    assert [one.emergency for one in sent(shell)] == ["flood", "", "flood", "outage"]
    first, _, again, _ = sent(shell)
    assert first.idempotency_key == again.idempotency_key, "a line is not placed twice for it"
